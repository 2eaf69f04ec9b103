public import Catalog
internal import Crypto
public import FoundationEssentials
public import Logging
private import Synchronization

/// Decides whether a JSON Web Token is good for an endpoint, and what it fixes.
///
/// A token is good when it is signed with exactly the algorithm and a key of the endpoint's ``TokenTrust``, has not expired
/// (`exp` is required), is not early (`nbf`, `iat`; a minute of leeway), comes from the issuer and is meant for the audience
/// that are named, and has a value for every fixed parameter. Everything else is ``QueryFailure`` 401 `INVALID_TOKEN`; only a
/// key set that cannot be fetched is 503 `TOKEN_KEYS_UNAVAILABLE`.
///
/// Key sets are fetched over HTTPS, kept for ten minutes, used for one more hour while they cannot be fetched, and fetched
/// early, at most once a minute, for a key that is not among them. A good token is believed again without a look at its
/// signature for a minute: a key that its issuer withdraws ends to count after eleven minutes at the latest.
public final class TokenVerifier: Sendable {
    private struct Seen: Hashable {
        var hash: SHA256Digest
        var trust: TokenTrust
    }
    private struct Believed {
        var token: VerifiedToken
        var at: Date
    }

    /// How long a verified token is believed without verifying it again.
    static let beliefSeconds: TimeInterval = 60

    private let keySets: KeySetCache
    private let believed = Mutex(GenerationCache<Seen, Believed>(capacity: 10_000))
    private let fixedKeys = Mutex(GenerationCache<TokenTrust, TokenKey>(capacity: 1000))

    /// - Parameters:
    ///   - allowsPrivateKeySets: whether key sets may be fetched from loopback, private and link-local addresses
    ///     (configuration key `queryEndpoints.allowPrivateKeySets`).
    ///   - caFile: PEM file of the authorities to trust for key sets (`queryEndpoints.keySetCaFile`); nil: the system's.
    public init(allowsPrivateKeySets: Bool = false, caFile: String? = nil, log: Logger) {
        keySets = KeySetCache(client: KeySetClient(allowsPrivateAddresses: allowsPrivateKeySets, caFile: caFile), log: log)
    }

    /// - Parameters:
    ///   - token: compact form, as it follows `Bearer `.
    ///   - now: the time of the call; also what the ages of key sets are counted by.
    public func verify(_ token: String, trust: TokenTrust, at now: Date) async throws(QueryFailure) -> VerifiedToken {
        let seen = Seen(hash: SHA256.hash(data: Array(token.utf8)), trust: trust)
        if let known = believed.withLock({ $0[seen] }), now < known.token.expiresAt,
            (0..<Self.beliefSeconds).contains(now.timeIntervalSince(known.at))
        {
            return known.token
        }
        let verified: VerifiedToken
        do {
            let signed = try SignedToken(token)
            guard let algorithm = TokenAlgorithm(rawValue: trust.algorithm), signed.algorithm == algorithm.rawValue else {
                throw TokenRefusal.wrongAlgorithm
            }
            guard try await keys(for: signed, algorithm, trust, at: now).contains(where: { $0.verifies(signed) }) else {
                throw TokenRefusal.untrusted
            }
            verified = try TokenClaims(signed.payload).verified(trust, at: now)
        } catch let refusal as TokenRefusal {
            throw refusal.failure
        } catch let failure as QueryFailure {
            throw failure
        } catch {
            throw TokenRefusal.malformed.failure
        }
        believed.withLock { $0[seen] = Believed(token: verified, at: now) }
        return verified
    }

    /// The keys that may have signed the token.
    private func keys(for token: SignedToken, _ algorithm: TokenAlgorithm, _ trust: TokenTrust, at now: Date) async throws(QueryFailure)
        -> [TokenKey]
    {
        guard algorithm != .hs256, trust.publicKey == nil, let url = trust.keySetURL else {
            return await fixedKey(algorithm, trust).map { [$0] } ?? []
        }
        let address: KeySetAddress
        do { address = try KeySetAddress(url) } catch { throw TokenRefusal.untrusted.failure }
        guard let keys = await keySets.keys(address, at: now, wantsNewer: false) else { throw Self.keysUnavailable }
        let known = keys.candidates(algorithm, id: token.keyID)
        guard known.isEmpty else { return known }
        return await keySets.keys(address, at: now, wantsNewer: true)?.candidates(algorithm, id: token.keyID) ?? []
    }

    /// The key that stands in the trust itself, read once.
    private func fixedKey(_ algorithm: TokenAlgorithm, _ trust: TokenTrust) async -> TokenKey? {
        if let key = fixedKeys.withLock({ $0[trust] }) { return key }
        let key: TokenKey? =
            switch algorithm {
            case .hs256: if let secret = trust.secret { await TokenKey(secret: secret) } else { nil }
            case .rs256, .es256:
                if let pem = trust.publicKey, let read = PublicTokenKey(pem: pem, algorithm) { await TokenKey(read) } else { nil }
            }
        if let key { fixedKeys.withLock { $0[trust] = key } }
        return key
    }

    private static let keysUnavailable = QueryFailure(
        503, "TOKEN_KEYS_UNAVAILABLE", "The keys that tokens are verified with cannot be fetched now.", headers: ["Retry-After": "10"])
}
