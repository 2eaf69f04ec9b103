import Crypto
import CryptoExtras
import FoundationEssentials
import PipeCore

/// An issuer of tokens with keys of its own.
struct TokenFactory: Sendable {
    enum Key: Sendable {
        case secret(String)
        case rsa(_RSA.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
    }

    var key: Key
    var keyID: String?

    static let secret = "a secret of more than thirty-two bytes, for tests"
    static func hs256(_ secret: String = secret) -> TokenFactory { TokenFactory(key: .secret(secret)) }
    static func es256(keyID: String? = nil) -> TokenFactory { TokenFactory(key: .p256(P256.Signing.PrivateKey()), keyID: keyID) }
    static func rs256(keyID: String? = nil) throws -> TokenFactory {
        TokenFactory(key: .rsa(try _RSA.Signing.PrivateKey(keySize: .bits2048)), keyID: keyID)
    }

    var algorithm: String {
        switch key {
        case .secret: "HS256"
        case .rsa: "RS256"
        case .p256: "ES256"
        }
    }

    var publicPEM: String {
        switch key {
        case .secret: ""
        case .rsa(let key): key.publicKey.pemRepresentation
        case .p256(let key): key.publicKey.pemRepresentation
        }
    }

    /// The public key as a member of a key set.
    func jwk() throws -> JSONValue {
        var members: [String: JSONValue] = ["use": "sig"]
        members["kid"] = keyID.map(JSONValue.string)
        switch key {
        case .secret: break
        case .rsa(let key):
            let numbers = try key.publicKey.getKeyPrimitives()
            members["kty"] = "RSA"
            members["alg"] = "RS256"
            members["n"] = .string(Self.base64URL(numbers.modulus))
            members["e"] = .string(Self.base64URL(numbers.publicExponent))
        case .p256(let key):
            let point = key.publicKey.x963Representation.dropFirst()
            members["kty"] = "EC"
            members["crv"] = "P-256"
            members["x"] = .string(Self.base64URL(point.prefix(32)))
            members["y"] = .string(Self.base64URL(point.suffix(32)))
        }
        return .object(members)
    }

    /// - Parameter header: laid over the header that fits the key; null removes a member.
    func token(_ claims: JSONValue, header: [String: JSONValue] = [:]) throws -> String {
        var members: [String: JSONValue] = ["alg": .string(algorithm), "typ": "JWT"]
        members["kid"] = keyID.map(JSONValue.string)
        members.merge(header) { $1 }
        let text = try Self.unsigned(.object(members.filter { !$0.value.isNull }), claims)
        return text + "." + Self.base64URL(try sign(Data(text.utf8)))
    }

    static func unsigned(_ header: JSONValue, _ claims: JSONValue) throws -> String {
        try base64URL(JSONText.encode(header)) + "." + base64URL(JSONText.encode(claims))
    }

    func sign(_ data: Data) throws -> Data {
        switch key {
        case .secret(let secret):
            Data(HMAC<SHA256>.authenticationCode(for: data, using: SymmetricKey(data: Data(secret.utf8))))
        case .rsa(let key): try key.signature(for: SHA256.hash(data: data), padding: .insecurePKCS1v1_5).rawRepresentation
        case .p256(let key): try key.signature(for: data).rawRepresentation
        }
    }

    static func base64URL(_ bytes: some Collection<UInt8>) -> String {
        String(
            Data(bytes).base64EncodedString().compactMap { character -> Character? in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }
}
