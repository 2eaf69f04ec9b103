private import Catalog
private import Hummingbird
private import PipeCore

/// The history of an endpoint's query.
package struct QueryEndpointVersionsResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    private static let tag = "Query API endpoints"
    private static let versions = "\(APIPath.queryEndpoint)/versions"

    package func addRoutes(to routes: inout RouteTable) {
        routes.get(
            Self.versions, permission: .viewQueryEndpoints,
            Operation(
                "queryApiEndpointVersionList", "List the versions of an endpoint's query, newest first", tag: Self.tag,
                result: .list(QuerySchemas.endpointVersion)), handler: list)
        routes.get(
            "\(Self.versions)/{version}", permission: .viewQueryEndpoints,
            Operation(
                "queryApiEndpointVersionGet", "Get a version", tag: Self.tag, result: .object(QuerySchemas.endpointVersion)), handler: get)
        routes.post(
            "\(Self.versions)/{version}/publish", permission: .manageQueryEndpoints,
            Operation(
                "queryApiEndpointVersionPublish", "Let a version run, newer or older, after trying it on the service", tag: Self.tag,
                result: .object(QuerySchemas.endpoint)), handler: publish)
    }

    private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let endpoint = try await api.requireQueryEndpoint(context)
        let names = try await keyNames()
        let versions = try await api.catalog.versions(ofQueryEndpoint: endpoint.id)
        return try context.reply(.array(versions.map { EndpointDocument.version($0, running: endpoint.version, names: names) }))
    }

    private func get(_ request: Request, _ context: APIContext) async throws -> Response {
        let endpoint = try await api.requireQueryEndpoint(context)
        let version = try await requireVersion(context, of: endpoint)
        return try context.reply(EndpointDocument.version(version, running: endpoint.version, names: try await keyNames()))
    }

    /// Access has no versions: who may call, with which roles, stays as it is. So what is checked is this query with those roles, and
    /// with the tables that there are now.
    private func publish(_ request: Request, _ context: APIContext) async throws -> Response {
        let endpoint = try await api.requireQueryEndpoint(context)
        let version = try await requireVersion(context, of: endpoint)
        try EndpointAuthority(api: api).requireCover(of: endpoint.roles, service: endpoint.serviceID, by: context.requireCaller())
        var wanted = endpoint
        wanted.query = version.query
        try InvalidConfiguration.check(EndpointRules.problems(of: wanted))
        try await EndpointCheck(api: api, context: context).whole(wanted)
        let published = try await api.catalog.publish(version: version.number, ofQueryEndpoint: endpoint.id, at: api.now())
        guard let published else { throw APIDependencies.missingEndpoint(endpoint.id) }
        await api.recordActivity("query_endpoint_publish", by: context, service: endpoint.serviceID, target: endpoint.id)
        return try context.reply(await api.endpointDocument(request).whole(published))
    }

    private func requireVersion(_ context: APIContext, of endpoint: QueryEndpointRecord) async throws -> QueryEndpointVersionRecord {
        let text = context.parameters.get("version") ?? ""
        guard let number = Int(text), number > 0 else { throw APIError.badRequest("version must be a number from 1") }
        guard let version = try await api.catalog.versions(ofQueryEndpoint: endpoint.id).first(where: { $0.number == number }) else {
            throw APIError.notFound("query API endpoint \(endpoint.id) has no version \(number)")
        }
        return version
    }

    private func keyNames() async throws -> [String: String] {
        Dictionary(try await api.catalog.keys().map { ($0.id, $0.name) }) { first, _ in first }
    }
}
