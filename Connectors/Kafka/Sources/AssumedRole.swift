import AsyncHTTPClient
package import CloudSigning
import FoundationEssentials
import NIOCore
import NIOHTTP1
import PipeCore

/// The session of the role in `iamRole`, renewed before it ends.
package actor AssumedRole {
    private static let lifetime = 3600
    /// A token that is made with the session must not outlive it.
    private static let margin = Double(MSKTokenMint.lifetime) + 60
    private static let largestAnswer = 1 << 20

    private let role: String
    private let session: String
    private let environment: [String: String]
    private let now: @Sendable () -> Double
    private var current: (credentials: AWSCredentials, end: Double)?

    package init(role: String, session: String, environment: [String: String], now: @escaping @Sendable () -> Double) {
        self.role = role
        self.session = String("clickpipes-\(session)".prefix(64))
        self.environment = environment
        self.now = now
    }

    package func credentials() async throws -> AWSCredentials {
        if let current, current.end - now() > Self.margin { return current.credentials }
        let fresh = try await assume()
        current = fresh
        return fresh.credentials
    }

    private func failure(isPassing: Bool, _ message: String) -> PipeError {
        PipeError(
            isPassing ? .sourceUnreachable : .sourceDenied, isPassing ? .retry : .user, side: .source,
            "\(KafkaConfiguration.path["iamRole"]) \(message)")
    }

    private func assume() async throws -> (credentials: AWSCredentials, end: Double) {
        guard let action = AssumeRole(environment: environment) else { throw failure(isPassing: false, AssumeRole.missingIdentity) }
        let request = action.request(
            role: role, session: session, seconds: Self.lifetime, at: AWSTimestamp(secondsSince1970: now()))
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = .POST
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        outgoing.body = .bytes(request.body)
        let status: Int
        let body: [UInt8]
        do {
            let reply = try await HTTPClient.shared.execute(outgoing, timeout: .seconds(30))
            var collected = try await reply.body.collect(upTo: Self.largestAnswer)
            status = Int(reply.status.code)
            body = collected.readBytes(length: collected.readableBytes) ?? []
        } catch {
            try Task.checkCancellation()
            throw failure(isPassing: true, "could not be assumed: \(action.host) did not answer AssumeRole (\(type(of: error)))")
        }
        let session: AssumeRole.Session
        do {
            session = try AssumeRole.session(status: status, body: body, role: role)
        } catch {
            throw failure(isPassing: error.isPassing, error.message)
        }
        guard let end = try? Date(session.expiration, strategy: .iso8601) else {
            throw failure(isPassing: true, "could not be assumed: STS answered AssumeRole without complete credentials")
        }
        return (session.credentials, end.timeIntervalSince1970)
    }
}
