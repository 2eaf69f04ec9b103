import Catalog
import FoundationEssentials
import Logging
import NIOHTTP1
import PipeCore
import QueryEndpoints
import Testing

@Suite(.timeLimit(.minutes(5))) struct KeySetTests {
    let start = Date(timeIntervalSince1970: 1_800_000_000)

    func claims(_ subject: String = "ann") -> JSONValue { ["sub": .string(subject), "exp": 1_900_000_000] }

    /// A verifier, a trust in the server's key set, and the means to change what the server says.
    final class Issuer: Sendable {
        let verifier: TokenVerifier
        let reply: Watched<KeySetServer.Reply>
        let server: KeySetServer

        init(_ server: KeySetServer, _ reply: Watched<KeySetServer.Reply>, allowsPrivate: Bool = true) {
            self.server = server
            self.reply = reply
            verifier = TokenVerifier(allowsPrivateKeySets: allowsPrivate, log: Logger(label: "test"))
        }

        func publish(_ factories: TokenFactory...) throws { reply.update { $0 = .text(Self.set(try? factories.map { try $0.jwk() })) } }

        static func set(_ keys: [JSONValue]?) -> String { (try? JSONText.string(JSONValue.object(["keys": .array(keys ?? [])]))) ?? "" }

        func verify(_ token: String, _ algorithm: String = "ES256", url: String? = nil, at time: Date) async throws(QueryFailure)
            -> VerifiedToken
        {
            try await verifier.verify(token, trust: TokenTrust(algorithm: algorithm, keySetURL: url ?? server.url + "/jwks"), at: time)
        }

        /// Code of the refusal; nil when the token is good.
        func code(_ token: String, _ algorithm: String = "ES256", url: String? = nil, at time: Date) async -> String? {
            do {
                _ = try await verify(token, algorithm, url: url, at: time)
                return nil
            } catch { return error.code }
        }
    }

    func withIssuer(allowsPrivate: Bool = true, _ body: (Issuer) async throws -> Void) async throws {
        let reply = Watched(KeySetServer.Reply.text(#"{"keys":[]}"#))
        try await KeySetServer.with({ reply.value }) { server in
            try await body(Issuer(server, reply, allowsPrivate: allowsPrivate))
        }
    }

    @Test func theKeyIsChosenByItsName() async throws {
        let one = TokenFactory.es256(keyID: "one")
        let two = TokenFactory.es256(keyID: "two")
        let rsa = try TokenFactory.rs256(keyID: "one")
        try await withIssuer { issuer in
            try issuer.publish(one, two, rsa)
            for factory in [one, two, rsa] {
                #expect(try await issuer.verify(factory.token(claims()), factory.algorithm, at: start).subject == "ann")
            }
            // The name of the other key; no name where there are two; a key of the other algorithm under the same name.
            #expect(await issuer.code(try one.token(claims(), header: ["kid": "two"]), at: start) == "INVALID_TOKEN")
            #expect(await issuer.code(try one.token(claims(), header: ["kid": nil]), at: start) == "INVALID_TOKEN")
            #expect(await issuer.code(try rsa.token(claims()), "ES256", at: start) == "INVALID_TOKEN")
            #expect(await issuer.code(try rsa.token(claims(), header: ["kid": nil]), "RS256", at: start) == nil)
            #expect(issuer.server.count == 1)
        }
    }

    @Test func keysOfOtherKindsAreLeftOut() async throws {
        let good = TokenFactory.es256(keyID: "good")
        let encrypting = TokenFactory.es256(keyID: "encrypting")
        let named = TokenFactory.es256(keyID: "named")
        try await withIssuer { issuer in
            var wrongUse = try encrypting.jwk()
            wrongUse["use"] = "enc"
            var wrongAlgorithm = try named.jwk()
            wrongAlgorithm["alg"] = "ES384"
            let strange: [JSONValue] = [
                ["kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "ed"], ["kty": "oct", "k": "c2VjcmV0", "kid": "good"], 7, nil, [:],
                ["kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "bad"], ["kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "tiny"],
            ]
            issuer.reply.update { [text = Issuer.set(strange + [wrongUse, wrongAlgorithm, try good.jwk()])] in $0 = .text(text) }
            #expect(await issuer.code(try good.token(claims()), at: start) == nil)
            #expect(await issuer.code(try encrypting.token(claims()), at: start) == "INVALID_TOKEN")
            #expect(await issuer.code(try named.token(claims()), at: start) == "INVALID_TOKEN")
        }
    }

    @Test func aNewKeyIsFetchedAtMostOnceAMinute() async throws {
        let old = TokenFactory.es256(keyID: "old")
        let new = TokenFactory.es256(keyID: "new")
        try await withIssuer { issuer in
            try issuer.publish(old)
            #expect(await issuer.code(try old.token(claims()), at: start) == nil)
            try issuer.publish(old, new)
            for second in [0.0, 1, 59] {
                #expect(await issuer.code(try new.token(claims()), at: start.addingTimeInterval(second)) == "INVALID_TOKEN")
            }
            #expect(issuer.server.count == 1)
            #expect(await issuer.code(try new.token(claims()), at: start.addingTimeInterval(60)) == nil)
            #expect(issuer.server.count == 2)
            let unknown = TokenFactory.es256(keyID: "unknown")
            for second in 61..<120 {
                #expect(await issuer.code(try unknown.token(claims()), at: start.addingTimeInterval(Double(second))) != nil)
            }
            #expect(issuer.server.count == 2)
        }
    }

    @Test func aWithdrawnKeyEndsToCount() async throws {
        let old = TokenFactory.es256(keyID: "old")
        try await withIssuer { issuer in
            try issuer.publish(old)
            let token = try old.token(claims())
            #expect(await issuer.code(token, at: start) == nil)
            try issuer.publish(.es256(keyID: "new"))
            #expect(await issuer.code(token, at: start.addingTimeInterval(599)) == nil)
            #expect(issuer.server.count == 1)
            #expect(await issuer.code(token, at: start.addingTimeInterval(600 + 59)) == "INVALID_TOKEN")
            #expect(issuer.server.count == 2)
        }
    }

    @Test func oldKeysServeWhileNoneCanBeFetched() async throws {
        let key = TokenFactory.es256(keyID: "key")
        try await withIssuer { issuer in
            try issuer.publish(key)
            #expect(await issuer.code(try key.token(claims("0")), at: start) == nil)
            for failing in [KeySetServer.Reply.status(.internalServerError), .text("not JSON"), .text("{}"), .cut, .redirect("/elsewhere")]
            {
                issuer.reply.update { $0 = failing }
                #expect(await issuer.code(try key.token(claims("\(failing)")), at: start.addingTimeInterval(700)) == nil)
            }
            #expect(issuer.server.count == 2, "one try in ten seconds")
            #expect(await issuer.code(try key.token(claims("1")), at: start.addingTimeInterval(4199)) == nil)
            #expect(issuer.server.count == 3)
            #expect(await issuer.code(try key.token(claims("2")), at: start.addingTimeInterval(4210)) == "TOKEN_KEYS_UNAVAILABLE")
            #expect(await issuer.code(try key.token(claims("2")), at: start.addingTimeInterval(4211)) == "TOKEN_KEYS_UNAVAILABLE")
            #expect(issuer.server.count == 4)
            try issuer.publish(key)
            #expect(await issuer.code(try key.token(claims("3")), at: start.addingTimeInterval(4221)) == nil)
        }
    }

    @Test func badAnswersAreNoKeys() async throws {
        let key = TokenFactory.es256(keyID: "key")
        let token = try key.token(claims())
        let set = Issuer.set([try key.jwk()])
        let padded = set + String(repeating: " ", count: 300 * 1024)
        let crowd = Issuer.set(try (0..<101).map { try TokenFactory(key: key.key, keyID: "\($0)").jwk() })
        let replies: [KeySetServer.Reply] = [
            .redirect("/jwks2"), .status(.notFound), .text("[]"), .text(""), .text(padded), .text(crowd), .cut, .text(#"{"keys":{}}"#),
        ]
        for reply in replies {
            try await withIssuer { issuer in
                issuer.reply.update { $0 = reply }
                #expect(await issuer.code(token, at: start) == "TOKEN_KEYS_UNAVAILABLE", "\(reply)")
                #expect(issuer.server.count == 1)
            }
        }
    }

    @Test func manyCallsAskOnce() async throws {
        let key = TokenFactory.es256(keyID: "key")
        try await withIssuer { issuer in
            try issuer.publish(key)
            let tokens = try (0..<100).map { try key.token(claims("user \($0)")) }
            let codes = await withTaskGroup(of: String?.self) { group in
                for token in tokens { group.addTask { await issuer.code(token, at: start) } }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(codes.allSatisfy { $0 == nil })
            #expect(issuer.server.count == 1)
        }
    }

    @Test func privateAddressesAreRefusedUnlessAllowed() async throws {
        let key = TokenFactory.es256(keyID: "key")
        try await withIssuer(allowsPrivate: false) { issuer in
            try issuer.publish(key)
            let port = issuer.server.port
            for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"] {
                for scheme in ["http", "https"] {
                    let url = "\(scheme)://\(host):\(port)/jwks"
                    #expect(
                        ["TOKEN_KEYS_UNAVAILABLE", "INVALID_TOKEN"].contains(
                            await issuer.code(try key.token(claims()), url: url, at: start)))
                }
            }
            // Spelled so that only the resolver sees the loopback address.
            for host in ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"] {
                #expect(
                    await issuer.code(try key.token(claims()), url: "https://\(host):\(port)/jwks", at: start) == "TOKEN_KEYS_UNAVAILABLE")
            }
            #expect(issuer.server.count == 0)
        }
    }

    @Test func httpNeverLeavesTheMachine() async throws {
        try await withIssuer { issuer in
            let token = try TokenFactory.es256(keyID: "key").token(claims())
            for url in ["http://10.0.0.1/jwks", "http://example.com/jwks", "gopher://127.0.0.1/"] {
                #expect(await issuer.code(token, url: url, at: start) == "INVALID_TOKEN")
            }
        }
    }

    @Test(arguments: [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.0.1",
        "198.18.0.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "203.0.113.9", "::", "::1", "::ffff:10.0.0.1", "fe80::1", "fc00::1",
        "fd12::1",
        "ff02::1", "64:ff9b::a00:1", "2001:db8::1", "2002:a00:1::1", "2001::1", "::7f00:1", "fec0::1", "64:ff9b:1::1",
    ])
    func specialAddresses(_ text: String) throws { #expect(try #require(HostAddress(text)).isPublic == false) }

    @Test(arguments: [
        "8.8.8.8", "172.32.0.1", "100.128.0.1", "11.0.0.1", "2606:4700::1111", "2001:4860:4860::8888", "64:ff9b::808:808", "::ffff:8.8.8.8",
    ])
    func publicAddresses(_ text: String) throws { #expect(try #require(HostAddress(text)).isPublic) }
}
