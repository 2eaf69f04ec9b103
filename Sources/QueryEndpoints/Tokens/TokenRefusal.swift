/// Why a token is refused, in words its bearer may read.
///
/// Everything after `untrusted` is told only to the bearer of a token with a good signature.
enum TokenRefusal: Error, Hashable {
    case malformed
    case wrongAlgorithm
    /// A wrong signature and an unknown key look alike.
    case untrusted
    case noExpiry
    case expired
    case notYetValid
    case issuedInFuture
    case wrongIssuer
    case wrongAudience
    /// A claim that a fixed parameter needs is absent or null.
    case missingClaim(String)
    /// A claim that a fixed parameter needs is a number that JSON readers round.
    case inexactClaim(String)

    var reason: String {
        switch self {
        case .malformed: "the token is not a JSON Web Token in compact form"
        case .wrongAlgorithm: "the token is not signed with the algorithm that this endpoint accepts"
        case .untrusted: "the token is not signed by a key that this endpoint trusts"
        case .noExpiry: "the token has no claim exp that is a number of seconds"
        case .expired: "the token has expired"
        case .notYetValid: "the token is not valid yet"
        case .issuedInFuture: "the token's claim iat lies in the future"
        case .wrongIssuer: "the token comes from another issuer than this endpoint accepts"
        case .wrongAudience: "the token is meant for another audience"
        case .missingClaim(let claim): "the token lacks the claim \(claim), which this endpoint needs"
        case .inexactClaim(let claim): "the token's claim \(claim) is too large for a JSON number; it must be a string"
        }
    }

    var failure: QueryFailure {
        QueryFailure(
            401, "INVALID_TOKEN", "Invalid token: \(reason).",
            headers: ["WWW-Authenticate": #"Bearer error="invalid_token", error_description="\#(headerReason)""#])
    }

    /// Claim names are the endpoint author's text, which need not fit into a header.
    private var headerReason: String {
        switch self {
        case .missingClaim: "the token lacks a claim that this endpoint needs"
        case .inexactClaim: "a claim of the token is too large for a JSON number"
        default: reason
        }
    }
}
