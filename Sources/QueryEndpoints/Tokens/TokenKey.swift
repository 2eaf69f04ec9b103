internal import FoundationEssentials
internal import JWTKit
internal import PipeCore

/// One key and the one algorithm it is used with.
struct TokenKey: Sendable {
    let algorithm: TokenAlgorithm
    private let verifier: any JWTAlgorithm

    /// Shorter secrets are weaker than the hash (RFC 7518, 3.2).
    static let minimumSecretBytes = 32
    /// Larger RSA keys cost a caller nothing and a verifier much.
    static let maximumModulusBytes = 1024

    func verifies(_ token: SignedToken) -> Bool {
        guard token.algorithm == algorithm.rawValue else { return false }
        return (try? verifier.verify(token.signature, signs: token.signedText)) ?? false
    }

    /// Nil when the secret is too short.
    init?(secret: String) async {
        guard secret.utf8.count >= Self.minimumSecretBytes else { return nil }
        let keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        await self.init(.hs256, in: keys)
    }

    init?(_ key: PublicTokenKey) async {
        let keys = JWTKeyCollection()
        switch key {
        case .rsa(let key):
            await keys.add(rsa: key, digestAlgorithm: .sha256)
            await self.init(.rs256, in: keys)
        case .p256(let key):
            await keys.add(ecdsa: key)
            await self.init(.es256, in: keys)
        }
    }

    /// A collection of one key, because JWTKit makes verifiers nowhere else.
    private init?(_ algorithm: TokenAlgorithm, in keys: JWTKeyCollection) async {
        guard let verifier = try? await keys.getKey(), verifier.name == algorithm.rawValue else { return nil }
        self.algorithm = algorithm
        self.verifier = verifier
    }
}

/// A public key, read and found fit for its algorithm.
enum PublicTokenKey: Sendable {
    case rsa(Insecure.RSA.PublicKey)
    case p256(ES256PublicKey)

    /// Reads `-----BEGIN PUBLIC KEY-----` text. Nil when it is not a key for this algorithm; RSA keys have 2048 to 8192 bits.
    init?(pem: String, _ algorithm: TokenAlgorithm) {
        switch algorithm {
        case .hs256: return nil
        case .rs256:
            guard let key = try? Insecure.RSA.PublicKey(pem: pem), Self.isReasonable(key) else { return nil }
            self = .rsa(key)
        case .es256:
            guard let key = try? ES256PublicKey(pem: pem) else { return nil }
            self = .p256(key)
        }
    }

    /// Reads a member of a key set (RFC 7517, 4). Nil for keys of other kinds and for other uses.
    init?(jwk: JSONValue) {
        guard jwk["use"] == nil || jwk["use"] == "sig" else { return nil }
        if let uses = jwk["key_ops"], uses.array?.contains("verify") != true { return nil }
        let named = jwk["alg"]?.string
        switch jwk["kty"] {
        case "RSA":
            guard named == nil || named == TokenAlgorithm.rs256.rawValue, let modulus = jwk["n"]?.string, let exponent = jwk["e"]?.string,
                let key = try? Insecure.RSA.PublicKey(modulus: modulus, exponent: exponent), Self.isReasonable(key)
            else { return nil }
            self = .rsa(key)
        case "EC":
            guard named == nil || named == TokenAlgorithm.es256.rawValue, jwk["crv"] == "P-256", let x = jwk["x"]?.string,
                let y = jwk["y"]?.string, let key = try? ES256PublicKey(parameters: (x, y))
            else { return nil }
            self = .p256(key)
        default: return nil
        }
    }

    private static func isReasonable(_ key: Insecure.RSA.PublicKey) -> Bool {
        guard let modulus = try? key.getKeyPrimitives().modulus else { return false }
        return modulus.count <= TokenKey.maximumModulusBytes
    }
}
