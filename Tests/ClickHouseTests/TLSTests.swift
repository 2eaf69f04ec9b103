import ClickHouse
import Foundation
import Logging
import NIOHTTP1
import Testing

/// HTTPS with an authority of one's own.
@Suite(.enabled(if: OwnAuthority.openssl != nil || RealServer.isRequired), .timeLimit(.minutes(5)))
struct TLSTests {
    /// What `SELECT 1` yields over the connection that `connection` makes from the port and the authority.
    func select(
        speaksTLS: Bool = true, _ connection: (_ port: Int, _ authority: OwnAuthority) throws -> ClickHouseConnection
    ) async throws -> Result<String, ClickHouseError> {
        try await OwnAuthority.with { authority in
            let tls = speaksTLS ? try authority.serverContext() : nil
            return try await MisbehavingServer.with({ _ in .answer(status: .ok, headers: [:], body: "1\n") }, tls: tls) { server in
                let client = try ClickHouseClient(try connection(server.port, authority), logger: Logger(label: "test"))
                let result: Result<String, ClickHouseError>
                do throws(ClickHouseError) {
                    result = .success(try await client.query("SELECT 1", timeout: .seconds(20)).text)
                } catch {
                    result = .failure(error)
                }
                try await client.shutdown()
                return result
            }
        }
    }

    func failure(_ result: Result<String, ClickHouseError>) throws -> ClickHouseError {
        guard case .failure(let error) = result else { throw Unexpected() }
        return error
    }

    struct Unexpected: Error {}

    @Test func ownAuthorityIsTrusted() async throws {
        let result = try await select { ClickHouseConnection(url: "https://localhost:\($0)", caFile: $1.caFile) }
        #expect(try result.get() == "1\n")
    }

    @Test func systemAuthoritiesDoNotTrustIt() async throws {
        let error = try failure(try await select { port, _ in ClickHouseConnection(url: "https://localhost:\(port)") })
        #expect(error.code == .tlsFailed && error.disposition == .user && !error.isMaybeApplied)
        #expect(error.message.contains("caFile"))
    }

    @Test func anotherAuthorityDoesNotTrustIt() async throws {
        try await OwnAuthority.with { other in
            let error = try failure(
                try await select { port, _ in ClickHouseConnection(url: "https://localhost:\(port)", caFile: other.caFile) })
            #expect(error.code == .tlsFailed && error.disposition == .user && error.message.contains("caFile"))
        }
    }

    @Test func hostNameMustMatch() async throws {
        let error = try failure(try await select { ClickHouseConnection(url: "https://127.0.0.1:\($0)", caFile: $1.caFile) })
        #expect(error.code == .tlsFailed && error.disposition == .user && error.message.contains("host name"))
    }

    @Test func plainPortIsNamedAsSuch() async throws {
        let error = try failure(
            try await select(speaksTLS: false) { ClickHouseConnection(url: "https://localhost:\($0)", caFile: $1.caFile) })
        #expect(error.code == .connectFailed && error.disposition == .retryable && error.message.contains("HTTPS"))
    }

    @Test func unreadableAuthorityIsRefused() throws {
        for file in ["/nowhere/ca.pem", "/dev/null"] {
            do {
                _ = try ClickHouseClient(ClickHouseConnection(url: "https://h:1", caFile: file), logger: Logger(label: "test"))
                Issue.record("accepted \(file)")
            } catch let error as ClickHouseError {
                #expect(error.code == .invalidConnection && error.disposition == .user && error.message.contains(file))
            }
        }
    }
}
