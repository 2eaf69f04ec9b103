import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import NIOEmbedded
import PipeCore
import Synchronization
import Testing

@Suite struct AuthenticationTests {
    @Test func onlyBasicWithAKnownKeyPasses() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            #expect(try await client.send(.get, "/organizations").status == 200)
            let missing = try await client.send(.get, "/organizations", key: nil)
            #expect(missing.status == 401)
            #expect(missing.error.hasPrefix("UNAUTHORIZED: "))
            #expect(missing.headers[.wwwAuthenticate]?.hasPrefix("Basic") == true)
            #expect(try await client.send(.get, "/organizations", key: "nobody").status == 401)
            for header in ["Bearer abc", "Basic", "Basic !!!", "Basic \(Data("no colon".utf8).base64EncodedString())"] {
                let answer = try await client.send(.get, "/organizations", key: nil, headers: [.authorization: header])
                #expect(answer.status == 401, "\(header)")
            }
        }
    }

    @Test func wrongSecretDisabledAndExpiredGetOneAnswer() async throws {
        let fixture = try await APIFixture()
        try await fixture.addKey("off", roles: ["admin"]) { $0.isEnabled = false }
        try await fixture.addKey("old", roles: ["admin"]) { $0.expireAt = APIFixture.start }
        try await fixture.addKey("liar", roles: ["admin"]) { $0.secretHash = Digest.of("another") }
        try await fixture.run { client async throws in
            var errors: Set<String> = []
            for key in ["off", "old", "liar", "nobody"] {
                let answer = try await client.send(.get, "/whoami", key: key)
                #expect(answer.status == 401)
                errors.insert(answer.error)
            }
            #expect(errors.count == 1)
        }
    }

    /// Digests and comparisons of one attempt.
    private func work(_ fixture: APIFixture, key: String, secret: String) async throws -> [String] {
        let calls = Mutex<[String]>([])
        let authenticator = Authenticator(
            api: fixture.dependencies,
            digest: { text in
                calls.withLock { $0.append("digest") }
                return Digest.of(text)
            },
            equal: { left, right in
                calls.withLock { $0.append("compare \(left.utf8.count) \(right.utf8.count)") }
                return Digest.equal(left, right)
            })
        calls.withLock { $0 = [] }
        let context = APIContext(
            source: ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: Logger(label: "test")))
        let authorization = "Basic " + Data("\(key):\(secret)".utf8).base64EncodedString()
        let request = Request(
            head: HTTPRequest(
                method: .get, scheme: "http", authority: "localhost", path: "/v1", headerFields: [.authorization: authorization]),
            body: RequestBody(buffer: ByteBuffer()))
        _ = try? await authenticator.authenticate(request, context)
        return calls.withLock { $0 }
    }

    @Test func unknownKeysCostWhatWrongSecretsCost() async throws {
        let fixture = try await APIFixture()
        try await fixture.addKey("off", roles: ["admin"]) { $0.isEnabled = false }
        let expected = ["digest", "digest", "compare 44 44"]
        #expect(try await work(fixture, key: "admin-id", secret: "admin-secret") == expected)
        #expect(try await work(fixture, key: "admin-id", secret: "wrong") == expected)
        #expect(try await work(fixture, key: "unknown", secret: "wrong") == expected)
        #expect(try await work(fixture, key: "off-id", secret: "off-secret") == expected)
    }

    @Test func addressesOutsideTheListAreForbidden() async throws {
        let fixture = try await APIFixture()
        try await fixture.addKey("near", roles: ["admin"]) {
            $0.ipAccessList = [IPAccessEntry(source: "127.0.0.0/8"), IPAccessEntry(source: "::1")]
        }
        try await fixture.addKey("far", roles: ["admin"]) { $0.ipAccessList = [IPAccessEntry(source: "10.0.0.0/8")] }
        try await Application(router: try fixture.api.router()).test(.live) { live in
            let client = APIClient(client: live)
            #expect(try await client.send(.get, "/whoami", key: "near").status == 200)
            let far = try await client.send(.get, "/whoami", key: "far")
            #expect(far.status == 403)
            #expect(far.error.hasPrefix("FORBIDDEN: "))
        }
        // Without an address to compare, a restricted key is refused.
        try await fixture.run { client async throws in
            #expect(try await client.send(.get, "/whoami", key: "near").status == 403)
        }
    }

    @Test func useIsRememberedToTheMinute() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            fixture.time.advance(75)
            for _ in 0..<3 { _ = try await client.send(.get, "/whoami") }
            #expect(try await fixture.catalog.keys().first?.usedAt == APIFixture.start.addingTimeInterval(60))
            fixture.time.advance(60)
            _ = try await client.send(.get, "/whoami")
            #expect(try await fixture.catalog.keys().first?.usedAt == APIFixture.start.addingTimeInterval(120))
        }
    }

    @Test func tooManyRequestsAreTurnedAwayUntilTheWindowEnds() async throws {
        var fixture = try await APIFixture()
        fixture.configuration.rateLimit = .init(requests: 2, per: .seconds(10))
        let time = fixture.time
        try await fixture.run { client async throws in
            _ = try await client.send(.get, "/whoami")
            time.advance(2.5)
            let second = try await client.send(.get, "/whoami")
            #expect(second.status == 200)
            let third = try await client.send(.get, "/whoami")
            #expect(third.status == 429)
            #expect(third.error.hasPrefix("TOO_MANY_REQUESTS: "))
            let names = try ["Limit", "Remaining", "Reset"].map { try #require(HTTPField.Name("X-RateLimit-\($0)")) }
            #expect(names.map { third.headers[$0] } == ["2", "0", "7.5"])
            #expect(names.map { second.headers[$0] } == ["2", "0", "7.5"])
            #expect(third.headers[.retryAfter] == "8")
            let failed = try await client.send(.get, "~/nothing", key: "developer")
            #expect(failed.status == 404)
            let refused = try await client.send(.post, "~/keys", key: "developer", body: [:])
            #expect(refused.status == 403 && refused.headers[names[0]] == "2", "an error counts and says so")
            time.advance(10)
            #expect(try await client.send(.get, "/whoami", key: "developer").status == 200)
            #expect(try await client.send(.get, "/whoami").status == 200)
        }
    }

    @Test func refusedCredentialsAreCountedByAddress() async throws {
        var fixture = try await APIFixture()
        fixture.configuration.refusalLimit = .init(requests: 2, per: .seconds(60))
        try await fixture.run { client async throws in
            for expected in [401, 401, 429] {
                #expect(try await client.send(.get, "/whoami", key: "nobody").status == expected)
            }
            #expect(try await client.send(.get, "/whoami").status == 200)
            #expect(try await client.send(.get, "/whoami", key: nil).status == 401, "without credentials nothing is guessed")
        }
    }

    @Test func limitersForgetWhatIsOver() {
        let limiter = RateLimiter(.init(requests: 1, per: .seconds(1)), capacity: 3)
        for second in 0..<50 {
            _ = limiter.count("name \(second)", at: APIFixture.start.addingTimeInterval(Double(second) / 10))
            #expect(limiter.size <= 3)
        }
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.200.3.4", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.168.1.7", "192.168.1.7", true),
        ("192.168.1.7", "192.168.1.8", false), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false),
        ("10.0.0.0/8", "::ffff:10.1.1.1", true), ("2001:db8::/32", "2001:db8:1::5", true),
        ("2001:db8::/32", "2001:db9::5", false), ("::1", "0:0:0:0:0:0:0:1", true), ("fe80::/10", "fe80::1%eth0", true),
        ("172.16.0.0/12", "172.31.255.255", true), ("172.16.0.0/12", "172.32.0.0", false), ("::/0", "::5", true),
        ("10.0.0.0/8", "", false), ("2001:db8::/33", "2001:db8:8000::1", false),
    ])
    func rangesContainAddresses(range: String, address: String, expected: Bool) throws {
        #expect(try #require(IPRange(range)).contains(address) == expected)
    }

    @Test(arguments: [
        "", "10.0.0", "10.0.0.256", "10.0.0.1/33", "01.2.3.4", "::1::", "1:2:3", "::/129", "host", "1.2.3.4/", "12345::", "::1.2.3",
    ])
    func textThatIsNoRangeIsRefused(text: String) { #expect(IPRange(text) == nil) }
}
