private import Catalog
private import HTTPTypes
package import Hummingbird

/// What happens before every handler, in this order: authentication, rate limit, organization, authorization.
package struct Dispatcher: Sendable {
    let api: APIDependencies
    let authenticator: Authenticator
    let limiter: RateLimiter?

    package init(api: APIDependencies, authenticator: Authenticator) {
        self.api = api
        self.authenticator = authenticator
        limiter = api.configuration.rateLimit.map { RateLimiter($0) }
    }

    /// Answers a request for `route`.
    package func respond(_ request: Request, _ context: APIContext, route: Route) async throws -> Response {
        var context = context
        context.maxUploadSize = api.configuration.maxBodyBytes
        guard route.access != .open else { return try await route.handler(request, context) }
        let caller = try await authenticator.authenticate(request, context, isUse: route.operation.result != .events)
        context.caller = caller
        let standing = limiter?.count(caller.key.id, at: api.now())
        if let standing, standing.isExceeded {
            throw standing.refusal("this API key has sent more than \(standing.limit) requests; wait \(standing.reset) s")
        }
        var response: Response
        do {
            try check(route, context)
            response = try await route.handler(request, context)
        } catch {
            response = try APIError(error, request: request, context: context).response(from: request, context: context)
        }
        if let standing { response.headers.append(contentsOf: standing.headers) }
        // HTTP keeps caches from keeping what a key asked for, but not what a cookie did.
        if caller.session != nil { response.headers[.cacheControl] = "no-store" }
        return response
    }

    private func check(_ route: Route, _ context: APIContext) throws {
        if let organization = context.parameters.get("organizationId"), try context.uuid("organizationId") != api.organizationID {
            throw APIError.notFound("organization \(organization) does not exist")
        }
        switch route.access {
        case .open, .anyKey: break
        case .permission(let permission):
            let service = context.parameters.get("serviceId") == nil ? nil : try context.uuid("serviceId")
            try context.authorize(permission, service: service)
        case .permissionSomewhere(let permission):
            guard try context.requireCaller().permissions.allowsSomewhere(permission) else { throw APIError.lacking(permission) }
        }
    }
}

extension APIContext {
    /// Throws 403 when the caller does not hold `permission`: on the service, on all services when `service` is nil, or on
    /// the organization when the permission is one of the organization.
    package func authorize(_ permission: Permission, service: String?) throws {
        guard try requireCaller().permissions.allows(permission, service: service) else { throw APIError.lacking(permission) }
    }
}

extension APIError {
    static func lacking(_ permission: Permission) -> APIError {
        .forbidden("this API key lacks the permission \(permission.rawValue)")
    }
}
