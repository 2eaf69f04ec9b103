import AsyncHTTPClient
package import CloudSigning
import FoundationEssentials
import NIOCore
import NIOHTTP1
import PipeCore

/// Makes the password of each connection from the session of a role.
package final class RolePassword: Sendable, Hashable {
    private let role: RoleSession
    private let environment: [String: String]
    private let now: @Sendable () -> Double

    /// - Parameters:
    ///   - session: shows up in the role owner's CloudTrail.
    ///   - now: seconds since 1970.
    package init(
        role: String, session: String, environment: [String: String] = ProcessInfo.processInfo.environment,
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }, send: @escaping RoleSession.Send = RolePassword.send
    ) {
        self.environment = environment
        self.now = now
        // A token must not outlive the session that made it.
        self.role = RoleSession(
            role: role, session: session, environment: environment, margin: Double(RDSToken.lifetime) + 60, now: now, send: send)
    }

    package static func send(_ request: AssumeRole.Request) async throws -> (status: Int, body: [UInt8]) {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = .POST
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        outgoing.body = .bytes(request.body)
        let reply = try await HTTPClient.shared.execute(outgoing, timeout: .seconds(30))
        var collected = try await reply.body.collect(upTo: 1 << 20)
        return (Int(reply.status.code), collected.readBytes(length: collected.readableBytes) ?? [])
    }

    /// Throws ``PostgresError``.
    package func password(host: String, port: Int, user: String) async throws -> String {
        guard let region = RDSToken.region(ofHost: host) ?? environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] else {
            throw PostgresError(
                role:
                    "cannot be used: \(host) does not name an AWS region, as RDS' own names do (….<region>.rds.amazonaws.com). Use that name, or set AWS_REGION in Penstock's environment",
                isPassing: false)
        }
        do {
            let credentials = try await role.credentials()
            return RDSToken.text(
                host: host, port: port, user: user, region: region, credentials: credentials, at: AWSTimestamp(secondsSince1970: now()))
        } catch let refusal as AssumeRole.Refusal {
            throw PostgresError(role: refusal.message, isPassing: refusal.isPassing)
        }
    }

    package static func == (left: RolePassword, right: RolePassword) -> Bool { left === right }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
