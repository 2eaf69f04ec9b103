package import Catalog
private import FoundationEssentials
package import Hummingbird
private import Logging

/// Finds the key behind a request.
///
/// An unknown key id, a wrong secret, a disabled and an expired key take the same path and get the same answer: two digests,
/// one lookup, one comparison in constant time.
package struct Authenticator: Sendable {
    let api: APIDependencies
    private let digest: @Sendable (String) -> String
    private let equal: @Sendable (String, String) -> Bool
    /// Stands in for the secret's hash of a key that does not exist.
    private let noSecretHash: String
    private let refusals: RateLimiter?
    private let keyUse: KeyUse

    package init(
        api: APIDependencies, digest: @escaping @Sendable (String) -> String = Digest.of,
        equal: @escaping @Sendable (String, String) -> Bool = Digest.equal
    ) {
        self.api = api
        self.digest = digest
        self.equal = equal
        noSecretHash = digest("no key")
        refusals = api.configuration.refusalLimit.map { RateLimiter($0) }
        keyUse = KeyUse(catalog: api.catalog)
    }

    /// Throws 401 without valid credentials (429 when an address brings too many of them), 403 when the key does not admit
    /// the address.
    ///
    /// Valid credentials pass however many wrong ones came from their address: secrets of 256 bits cannot be guessed, and a
    /// misconfigured neighbour must not lock anybody out.
    package func authenticate(_ request: Request, _ context: APIContext) async throws -> Caller {
        let address = context.remoteAddress?.ipAddress ?? ""
        guard let header = request.headers[.authorization], let credentials = Credentials(header: header) else {
            throw APIError.unauthorized("send an API key with HTTP Basic: key id as user, key secret as password")
        }
        let now = api.now()
        let secretHash = digest(credentials.keySecret)
        let key = try await api.catalog.key(idHash: digest(credentials.keyID))
        let matches = equal(key?.secretHash ?? noSecretHash, secretHash)
        guard matches, let key, key.isEnabled, key.expireAt.map({ $0 > now }) ?? true else {
            throw refusal(of: address, "the API key is unknown, disabled or expired, or its secret is wrong")
        }
        guard Self.admits(key.ipAccessList, address) else {
            throw APIError.forbidden("the IP access list of this API key does not admit this address")
        }
        let permissions = try await RoleDirectory(api: api).permissions(of: key)
        await keyUse.record(key, at: now, logger: context.logger)
        return Caller(key: key, permissions: permissions, ipAddress: address, userAgent: request.headers[.userAgent] ?? "")
    }

    /// Whether the list lets the address in. An empty list has no say: unlike in the cloud, where it denies everything, a
    /// key of a private installation works from everywhere until someone restricts it.
    package static func admits(_ list: [IPAccessEntry], _ address: String) -> Bool {
        list.isEmpty || list.contains { IPRange($0.source)?.contains(address) ?? false }
    }

    private func refusal(of address: String, _ message: String) -> APIError {
        let standing = refusals?.count(address, at: api.now())
        if let standing, standing.isExceeded { return standing.refusal("too many refused credentials from this address") }
        return .unauthorized(message)
    }
}
