private import Catalog
private import FoundationEssentials
private import Hummingbird
private import PipeCore

/// Who may run any SQL on a service.
package struct ServiceQueryEndpointResource: APIResource {
    private let api: APIDependencies
    private let authority: EndpointAuthority

    package init(api: APIDependencies) {
        self.api = api
        authority = EndpointAuthority(api: api)
    }

    private static let tag = "Query API endpoints"

    package func addRoutes(to routes: inout RouteTable) {
        let result = Operation.Result.object(QuerySchemas.serviceEndpoint)
        routes.get(
            APIPath.serviceQueryEndpoint, permission: .viewQueryEndpoints,
            Operation("instanceQueryEndpointGet", "Who may run any SQL on a service; 404: nobody", tag: Self.tag, result: result),
            handler: get)
        routes.post(
            APIPath.serviceQueryEndpoint, permission: .manageQueryEndpoints,
            Operation(
                "instanceQueryEndpointUpsert", "Let keys run any SQL on a service; replaces what there was", tag: Self.tag,
                body: .create(QuerySchemas.serviceEndpointRequest), result: result), handler: upsert)
        routes.delete(
            APIPath.serviceQueryEndpoint, permission: .manageQueryEndpoints,
            Operation("instanceQueryEndpointDelete", "Let nobody run SQL of their own on a service", tag: Self.tag, result: .nothing),
            handler: delete)
    }

    private func get(_ request: Request, _ context: APIContext) async throws -> Response {
        try await reply(try await requireEndpoint(context), request, context)
    }

    private func upsert(_ request: Request, _ context: APIContext) async throws -> Response {
        let service = try await api.requireService(context)
        let body = try await checkedBody(request, context: context, QuerySchemas.serviceEndpointRequest, mode: .create)
        let stored = try await api.catalog.serviceQueryEndpoint(service: service.id)
        let now = api.now()
        let wanted = ServiceQueryEndpointRecord(
            id: stored?.id ?? UUID().uuidString.lowercased(), serviceID: service.id,
            apiKeyIDs: (body["openApiKeys"]?.array ?? []).compactMap { $0.string?.lowercased() },
            roles: (body["roles"]?.array ?? []).compactMap(\.string),
            allowedOrigins: AllowedOrigin.split(body["allowedOrigins"]?.string ?? ""), createdAt: now, updatedAt: now)
        var problems = EndpointRules.originProblems(wanted.allowedOrigins, isList: false)
        problems += try await authority.problems(
            binding: wanted.apiKeyIDs, boundBefore: stored?.apiKeyIDs ?? [], field: "openApiKeys", service: service.id)
        try InvalidConfiguration.check(problems)
        try authority.requireCover(of: wanted.roles + (stored?.roles ?? []), service: service.id, by: context.requireCaller())
        try await EndpointCheck(api: api, context: context).roles(wanted.roles, service: service.id)
        let new = try await api.catalog.upsert(wanted)
        await api.recordActivity("query_endpoint_service_update", by: context, service: service.id, target: new.id)
        return try await reply(new, request, context)
    }

    private func delete(_ request: Request, _ context: APIContext) async throws -> Response {
        let endpoint = try await requireEndpoint(context)
        try authority.requireCover(of: endpoint.roles, service: endpoint.serviceID, by: context.requireCaller())
        guard try await api.catalog.deleteServiceQueryEndpoint(service: endpoint.serviceID) else { throw Self.missing(endpoint.serviceID) }
        await api.recordActivity("query_endpoint_service_delete", by: context, service: endpoint.serviceID, target: endpoint.id)
        return try context.reply(nil)
    }

    private func requireEndpoint(_ context: APIContext) async throws -> ServiceQueryEndpointRecord {
        let service = try await api.requireService(context)
        guard let endpoint = try await api.catalog.serviceQueryEndpoint(service: service.id) else { throw Self.missing(service.id) }
        return endpoint
    }

    private static func missing(_ service: String) -> APIError { .notFound("service \(service) has no query endpoint") }

    private func reply(_ endpoint: ServiceQueryEndpointRecord, _ request: Request, _ context: APIContext) async throws -> Response {
        try context.reply(await api.endpointDocument(request).serviceEndpoint(endpoint))
    }
}
