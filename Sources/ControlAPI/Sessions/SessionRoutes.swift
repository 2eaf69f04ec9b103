import Catalog
import HTTPTypes
import Hummingbird
import PipeCore

/// Sign-in of the console: an API key, or the code of a one-time link, is exchanged for a session.
struct SessionRoutes: Sendable {
    private let api: APIDependencies
    private let authenticator: Authenticator
    /// Sign-ins of a key, and refusals of an address that brings a valid one: each is a line of the audit log.
    private let signIns: RateLimiter?

    init(api: APIDependencies, authenticator: Authenticator) {
        self.api = api
        self.authenticator = authenticator
        signIns = api.configuration.refusalLimit.map { RateLimiter($0) }
    }

    private static let path: RouterPath = "/console/session"

    func add(to router: Router<APIContext>) {
        router.on(Self.path, method: .post) { request, context in try await open(request, context) }
        router.on(Self.path, method: .get) { request, context in try await show(request, context) }
        router.on(Self.path, method: .delete) { request, context in try await close(request, context) }
    }

    private static let body = ObjectSchema(
        "ConsoleSessionPostRequest", "Either a key, or a code.",
        fields: [
            Field("keyId", .text, "Id of an API key."), Field("keySecret", .string, "Its secret.", .secret),
            Field("code", .string, "Code of a one-time link.", .secret),
        ])

    private func open(_ request: Request, _ context: APIContext) async throws -> Response {
        // Without this, a form of another site could sign a browser in.
        guard request.headers[.contentType]?.lowercased().hasPrefix("application/json") == true else {
            throw APIError.badRequest("the content type must be application/json")
        }
        try SameOrigin.check(request)
        let body = try await checkedBody(request, context: context, Self.body, mode: .create)
        let address = context.remoteAddress?.ipAddress ?? ""
        let found: Authenticator.Found
        do {
            found = try await admit(body, from: address)
        } catch let error as APIError {
            if error.status == .forbidden { try limit("address \(address)") }
            // Not beyond the limit of refusals (429), or guesses would fill the audit log.
            if [.unauthorized, .forbidden].contains(error.status) {
                await api.recordSignIn("user_login_failed", of: nil, request, context)
            }
            throw error
        }
        try limit("key \(found.key.id)")
        await authenticator.keyUse.record(found.key, at: api.now())
        await api.recordSignIn("user_login", of: found.key, request, context)
        let (token, session) = api.sessions.open(keyID: found.key.id, keyIDHash: found.key.keyIDHash, at: api.now())
        var response = try context.reply(await document(found, session), headers: Self.unkept)
        response.headers[.setCookie] = SessionCookie.header(token, for: request, isSecure: isSecure)
        return response
    }

    /// Answers hold the session's token.
    private static let unkept: HTTPFields = [.cacheControl: "no-store"]

    /// Throws 429 when there were too many.
    private func limit(_ name: String) throws {
        guard let standing = signIns?.count(name, at: api.now()), standing.isExceeded else { return }
        throw standing.refusal("too many sign-ins with this key; wait \(Int(standing.reset.rounded(.up))) s")
    }

    /// Whose key or code it is. Throws 400 for a body without either, 401, 403 and 429 as ``Authenticator``.
    private func admit(_ body: JSONValue, from address: String) async throws -> Authenticator.Found {
        if let code = body["code"]?.string {
            guard let keyIDHash = api.sessions.redeem(code, at: api.now()) else {
                throw authenticator.refusal(of: address, "this link was used before or is older than an hour; sign in with a key")
            }
            return try await authenticator.find(keyIDHash: keyIDHash, from: address)
        }
        var problems: [Problem] = []
        for name in ["keyId", "keySecret"] where body[name]?.string == nil {
            problems.append(Problem(FieldPath(name), "is required, unless there is a code"))
        }
        try InvalidConfiguration.check(problems)
        return try await authenticator.find(
            Credentials(keyID: body["keyId"]?.string ?? "", keySecret: body["keySecret"]?.string ?? ""), from: address)
    }

    private func show(_ request: Request, _ context: APIContext) async throws -> Response {
        // Each window asks when it opens or connects again, whether somebody is there or not.
        let found = try await authenticator.find(request, from: context.remoteAddress?.ipAddress ?? "", isUse: false)
        guard let session = found.session else { throw APIError.unauthorized("there is no session; sign in") }
        return try context.reply(await document(found, session), headers: Self.unkept)
    }

    private func close(_ request: Request, _ context: APIContext) async throws -> Response {
        let found = try await authenticator.find(request, from: context.remoteAddress?.ipAddress ?? "")
        guard found.session != nil, let token = SessionCookie.token(of: request) else { throw APIError.unauthorized("there is no session") }
        api.sessions.close(token)
        await api.recordSignIn("user_logout", of: found.key, request, context)
        var response = try context.reply(nil)
        response.headers[.setCookie] = SessionCookie.header(nil, for: request, isSecure: isSecure)
        return response
    }

    private var isSecure: Bool { api.configuration.tls != nil || api.configuration.publicURL?.hasPrefix("https:") == true }

    /// What the console shows and offers follows from it; what is allowed is decided with each request.
    private func document(_ found: Authenticator.Found, _ session: ConsoleSession) async throws -> JSONValue {
        var services: [String: JSONValue] = [:]
        for service in try await api.catalog.services() {
            services[service.id] = names(Permission.allCases.filter { $0.isOfService && found.permissions.allows($0, service: service.id) })
        }
        return [
            "csrfToken": .string(session.csrfToken), "expiresAt": .string(WireDate.string(api.sessions.expiry(of: session))),
            "key": ["id": .string(found.key.id), "name": .string(found.key.name)],
            "organization": [
                "id": .string(api.organizationID), "name": .string(try await api.catalog.organization()?.name ?? ""),
            ],
            "permissions": names(Permission.allCases.filter { !$0.isOfService && found.permissions.allows($0, service: nil) }),
            "services": .object(services),
        ]
    }

    private func names(_ permissions: [Permission]) -> JSONValue { .array(permissions.map { .string($0.rawValue) }) }
}
