package import CloudSigning
package import FoundationEssentials
import PipeCore

/// Temporary credentials of an IAM role, renewed before they end.
package actor RoleCredentials {
    /// What STS is asked for; an hour is the most that every role allows.
    package static let lifetime: Duration = .seconds(3600)
    /// A batch is handed to ClickHouse with credentials that are good for at least this long.
    package static let margin: Duration = .seconds(1800)

    private let role: String
    private let sessionName: String
    private let environment: [String: String]
    private let transport: any HTTPTransport
    private let now: @Sendable () -> Date
    private var current: (credentials: AWSCredentials, end: Date)?

    /// `session` is the pipe's id: it shows up in the role owner's CloudTrail as `clickpipes-<id>`.
    package init(
        role: String, session: String, environment: [String: String] = ProcessInfo.processInfo.environment,
        transport: any HTTPTransport = NetworkTransport(), now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.role = role
        sessionName = String("clickpipes-\(session)".prefix(64))
        self.environment = environment
        self.transport = transport
        self.now = now
    }

    package func credentials() async throws(ObjectStorageError) -> AWSCredentials {
        if let current, current.end.timeIntervalSince(now()) > Double(Self.margin.components.seconds) { return current.credentials }
        let fresh = try await assume()
        current = fresh
        return fresh.credentials
    }

    private func assume() async throws(ObjectStorageError) -> (credentials: AWSCredentials, end: Date) {
        guard let action = AssumeRole(environment: environment) else {
            throw ObjectStorageError(.sourceDenied, .user, "iamRole", AssumeRole.missingIdentity)
        }
        let request = action.request(
            role: role, session: sessionName, seconds: Int(Self.lifetime.components.seconds),
            at: AWSTimestamp(secondsSince1970: now().timeIntervalSince1970))
        let reply: TransportReply
        do {
            reply = try await transport.send(
                TransportRequest(
                    method: "POST", url: request.url, headers: request.headers.map { ($0.name, $0.value) }, body: request.body))
        } catch {
            throw ObjectStorageError(
                .sourceUnreachable, .retry, "iamRole",
                "could not be assumed: \(NetworkFailure.text(error, reaching: action.host)) (AssumeRole)")
        }
        let session: AssumeRole.Session
        do {
            session = try AssumeRole.session(status: reply.status, body: reply.body, role: role)
        } catch {
            throw ObjectStorageError(
                error.isPassing ? .sourceUnreachable : .sourceDenied, error.isPassing ? .retry : .user, "iamRole", error.message)
        }
        guard let end = try? Date(session.expiration, strategy: .iso8601) else {
            throw ObjectStorageError(
                .sourceUnreachable, .retry, "iamRole", "could not be assumed: STS answered AssumeRole without complete credentials")
        }
        return (session.credentials, end)
    }
}
