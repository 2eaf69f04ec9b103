import Catalog
import FoundationEssentials
import Logging
import PipeCore
import PipeTesting
import QueryEndpoints
import Testing

@Suite struct TokenVerifierTests {
    let now = Date(timeIntervalSince1970: 1_800_000_000)
    let verifier = TokenVerifier(log: Logger(label: "test"))
    let issuer = TokenFactory.hs256()
    let trust = TokenTrust(algorithm: "HS256", secret: TokenFactory.secret)

    func claims(_ more: [String: JSONValue] = [:]) -> JSONValue {
        .object(["sub": "ann", "exp": 1_800_000_300].merging(more) { $1 }.filter { !$0.value.isNull })
    }

    /// The text of the refusal, or nil when the token is good.
    func refusal(_ token: String, _ trust: TokenTrust? = nil, at time: Date? = nil) async -> String? {
        do {
            _ = try await verifier.verify(token, trust: trust ?? self.trust, at: time ?? now)
            return nil
        } catch {
            #expect(error.status == 401 && error.code == "INVALID_TOKEN")
            #expect(error.headers["WWW-Authenticate"]?.hasPrefix(#"Bearer error="invalid_token""#) == true)
            return error.details
        }
    }

    @Test func everyAlgorithmVerifiesItsOwnTokens() async throws {
        for factory in [issuer, .es256(), try .rs256()] {
            let trust =
                factory.algorithm == "HS256"
                ? self.trust : TokenTrust(algorithm: factory.algorithm, publicKey: factory.publicPEM)
            #expect(TokenVerifier.problems(of: trust).isEmpty)
            let token = try await verifier.verify(factory.token(claims()), trust: trust, at: now)
            #expect(token.subject == "ann")
            #expect(token.expiresAt == Date(timeIntervalSince1970: 1_800_000_300))
            #expect(token.parameters.isEmpty && token.scope == "{}")
            let other: TokenFactory =
                switch factory.key {
                case .secret: .hs256("another secret of more than thirty-two bytes")
                case .rsa: try .rs256()
                case .p256: .es256()
                }
            #expect(await refusal(try other.token(claims()), trust)?.contains("key that this endpoint trusts") == true)
        }
    }

    @Test func anotherAlgorithmThanTheConfiguredOneIsRefused() async throws {
        let rsa = try TokenFactory.rs256()
        let trust = TokenTrust(algorithm: "RS256", publicKey: rsa.publicPEM)
        // The classic: the public key, which everybody knows, as the secret of an HMAC.
        let confused = TokenFactory(key: .secret(rsa.publicPEM))
        #expect(await refusal(try confused.token(claims()), trust)?.contains("algorithm") == true)
        #expect(await refusal(try confused.token(claims(), header: ["alg": "RS256"]), trust)?.contains("trusts") == true)
        for name in ["none", "None", "NONE", "", "hs256", "HS512", "PS256", "ES256"] {
            let bare = try TokenFactory.unsigned(["alg": .string(name)], claims())
            for token in [
                bare + ".", bare, bare + "." + TokenFactory.base64URL([1, 2, 3]), try rsa.token(claims(), header: ["alg": .string(name)]),
            ] {
                #expect(await refusal(token, trust) != nil, "\(name)")
                #expect(await refusal(token) != nil, "\(name)")
            }
        }
        #expect(await refusal(try rsa.token(claims(), header: ["alg": nil]), trust) != nil)
        #expect(await refusal(try rsa.token(claims(), header: ["alg": ["RS256"]]), trust) != nil)
        // The key inside the token is nobody's.
        let own = try TokenFactory.rs256()
        #expect(await refusal(try own.token(claims(), header: ["jwk": own.jwk(), "jku": "https://evil.example"]), trust) != nil)
    }

    @Test func headersThatChangeTheRulesAreRefused() async throws {
        #expect(await refusal(try issuer.token(claims(), header: ["crit": ["exp"]])) != nil)
        #expect(await refusal(try issuer.token(claims(), header: ["b64": false])) != nil)
        #expect(await refusal(try issuer.token(claims(), header: ["kid": 7])) != nil)
        #expect(await refusal(try issuer.token(claims(), header: ["kid": "../../etc/passwd", "typ": "at+jwt"])) == nil)
    }

