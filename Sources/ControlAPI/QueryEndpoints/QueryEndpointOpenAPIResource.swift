private import Catalog
private import Hummingbird
private import PipeCore

/// OpenAPI documents of what endpoints serve.
package struct QueryEndpointOpenAPIResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    private static let tag = "Query API endpoints"

    package func addRoutes(to routes: inout RouteTable) {
        routes.get(
            "\(APIPath.queryEndpoints)/openapi", permission: .viewQueryEndpoints,
            Operation("queryApiEndpointListOpenAPI", "OpenAPI document of all endpoints of a service", tag: Self.tag, result: .document)
        ) { request, context in
            let service = try await api.requireService(context)
            let endpoints = try await api.catalog.queryEndpoints(service: service.id)
            let newest = endpoints.map(\.updatedAt).max().map(WireDate.string)
            return try document(endpoints, title: "Query API endpoints of \(service.name)", version: newest ?? "0", request)
        }
        routes.get(
            "\(APIPath.queryEndpoint)/openapi", permission: .viewQueryEndpoints,
            Operation("queryApiEndpointOpenAPI", "OpenAPI document of an endpoint", tag: Self.tag, result: .document)
        ) { request, context in
            let endpoint = try await api.requireQueryEndpoint(context)
            return try document([endpoint], title: endpoint.name, version: String(endpoint.version), request)
        }
    }

    private func document(_ endpoints: [QueryEndpointRecord], title: String, version: String, _ request: Request) throws -> Response {
        try .json(EndpointOpenAPI(endpoints, base: api.publicBase(of: request), title: title, version: version).document())
    }
}
