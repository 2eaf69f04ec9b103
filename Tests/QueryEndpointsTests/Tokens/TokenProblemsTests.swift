import Catalog
import CryptoExtras
import PipeCore
import QueryEndpoints
import Testing

@Suite struct TokenProblemsTests {
    static let secret = "a secret of more than thirty-two bytes"

    func fields(_ trust: TokenTrust, declared: [String]? = nil) -> [String] {
        TokenVerifier.problems(of: trust, declared: declared).map(\.field.description)
    }

    @Test func everyAlgorithmWantsItsOwnKey() throws {
        let rsa = try TokenFactory.rs256().publicPEM
        let elliptic = TokenFactory.es256().publicPEM
        let url = "https://id.example/.well-known/jwks.json"
        #expect(fields(TokenTrust(algorithm: "HS256", secret: Self.secret)) == [])
        #expect(fields(TokenTrust(algorithm: "RS256", publicKey: rsa)) == [])
        #expect(fields(TokenTrust(algorithm: "ES256", publicKey: elliptic)) == [])
        #expect(fields(TokenTrust(algorithm: "ES256", keySetURL: url)) == [])
        for name in ["none", "hs256", "HS512", ""] {
            #expect(fields(TokenTrust(algorithm: name, secret: Self.secret)) == ["tokens.algorithm"])
        }
        #expect(fields(TokenTrust(algorithm: "HS256")) == ["tokens.secret"])
        #expect(fields(TokenTrust(algorithm: "HS256", secret: "short")) == ["tokens.secret"])
        #expect(fields(TokenTrust(algorithm: "HS256", secret: rsa)) == ["tokens.secret"])
        #expect(
            fields(TokenTrust(algorithm: "HS256", secret: Self.secret, publicKey: rsa, keySetURL: url)) == [
                "tokens.publicKey", "tokens.keySetURL",
            ])
        #expect(fields(TokenTrust(algorithm: "RS256")) == ["tokens.publicKey"])
        #expect(fields(TokenTrust(algorithm: "RS256", secret: Self.secret, publicKey: rsa)) == ["tokens.secret"])
        #expect(fields(TokenTrust(algorithm: "RS256", publicKey: rsa, keySetURL: url)) == ["tokens.keySetURL"])
        #expect(fields(TokenTrust(algorithm: "RS256", publicKey: elliptic)) == ["tokens.publicKey"])
        #expect(fields(TokenTrust(algorithm: "ES256", publicKey: rsa)) == ["tokens.publicKey"])
        #expect(fields(TokenTrust(algorithm: "ES256", publicKey: "")) == ["tokens.publicKey"])
    }

    @Test func aPrivateKeyIsNotRepeated() throws {
        let pem = try _RSA.Signing.PrivateKey(keySize: .bits2048).pemRepresentation
        let problems = TokenVerifier.problems(of: TokenTrust(algorithm: "RS256", publicKey: pem))
        #expect(problems.map(\.field.description) == ["tokens.publicKey"])
        #expect(
            problems.allSatisfy { $0.message.contains("private key") && !$0.message.contains("BEGIN RSA") && $0.message.utf8.count < 200 })
        #expect(TokenVerifier.problems(of: TokenTrust(algorithm: "HS256", secret: "abc")).allSatisfy { !$0.message.contains("abc") })
    }

    @Test(arguments: [
        "http://id.example/jwks", "https://", "id.example/jwks", "ftp://id.example/jwks", "https://user:pw@id.example/",
        "https://id.example:0/",
        "https://id.example:99999/", "https://id .example/", "https://id.example/#x", "https://[zz]/", "http://127.0.0.1.evil.example/",
        "file:///etc/passwd",
        "https://id.example\\@10.0.0.1/", "https://exämple/", "http://localhost.evil.example/", "https://:443/",
    ])
    func addressesThatNoKeySetHas(_ url: String) {
        #expect(fields(TokenTrust(algorithm: "RS256", keySetURL: url)) == ["tokens.keySetURL"])
    }

    @Test(arguments: [
        "https://id.example", "https://id.example:8443/a/b?c=d%20e", "HTTPS://ID.example/", "https://[2606:4700::1111]/",
        "http://127.0.0.1:9/",
        "http://localhost/jwks", "http://[::1]:80/", "https://10.0.0.1/",
    ])
    func addressesThatMayHoldAKeySet(_ url: String) { #expect(fields(TokenTrust(algorithm: "RS256", keySetURL: url)) == []) }

    @Test func parametersAndClaimsHaveNames() {
        func trust(_ fixed: [String: String]) -> TokenTrust { TokenTrust(algorithm: "HS256", secret: Self.secret, fixedParameters: fixed) }
        #expect(fields(trust(["tenant": "org.id", "_x1": "https://example.com/t"])) == [])
        #expect(fields(trust(["tenant": "org.id"]), declared: ["tenant", "year"]) == [])
        #expect(fields(trust(["tenant": "org.id"]), declared: ["year"]) == ["tokens.fixedParameters.tenant"])
        for name in ["", "1a", "a b", "a-b", "a.b", "é"] { #expect(fields(trust([name: "sub"])).count == 1, "\(name)") }
        for claim in ["", "exp", "iat", "nbf", "jti", ".a", "a.", "a..b", "a\nb"] {
            #expect(fields(trust(["tenant": claim])) == ["tokens.fixedParameters.tenant"], "\(claim)")
        }
        #expect(
            fields(TokenTrust(algorithm: "HS256", secret: Self.secret, issuer: "", audience: "")) == ["tokens.issuer", "tokens.audience"])
        #expect(fields(trust(Dictionary(uniqueKeysWithValues: (0..<51).map { ("p\($0)", "sub") }))) == ["tokens.fixedParameters"])
    }
}
