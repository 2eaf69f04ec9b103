import AsyncHTTPClient
import CloudSigning
import FoundationEssentials
import NIOCore
import PipeCore
import PostgresConnector
import Testing

/// Passwords of IAM_ROLE: what RDS compares them with, and where their credentials come from.
@Suite(.timeLimit(.minutes(5)))
struct RolePasswordTests {
    private static let host = "db.abc123.eu-west-1.rds.amazonaws.com"
    private static let moto = ProcessInfo.processInfo.environment["PENSTOCK_TEST_S3"] ?? "http://127.0.0.1:25000"
    private static let environment = ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret-of-the-key"]

    /// Made by `generate_db_auth_token` of botocore 1.x with the same clock and credentials; only the order of the query differs, which the
    /// signature does not depend on.
    @Test func theTokenIsThatOfTheOfficialLibrary() {
        let reference =
            "db.abc123.eu-west-1.rds.amazonaws.com:5432/?Action=connect&DBUser=my%20user&X-Amz-Algorithm=AWS4-HMAC-SHA256"
            + "&X-Amz-Credential=ASIAEXAMPLE%2F20260131%2Feu-west-1%2Frds-db%2Faws4_request&X-Amz-Date=20260131T120000Z&X-Amz-Expires=900"
            + "&X-Amz-SignedHeaders=host&X-Amz-Security-Token=token%2Fof%2Bthe%3Dsession"
            + "&X-Amz-Signature=dc20eb9f4ff634640911f339e9dc482293309c69c3765df5807aa1cc96e32ef7"
        let credentials = AWSCredentials(
            accessKeyID: "ASIAEXAMPLE", secretKey: "secret-of-the-session", sessionToken: "token/of+the=session")
        let token = RDSToken.text(
            host: Self.host, port: 5432, user: "my user", region: "eu-west-1", credentials: credentials,
            at: AWSTimestamp(secondsSince1970: 1_769_860_800))
        func parts(_ token: String) -> [String] {
            token.split(separator: "?").flatMap { $0.split(separator: "&").map(String.init) }.sorted()
        }
        #expect(parts(token) == parts(reference))
        #expect(token.hasPrefix("\(Self.host):5432/?"))
    }

    @Test func theRegionIsThatOfTheHost() {
        #expect(RDSToken.region(ofHost: Self.host) == "eu-west-1")
        #expect(RDSToken.region(ofHost: "c.cluster-ro-x.us-gov-west-1.rds.amazonaws.com") == "us-gov-west-1")
        #expect(RDSToken.region(ofHost: "db.example.com") == nil)
    }

    static func isAvailable() async -> Bool {
        if ProcessInfo.processInfo.environment["PENSTOCK_REQUIRE_IT"] == "1" { return true }
        return (try? await HTTPClient.shared.execute(HTTPClientRequest(url: "\(moto)/moto-api/data.json"), timeout: .seconds(3))) != nil
    }

    @Test(.enabled("moto answers") { await isAvailable() })
    func everyConnectionHasAPasswordOfItsOwnAndTheSessionIsRenewed() async throws {
        let start = Date().timeIntervalSince1970
        let time = Watched(start)
        let role = RolePassword(
            role: "arn:aws:iam::123456789012:role/reader", session: "0001",
            environment: Self.environment.merging(["AWS_ENDPOINT_URL_STS": Self.moto]) { $1 }, now: { time.value })
        func password() async throws -> String { try await role.password(host: Self.host, port: 5432, user: "reader") }
        func key(_ password: String) -> Substring? { password.split(separator: "X-Amz-Credential=").last?.prefix(20) }
        let first = try await password()
        #expect(key(first)?.hasPrefix("ASIA") == true && first.contains("&X-Amz-Security-Token=") && first.contains("DBUser=reader"))
        time.update { $0 = start + 60 }
        let second = try await password()
        #expect(second != first && key(second) == key(first))
        time.update { $0 = start + 3600 - 900 }
        #expect(key(try await password()) != key(first))
    }

    @Test func whatIsMissingIsSaid() async throws {
        func failure(_ environment: [String: String], host: String = Self.host) async -> PipeError? {
            let role = RolePassword(role: "arn:aws:iam::1:role/r", session: "1", environment: environment)
            return await #expect(throws: PostgresError.self) { _ = try await role.password(host: host, port: 5432, user: "u") }?.pipeError
        }
        let anonymous = try #require(await failure([:]))
        #expect(anonymous.code == .sourceDenied && anonymous.disposition == .user)
        #expect(anonymous.message.contains("source.postgres.iamRole cannot be assumed") && anonymous.message.contains("AWS_ACCESS_KEY_ID"))
        let nowhere = try #require(await failure(Self.environment, host: "db.example.com"))
        #expect(nowhere.disposition == .user && nowhere.message.contains("AWS_REGION"))
        let silent = try #require(await failure(Self.environment.merging(["AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"]) { $1 }))
        #expect(silent.code == .sourceUnreachable && silent.disposition == .retry && !silent.message.contains("secret-of-the-key"))
    }

    @Test func theProbeNamesTheRole() async throws {
        let configuration = try #require(
            SourceDraftExample.configuration([
                "authentication": "IAM_ROLE", "iamRole": "arn:aws:iam::1:role/r", "credentials": ["username": "u"],
            ]))
        let target = ConnectionTarget(configuration)
        #expect(target.role != nil && target.password == nil)
        if case .none = target.protection { Issue.record("without TLS") }
    }
}