    @Test func timesAreChecked() async throws {
        func told(_ more: [String: JSONValue]) async throws -> String? { await refusal(try issuer.token(claims(more))) }
        #expect(try await told(["exp": nil])?.contains("no claim exp") == true)
        #expect(try await told(["exp": "1800000300"])?.contains("no claim exp") == true)
        #expect(try await told(["exp": 1_800_000_000])?.contains("expired") == true)
        #expect(try await told(["exp": -1])?.contains("expired") == true)
        #expect(try await told(["exp": 1_800_000_000.5]) == nil)
        #expect(try await told(["nbf": 1_800_000_060]) == nil)
        #expect(try await told(["nbf": 1_800_000_061])?.contains("not valid yet") == true)
        #expect(try await told(["nbf": "now"])?.contains("not valid yet") == true)
        #expect(try await told(["iat": 1_800_000_060]) == nil)
        #expect(try await told(["iat": 1_800_000_061])?.contains("iat") == true)
        #expect(try await told(["iat": 0]) == nil)
    }

    @Test func aBelievedTokenStillExpires() async throws {
        let token = try issuer.token(claims(["exp": 1_800_000_030]))
        #expect(await refusal(token) == nil)
        #expect(await refusal(token, at: now.addingTimeInterval(29.9)) == nil)
        #expect(await refusal(token, at: now.addingTimeInterval(30))?.contains("expired") == true)
        #expect(await refusal(token) == nil)
    }

    @Test func whatIsBelievedIsBelievedForOneTrustOnly() async throws {
        let token = try issuer.token(claims(["aud": "shop"]))
        #expect(await refusal(token) == nil)
        var stricter = trust
        stricter.audience = "bank"
        #expect(await refusal(token, stricter)?.contains("audience") == true)
        stricter = trust
        stricter.secret = "a new secret of more than thirty-two bytes"
        #expect(await refusal(token, stricter)?.contains("trusts") == true)
    }

    @Test func issuerAndAudienceAreCheckedWhenNamed() async throws {
        let trust = TokenTrust(algorithm: "HS256", secret: TokenFactory.secret, issuer: "https://id.example/", audience: "penstock")
        let both: [String: JSONValue] = ["iss": "https://id.example/", "aud": "penstock"]
        #expect(await refusal(try issuer.token(claims(both)), trust) == nil)
        #expect(await refusal(try issuer.token(claims(both.merging(["aud": ["x", "penstock"]]) { $1 })), trust) == nil)
        for audience: JSONValue in [nil, "Penstock", [], ["x"], 7, ["a": "penstock"]] {
            #expect(await refusal(try issuer.token(claims(both.merging(["aud": audience]) { $1 })), trust)?.contains("audience") == true)
        }
        for issuerClaim: JSONValue in [nil, "https://id.example", ["https://id.example/"], ""] {
            #expect(await refusal(try issuer.token(claims(both.merging(["iss": issuerClaim]) { $1 })), trust)?.contains("issuer") == true)
        }
    }

    @Test func fixedParametersComeFromClaims() async throws {
        var trust = self.trust
        trust.fixedParameters = [
            "tenant": "https://example.com/tenant", "city": "address.city", "teams": "teams", "level": "level", "on": "on",
        ]
        let given: [String: JSONValue] = [
            "https://example.com/tenant": 9_223_372_036_854_775_807, "address": ["city": "O'Hara\t\\N"], "teams": ["a", 2], "level": 1.5,
            "on": false, "tenant": "not this one",
        ]
        let token = try await verifier.verify(issuer.token(claims(given)), trust: trust, at: now)
        #expect(
            token.parameters == [
                "tenant": .json(9_223_372_036_854_775_807), "city": .json("O'Hara\t\\N"), "teams": .json(["a", 2]), "level": .json(1.5),
                "on": .json(false),
            ])
        let again = try await verifier.verify(
            issuer.token(claims(given.merging(["sub": "bob", "exp": 1_800_000_200]) { $1 })), trust: trust, at: now)
        #expect(again.scope == token.scope)
        let other = try await verifier.verify(issuer.token(claims(given.merging(["level": "1.5"]) { $1 })), trust: trust, at: now)
        #expect(other.scope != token.scope)

