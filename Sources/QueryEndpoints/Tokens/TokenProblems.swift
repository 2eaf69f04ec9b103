public import Catalog
public import PipeCore

extension TokenVerifier {
    /// Everything wrong with what an endpoint says about tokens; looks at nothing outside.
    ///
    /// - Parameters:
    ///   - declared: names of the parameters of the endpoint's query; nil when they are not known.
    ///   - path: where the trust stands in its document.
    public static func problems(of trust: TokenTrust, declared: [String]? = nil, at path: FieldPath = FieldPath("tokens")) -> [Problem] {
        keyProblems(trust, path) + claimProblems(trust, path) + parameterProblems(trust, declared, path["fixedParameters"])
    }

    private static func keyProblems(_ trust: TokenTrust, _ path: FieldPath) -> [Problem] {
        guard let algorithm = TokenAlgorithm(rawValue: trust.algorithm) else {
            return [Problem(path["algorithm"], "must be one of HS256, RS256, ES256")]
        }
        return algorithm == .hs256 ? secretProblems(trust, path) : publicKeyProblems(trust, algorithm, path)
    }

    private static func secretProblems(_ trust: TokenTrust, _ path: FieldPath) -> [Problem] {
        var problems: [Problem] = []
        if let secret = trust.secret {
            if secret.utf8.count < TokenKey.minimumSecretBytes {
                problems.append(Problem(path["secret"], "must have at least \(TokenKey.minimumSecretBytes) bytes"))
            } else if secret.contains("-----BEGIN ") {
                problems.append(
                    Problem(path["secret"], "must be a secret text and not a PEM key; with a public key the algorithm is RS256 or ES256"))
            }
        } else {
            problems.append(Problem(path["secret"], "is required for HS256"))
        }
        if trust.publicKey != nil { problems.append(Problem(path["publicKey"], "is for RS256 and ES256; HS256 has a secret")) }
        if trust.keySetURL != nil { problems.append(Problem(path["keySetURL"], "is for RS256 and ES256; HS256 has a secret")) }
        return problems
    }

    private static func publicKeyProblems(_ trust: TokenTrust, _ algorithm: TokenAlgorithm, _ path: FieldPath) -> [Problem] {
        var problems: [Problem] = []
        if trust.secret != nil {
            problems.append(Problem(path["secret"], "is for HS256; \(algorithm.rawValue) has publicKey or keySetURL"))
        }
        if trust.publicKey == nil, trust.keySetURL == nil {
            problems.append(Problem(path["publicKey"], "or keySetURL is required for \(algorithm.rawValue)"))
        }
        if let pem = trust.publicKey {
            if trust.keySetURL != nil { problems.append(Problem(path["keySetURL"], "cannot stand beside publicKey")) }
            if pem.contains("PRIVATE KEY-----") {
                problems.append(Problem(path["publicKey"], "is a private key; keep it secret and give its public key"))
            } else if PublicTokenKey(pem: pem, algorithm) == nil {
                let kind = algorithm == .rs256 ? "an RSA key of 2048 to 8192 bits" : "a key on the curve P-256"
                problems.append(Problem(path["publicKey"], "must be the PEM text (BEGIN PUBLIC KEY) of \(kind)"))
            }
        }
        if let url = trust.keySetURL {
            do throws(KeySetAddress.Problem) { _ = try KeySetAddress(url) } catch {
                problems.append(Problem(path["keySetURL"], error.message))
            }
        }
        return problems
    }

    private static func claimProblems(_ trust: TokenTrust, _ path: FieldPath) -> [Problem] {
        [("issuer", trust.issuer), ("audience", trust.audience)].compactMap { name, value in
            guard let value, value.isEmpty || value.utf8.count > 2048 else { return nil }
            return Problem(path[name], "must have 1 to 2048 bytes; leave it out to accept any")
        }
    }

    /// Claims that describe the token and not its bearer: as parameters they would make every token's results its own.
    private static let reservedClaims: Set<String> = ["exp", "nbf", "iat", "jti"]
    static let maximumFixedParameters = 50

    private static func parameterProblems(_ trust: TokenTrust, _ declared: [String]?, _ path: FieldPath) -> [Problem] {
        var problems: [Problem] = []
        if trust.fixedParameters.count > maximumFixedParameters {
            problems.append(Problem(path, "must have at most \(maximumFixedParameters) members"))
        }
        for (parameter, claim) in trust.fixedParameters.sorted(by: { $0.key < $1.key }) {
            let field = path[parameter]
            if !isParameterName(parameter) {
                problems.append(Problem(field, "is not the name of a parameter: letters, digits and _, not starting with a digit"))
            } else if let declared, !declared.contains(parameter) {
                problems.append(Problem(field, "is not a parameter of the query"))
            }
            if reservedClaims.contains(claim) {
                problems.append(Problem(field, "cannot be the claim \(claim), which differs from token to token"))
            } else if !isClaim(claim) {
                problems.append(Problem(field, "must name a claim, or a way through nested claims with dots, in at most 256 characters"))
            }
        }
        return problems
    }

    private static func isParameterName(_ text: String) -> Bool {
        let isWord = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isWord && !text.isEmpty && text.utf8.count <= 256 && text.first?.isNumber == false
    }

    private static func isClaim(_ text: String) -> Bool {
        let isVisible = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        return isVisible && !text.isEmpty && text.count <= 256 && !text.hasPrefix(".") && !text.hasSuffix(".") && !text.contains("..")
    }
}
