package import Hummingbird
private import PipeCore

/// What happens before every handler, in this order: authentication, rate limit, organization, authorization.
package struct Dispatcher: Sendable {
    let api: APIDependencies
    let authenticator: Authenticator

    package init(api: APIDependencies) {
        self.api = api
        authenticator = Authenticator(api: api)
    }

    /// Answers a request for `route`.
    package func respond(_ request: Request, _ context: APIContext, route: Route) async throws -> Response {
        var context = context
        context.maxUploadSize = api.configuration.maxBodyBytes
        guard route.access != .open else { return try await route.handler(request, context) }
        context.caller = try await authenticator.authenticate(request, context)
        try check(route, context)
        return try await route.handler(request, context)
    }

    private func check(_ route: Route, _ context: APIContext) throws {
        if let organization = context.parameters.get("organizationId"), try context.uuid("organizationId") != api.organizationID {
            throw APIError.notFound("organization \(organization) does not exist")
        }
        guard case .permission(let permission) = route.access else { return }
        let service = context.parameters.get("serviceId") == nil ? nil : try context.uuid("serviceId")
        try context.authorize(permission, service: service)
    }
}

extension APIContext {
    /// Throws 403 when the caller does not hold `permission`: on the service, on all services when `service` is nil, or on
    /// the organization when the permission is one of the organization.
    package func authorize(_ permission: Permission, service: String?) throws {
        guard try requireCaller().permissions.allows(permission, service: service) else {
            throw APIError.forbidden("this API key lacks the permission \(permission.rawValue)")
        }
    }
}