        for missing in ["https://example.com/tenant", "address", "teams", "level", "on"] {
            var less = given
            less[missing] = nil
            #expect(await refusal(try issuer.token(claims(less)), trust)?.contains("lacks the claim") == true, "\(missing)")
            less[missing] = JSONValue.null
            #expect(
                await refusal(try issuer.token(.object(less.merging(["exp": 1_800_000_300]) { $1 })), trust)?.contains("lacks the claim")
                    == true)
        }
        #expect(await refusal(try issuer.token(claims(given.merging(["address": "city"]) { $1 })), trust) != nil)
    }

    @Test func aNumberThatWouldBecomeItsNeighbourIsRefused() async throws {
        var trust = self.trust
        trust.fixedParameters = ["tenant": "tenant"]
        for text in ["18446744073709551615", "9223372036854775808", "1e300", "-9223372036854775809"] {
            let payload = #"{"exp":1800000300,"tenant":\#(text)}"#
            let head = TokenFactory.base64URL(Array(#"{"alg":"HS256"}"#.utf8)) + "." + TokenFactory.base64URL(Array(payload.utf8))
            let token = head + "." + TokenFactory.base64URL(try issuer.sign(Data(head.utf8)))
            #expect(await refusal(token, trust)?.contains("too large") == true, "\(text)")
        }
    }

    @Test func brokenTokensAreRefused() async throws {
        let token = try issuer.token(claims())
        for length in 0..<token.utf8.count {
            #expect(await refusal(String(token.prefix(length))) != nil, "\(length)")
        }
        let parts = token.split(separator: ".").map(String.init)
        for broken in [
            token + ".", "." + token, token + "=", token + "\n", " " + token, parts[0] + ".." + parts[2],
            parts.joined(separator: ".") + "." + parts[2], parts[0] + "." + parts[1] + " ." + parts[2], "..", "a.b.c", "é.é.é",
            String(repeating: "a", count: 100_000),
        ] {
            #expect(await refusal(broken) != nil, "\(broken.prefix(40))")
        }
        for payload in ["[]", "null", "\"x\"", "{", "{\"exp\":1e999}"] {
            let head = parts[0] + "." + TokenFactory.base64URL(Array(payload.utf8))
            #expect(await refusal(head + "." + TokenFactory.base64URL(try issuer.sign(Data(head.utf8)))) != nil, "\(payload)")
        }
        #expect(await refusal(token) == nil)
    }

    /// Every change of a good token makes it a bad one, the last character of the signature included.
    @Test func noMutationOfAGoodTokenVerifies() async throws {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \0é".unicodeScalars)
        var random = SeededGenerator(seed: 20_261_121)
        for (factory, rounds) in [(issuer, 4000), (TokenFactory.es256(), 3000), (try TokenFactory.rs256(), 3000)] {
            let trust =
                factory.algorithm == "HS256" ? self.trust : TokenTrust(algorithm: factory.algorithm, publicKey: factory.publicPEM)
            let token = try factory.token(claims())
            #expect(await refusal(token, trust) == nil)
            for _ in 0..<rounds {
                var scalars = Array(token.unicodeScalars)
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let index = Int.random(in: 0..<scalars.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: scalars.remove(at: index)
                    case 1: scalars.insert(alphabet[Int.random(in: 0..<alphabet.count, using: &random)], at: index)
                    case 2: scalars.swapAt(index, Int.random(in: 0..<scalars.count, using: &random))
                    default: scalars[index] = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                    }
                }
                var mutated = String.UnicodeScalarView()
                mutated.append(contentsOf: scalars)
                let text = String(mutated)
                guard text != token else { continue }
                let told = await refusal(text, trust)
                #expect(told != nil, "\(text)")
                #expect(told?.contains(TokenFactory.secret) != true)
            }
            // The last character has bits that a lenient reader ignores.
            for last in alphabet where last != token.unicodeScalars.last {
                #expect(await refusal(String(token.dropLast()) + String(last), trust) != nil)
            }
        }
    }

    @Test func aTrustThatIsNotValidTrustsNobody() async throws {
        let short = TokenFactory.hs256("too short")
        #expect(await refusal(try short.token(claims()), TokenTrust(algorithm: "HS256", secret: "too short")) != nil)
        let empty = TokenFactory.hs256("")
        #expect(await refusal(try empty.token(claims()), TokenTrust(algorithm: "HS256", secret: "")) != nil)
        #expect(await refusal(try empty.token(claims()), TokenTrust(algorithm: "HS256")) != nil)
        #expect(await refusal(try issuer.token(claims()), TokenTrust(algorithm: "none", secret: TokenFactory.secret)) != nil)
        #expect(
            await refusal(try issuer.token(claims(), header: ["alg": "RS256"]), TokenTrust(algorithm: "RS256", publicKey: "nonsense"))
                != nil)
        let elliptic = TokenFactory.es256()
        #expect(
            await refusal(
                try elliptic.token(claims(), header: ["alg": "RS256"]), TokenTrust(algorithm: "RS256", publicKey: elliptic.publicPEM))
                != nil)
    }
}
