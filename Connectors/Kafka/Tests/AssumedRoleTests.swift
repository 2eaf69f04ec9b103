import AsyncHTTPClient
import CloudSigning
import FoundationEssentials
import KafkaConnector
import NIOCore
import PipeCore
import PipeTesting
import Testing

/// IAM_ROLE against the STS of moto, the emulator of AWS that the tests of object storage use.
@Suite(.timeLimit(.minutes(5)))
struct AssumedRoleTests {
    private static let url = ProcessInfo.processInfo.environment["PENSTOCK_TEST_S3"] ?? "http://127.0.0.1:25000"
    private static let role = "arn:aws:iam::123456789012:role/ClickHouseAccessRole-1"

    static func isAvailable() async -> Bool {
        if ProcessInfo.processInfo.environment["PENSTOCK_REQUIRE_IT"] == "1" { return true }
        return (try? await HTTPClient.shared.execute(HTTPClientRequest(url: "\(url)/moto-api/data.json"), timeout: .seconds(3))) != nil
    }

    private static func environment(_ endpoint: String = url) -> [String: String] {
        ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret-of-the-key", "AWS_ENDPOINT_URL_STS": endpoint]
    }

    private func assumed(_ environment: [String: String], now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 })
        -> AssumedRole
    {
        AssumedRole(role: Self.role, session: "0001-pipe", environment: environment, now: now)
    }

    @Test(.enabled("moto answers") { await isAvailable() })
    func aSessionIsKeptAndRenewedBeforeATokenCouldOutliveIt() async throws {
        let start = Date().timeIntervalSince1970
        let time = Watched(start)
        let role = assumed(Self.environment()) { time.value }
        let first = try await role.credentials()
        #expect(first.accessKeyID.hasPrefix("ASIA") && first.accessKeyID != "AKIDEXAMPLE" && first.sessionToken?.isEmpty == false)
        time.update { $0 = start + 3600 - Double(MSKTokenMint.lifetime) - 70 }
        #expect(try await role.credentials().accessKeyID == first.accessKeyID)
        time.update { $0 = start + 3600 - Double(MSKTokenMint.lifetime) - 50 }
        let second = try await role.credentials()
        #expect(second.accessKeyID != first.accessKeyID)
    }

    @Test(.enabled("moto answers") { await isAvailable() })
    func tokensAreSignedByTheSession() async throws {
        let role = assumed(Self.environment())
        let now: @Sendable () -> Double = { Date().timeIntervalSince1970 }
        let mint = MSKTokenMint(region: "eu-west-1", credentials: { try await role.credentials() }, now: now)
        let token = try await mint.token()
        let session = try await role.credentials()
        #expect(token.principal == session.accessKeyID)
        let url = try #require(MSKTokenTests.decoded(token.value))
        #expect(url.contains("&X-Amz-Credential=\(session.accessKeyID)%2F") && url.contains("&X-Amz-Security-Token="))
        #expect(!url.contains("AKIDEXAMPLE"))
    }

    private func failure(_ environment: [String: String]) async -> PipeError? {
        await #expect(throws: PipeError.self) { _ = try await assumed(environment).credentials() }
    }

    @Test func withoutAnIdentityOfItsOwnNobodyIsAsked() async throws {
        let error = try #require(await failure(["AWS_REGION": "eu-west-1"]))
        #expect(error.code == .sourceDenied && error.disposition == .user)
        #expect(error.message.hasPrefix("source.kafka.iamRole cannot be assumed") && error.message.contains("AWS_ACCESS_KEY_ID"))
    }

    @Test func anSTSThatDoesNotAnswerIsAskedAgain() async throws {
        let error = try #require(await failure(Self.environment("http://127.0.0.1:1")))
        #expect(error.code == .sourceUnreachable && error.disposition == .retry)
        #expect(error.message.contains("127.0.0.1:1") && !error.debugDescription.contains("secret-of-the-key"))
    }
}
