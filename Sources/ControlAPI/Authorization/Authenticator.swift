package import Catalog
private import FoundationEssentials
package import Hummingbird

/// Finds the key behind a request.
///
/// An unknown key id, a wrong secret, a disabled and an expired key take the same path and get the same answer: two digests,
/// one lookup, one comparison in constant time.
package struct Authenticator: Sendable {
    /// Who was found.
    package struct Found: Sendable {
        package var key: KeyRecord
        package var permissions: PermissionSet
        /// Set when a browser acts for the key.
        package var session: ConsoleSession?
    }

    let api: APIDependencies
    private let digest: @Sendable (String) -> String
    private let equal: @Sendable (String, String) -> Bool
    /// Stands in for the secret's hash of a key that does not exist.
    private let noSecretHash: String
    private let refusals: RateLimiter?
    private let access: AccessDirectory
    package let keyUse: KeyUse

    package init(
        api: APIDependencies, digest: @escaping @Sendable (String) -> String = Digest.of,
        equal: @escaping @Sendable (String, String) -> Bool = Digest.equal
    ) {
        self.api = api
        self.digest = digest
        self.equal = equal
        noSecretHash = digest("no key")
        refusals = api.configuration.refusalLimit.map { RateLimiter($0) }
        access = AccessDirectory(catalog: api.catalog)
        keyUse = KeyUse(catalog: api.catalog, logger: api.logger)
    }

    /// Throws 401 without valid credentials (429 when an address brings too many of them), 403 when the key does not admit
    /// the address.
    ///
    /// Valid credentials pass however many wrong ones came from their address: secrets of 256 bits cannot be guessed, and a
    /// misconfigured neighbour must not lock anybody out.
    ///
    /// - Parameter isUse: false leaves the end of the caller's session where it is.
    package func authenticate(_ request: Request, _ context: APIContext, isUse: Bool = true) async throws -> Caller {
        let address = context.remoteAddress?.ipAddress ?? ""
        let found = try await find(request, from: address, isUse: isUse)
        await keyUse.record(found.key, at: api.now())
        return Caller(
            key: found.key, permissions: found.permissions, ipAddress: address, userAgent: request.headers[.userAgent] ?? "",
            session: found.session)
    }

    /// The same without a note of the key's use: the key of the header `Authorization`, or where there is none that of the session.
    package func find(_ request: Request, from address: String, isUse: Bool = true) async throws -> Found {
        if let token = SessionCookie.acting(for: request) { return try await find(session: token, request, from: address, isUse: isUse) }
        guard let header = request.headers[.authorization], let credentials = Credentials(header: header) else {
            throw APIError.unauthorized("send an API key with HTTP Basic: key id as user, key secret as password")
        }
        return try await find(credentials, from: address)
    }

    private func find(session token: String, _ request: Request, from address: String, isUse: Bool) async throws -> Found {
        guard var session = api.sessions.find(token, at: api.now(), isUse: false) else { throw APIError.unauthorized(Self.sessionEnded) }
        try SameOrigin.check(request, session)
        var found: Found
        do {
            found = try await find(keyIDHash: session.keyIDHash, from: address)
            guard found.key.id == session.keyID else { throw APIError.unauthorized(Self.sessionEnded) }
        } catch let error as APIError {
            // It does not come back with its key.
            if error.status == .unauthorized { api.sessions.close(token) }
            throw error
        }
        // Only now: requests that are refused do not keep a session alive.
        if isUse, !SessionCookie.isUnasked(request), let used = api.sessions.find(token, at: api.now()) { session = used }
        found.session = session
        return found
    }

    /// A key that proved itself before, as it is now. Throws 401 when it may not be used any more, 403 as ``authenticate(_:_:)``.
    package func find(keyIDHash: String, from address: String) async throws -> Found {
        let now = api.now()
        guard let found = try await access.current().keys[keyIDHash], found.key.isEnabled, found.key.expireAt.map({ $0 > now }) ?? true
        else {
            throw APIError.unauthorized(Self.sessionEnded)
        }
        return try admitted(Found(key: found.key, permissions: found.permissions), address)
    }

    private static let sessionEnded = "the session has ended; sign in again"

    private func admitted(_ found: Found, _ address: String) throws -> Found {
        guard Self.admits(found.key.ipAccessList, address) else {
            throw APIError.forbidden("the IP access list of this API key does not admit this address")
        }
        return found
    }

    package func find(_ credentials: Credentials, from address: String) async throws -> Found {
        let now = api.now()
        let secretHash = digest(credentials.keySecret)
        let found = try await access.current().keys[digest(credentials.keyID)]
        let matches = equal(found?.key.secretHash ?? noSecretHash, secretHash)
        guard matches, let found, found.key.isEnabled, found.key.expireAt.map({ $0 > now }) ?? true else {
            throw refusal(of: address, "the API key is unknown, disabled or expired, or its secret is wrong")
        }
        return try admitted(Found(key: found.key, permissions: found.permissions), address)
    }

    /// Whether the list lets the address in. An empty list has no say: unlike in the cloud, where it denies everything, a
    /// key of a private installation works from everywhere until someone restricts it.
    package static func admits(_ list: [IPAccessEntry], _ address: String) -> Bool {
        list.isEmpty || list.contains { IPRange($0.source)?.contains(address) ?? false }
    }

    /// The answer to refused credentials: 401, or 429 when an address brings too many of them.
    package func refusal(of address: String, _ message: String) -> APIError {
        let standing = refusals?.count(address, at: api.now())
        if let standing, standing.isExceeded { return standing.refusal("too many refused credentials from this address") }
        return .unauthorized(message)
    }
}
