import AsyncHTTPClient
package import CloudSigning
import NIOCore
import NIOHTTP1
import PipeCore

/// The session of the role in `iamRole`, renewed before it ends.
package struct AssumedRole: Sendable {
    /// A token that is made with the session must not outlive it.
    private static let margin = Double(MSKTokenMint.lifetime) + 60
    private static let largestAnswer = 1 << 20

    private let session: RoleSession

    package init(role: String, session: String, environment: [String: String], now: @escaping @Sendable () -> Double) {
        self.session = RoleSession(
            role: role, session: session, environment: environment, margin: Self.margin, now: now, send: Self.send)
    }

    package func credentials() async throws -> AWSCredentials {
        do {
            return try await session.credentials()
        } catch let refusal as AssumeRole.Refusal {
            throw PipeError(
                refusal.isPassing ? .sourceUnreachable : .sourceDenied, refusal.isPassing ? .retry : .user, side: .source,
                "\(KafkaConfiguration.path["iamRole"]) \(refusal.message)")
        }
    }

    @Sendable private static func send(_ request: AssumeRole.Request) async throws -> (status: Int, body: [UInt8]) {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = .POST
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        outgoing.body = .bytes(request.body)
        let reply = try await HTTPClient.shared.execute(outgoing, timeout: .seconds(30))
        var collected = try await reply.body.collect(upTo: largestAnswer)
        return (Int(reply.status.code), collected.readBytes(length: collected.readableBytes) ?? [])
    }
}
