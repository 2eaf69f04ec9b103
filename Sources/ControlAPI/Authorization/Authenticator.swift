private import Catalog
package import Hummingbird
private import Logging

/// Finds the key behind a request.
package struct Authenticator: Sendable {
    let api: APIDependencies
    /// Stands in for the hash of a key that does not exist, so that an unknown id takes the same path as a wrong secret.
    private let noKey = Digest.of("no key")

    package init(api: APIDependencies) { self.api = api }

    /// Throws 401 without valid credentials, 403 for an address the key does not admit.
    package func authenticate(_ request: Request, _ context: APIContext) async throws -> Caller {
        guard let header = request.headers[.authorization], let credentials = Credentials(header: header) else {
            throw APIError.unauthorized()
        }
        let secretHash = Digest.of(credentials.keySecret)
        let key = try await api.catalog.key(idHash: Digest.of(credentials.keyID))
        let matches = Digest.equal(key?.secretHash ?? noKey, secretHash)
        guard matches, let key, key.isEnabled, key.expireAt.map({ $0 > api.now() }) ?? true else {
            throw APIError.unauthorized()
        }
        return Caller(
            key: key, permissions: try await RoleDirectory(api: api).permissions(of: key),
            ipAddress: context.remoteAddress?.ipAddress ?? "", userAgent: request.headers[.userAgent] ?? "")
    }
}
