internal import Catalog
internal import FoundationEssentials
internal import PipeCore

/// The payload of a token whose signature is good.
struct TokenClaims {
    /// How far another machine's clock may be ahead.
    static let leeway: TimeInterval = 60
    private let document: [String: JSONValue]

    init(_ payload: [UInt8]) throws(TokenRefusal) {
        guard let document = (try? JSONText.decode(JSONValue.self, from: payload))?.object else { throw .malformed }
        self.document = document
    }

    /// Checks time, issuer and audience, and picks the values of the fixed parameters.
    func verified(_ trust: TokenTrust, at now: Date) throws(TokenRefusal) -> VerifiedToken {
        let expiresAt = try checkTimes(at: now)
        if let issuer = trust.issuer, document["iss"]?.string != issuer { throw .wrongIssuer }
        if let audience = trust.audience, !audiences.contains(audience) { throw .wrongAudience }
        var values: [String: JSONValue] = [:]
        for (parameter, claim) in trust.fixedParameters.sorted(by: { $0.key < $1.key }) {
            values[parameter] = try value(of: claim)
        }
        guard let scope = try? JSONText.string(JSONValue.object(values)) else { throw .malformed }
        return VerifiedToken(
            subject: document["sub"]?.string, expiresAt: expiresAt, parameters: values.mapValues(ParameterValue.json), scope: scope)
    }

    private func checkTimes(at now: Date) throws(TokenRefusal) -> Date {
        let time = now.timeIntervalSince1970
        // The end gets no leeway: a token is never good for longer than its issuer said.
        guard let expiry = document["exp"]?.double, expiry.isFinite else { throw .noExpiry }
        guard time < expiry else { throw .expired }
        if let start = document["nbf"] {
            guard let start = start.double, start <= time + Self.leeway else { throw .notYetValid }
        }
        if let issued = document["iat"] {
            guard let issued = issued.double, issued <= time + Self.leeway else { throw .issuedInFuture }
        }
        return Date(timeIntervalSince1970: expiry)
    }

    private var audiences: [String] {
        switch document["aud"] {
        case .string(let one)?: [one]
        case .array(let many)?: many.compactMap(\.string)
        default: []
        }
    }

    /// A claim of the whole name where there is one (`https://example.com/tenant`), else the way along its dots.
    private func value(of claim: String) throws(TokenRefusal) -> JSONValue {
        var found = document[claim]
        if found == nil {
            found = claim.split(separator: ".", omittingEmptySubsequences: false)
                .reduce(JSONValue?.some(.object(document))) { $0?[String($1)] }
        }
        guard let found, !found.isNull else { throw .missingClaim(claim) }
        guard Self.isExact(found) else { throw .inexactClaim(claim) }
        return found
    }

    /// Whole numbers from 2⁵³ that do not fit into 64 bits would become their neighbours: another tenant's number.
    private static func isExact(_ value: JSONValue) -> Bool {
        switch value {
        case .number(let number): number.isFinite && number.magnitude < 0x1p53
        case .array(let elements): elements.allSatisfy(isExact)
        case .object(let members): members.values.allSatisfy(isExact)
        case .exactNumber: false
        case .null, .bool, .integer, .string: true
        }
    }
}
