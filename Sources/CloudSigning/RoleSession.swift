private import FoundationEssentials

/// The session of a role, renewed before it ends. Whoever makes one sends its requests.
package actor RoleSession {
    /// An hour is the most that every role allows.
    package static let lifetime = 3600

    /// The answer to a request; throws where there is none.
    package typealias Send = @Sendable (AssumeRole.Request) async throws -> (status: Int, body: [UInt8])

    private let role: String
    private let session: String
    private let environment: [String: String]
    private let margin: Double
    private let now: @Sendable () -> Double
    private let send: Send
    private var current: (credentials: AWSCredentials, end: Double)?

    /// - Parameters:
    ///   - session: shows up in the role owner's CloudTrail, behind `clickpipes-`.
    ///   - environment: holds the identity of this installation.
    ///   - margin: seconds for which credentials that are handed out are still good.
    ///   - now: seconds since 1970.
    package init(
        role: String, session: String, environment: [String: String], margin: Double, now: @escaping @Sendable () -> Double,
        send: @escaping Send
    ) {
        self.role = role
        self.session = String("clickpipes-\(session)".prefix(64))
        self.environment = environment
        self.margin = margin
        self.now = now
        self.send = send
    }

    /// Throws ``AssumeRole/Refusal`` or `CancellationError`.
    package func credentials() async throws -> AWSCredentials {
        if let current, current.end - now() > margin { return current.credentials }
        let fresh = try await assume()
        current = fresh
        return fresh.credentials
    }

    private func assume() async throws -> (credentials: AWSCredentials, end: Double) {
        guard let action = AssumeRole(environment: environment) else {
            throw AssumeRole.Refusal(isPassing: false, message: AssumeRole.missingIdentity)
        }
        let request = action.request(
            role: role, session: session, seconds: Self.lifetime, at: AWSTimestamp(secondsSince1970: now()))
        let reply: (status: Int, body: [UInt8])
        do {
            reply = try await send(request)
        } catch {
            try Task.checkCancellation()
            throw AssumeRole.Refusal(
                isPassing: true, message: "could not be assumed: \(action.host) did not answer AssumeRole (\(type(of: error)))")
        }
        let session = try AssumeRole.session(status: reply.status, body: reply.body, role: role)
        guard let end = try? Date(session.expiration, strategy: .iso8601) else {
            throw AssumeRole.Refusal(
                isPassing: true, message: "could not be assumed: STS answered AssumeRole without complete credentials")
        }
        return (session.credentials, end.timeIntervalSince1970)
    }
}
