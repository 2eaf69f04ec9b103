package import HTTPTypes

/// All operations of the API, in the order documentation shows them.
package struct RouteTable: Sendable {
    package private(set) var routes: [Route] = []

    package init() {}

    package mutating func add(
        _ method: HTTPRequest.Method, _ path: String, access: Route.Access, _ operation: Operation,
        handler: @escaping Route.Handler
    ) {
        routes.append(Route(method: method, path: path, access: access, operation: operation, handler: handler))
    }

    package mutating func get(_ path: String, permission: Permission, _ operation: Operation, handler: @escaping Route.Handler) {
        add(.get, path, access: .permission(permission), operation, handler: handler)
    }

    package mutating func post(_ path: String, permission: Permission, _ operation: Operation, handler: @escaping Route.Handler) {
        add(.post, path, access: .permission(permission), operation, handler: handler)
    }

    package mutating func put(_ path: String, permission: Permission, _ operation: Operation, handler: @escaping Route.Handler) {
        add(.put, path, access: .permission(permission), operation, handler: handler)
    }

    package mutating func patch(_ path: String, permission: Permission, _ operation: Operation, handler: @escaping Route.Handler) {
        add(.patch, path, access: .permission(permission), operation, handler: handler)
    }

    package mutating func delete(_ path: String, permission: Permission, _ operation: Operation, handler: @escaping Route.Handler) {
        add(.delete, path, access: .permission(permission), operation, handler: handler)
    }
}

/// A resource of the API: declares its routes.
package protocol APIResource: Sendable {
    init(api: APIDependencies)
    func addRoutes(to routes: inout RouteTable)
}

/// The path prefixes all resources share.
package enum APIPath {
    package static let organization = "/organizations/{organizationId}"
    package static let service = "/organizations/{organizationId}/services/{serviceId}"
}
