private import Catalog
private import FoundationEssentials
private import Hummingbird
private import PipeCore

/// Query API endpoints: list, create, get, replace, delete.
package struct QueryEndpointsResource: APIResource {
    private let api: APIDependencies
    private let authority: EndpointAuthority

    package init(api: APIDependencies) {
        self.api = api
        authority = EndpointAuthority(api: api)
    }

    private static let tag = "Query API endpoints"

    package func addRoutes(to routes: inout RouteTable) {
        let whole = Operation.Result.object(QuerySchemas.endpoint)
        routes.get(
            APIPath.queryEndpoints, permission: .viewQueryEndpoints,
            Operation(
                "queryApiEndpointList", "List the query API endpoints of a service", tag: Self.tag, query: Page.parameters,
                result: .list(QuerySchemas.endpointItem), envelope: Page.envelope), handler: list)
        routes.post(
            APIPath.queryEndpoints, permission: .manageQueryEndpoints,
            Operation(
                "queryApiEndpointCreate", "Publish a query after trying it on the service", tag: Self.tag,
                body: .create(QuerySchemas.endpointCreate), result: whole, isCreation: true), handler: create)
        routes.get(
            APIPath.queryEndpoint, permission: .viewQueryEndpoints,
            Operation("queryApiEndpointGet", "Get an endpoint", tag: Self.tag, result: whole)
        ) { request, context in
            let endpoint = try await api.requireQueryEndpoint(context)
            return try context.reply(await api.endpointDocument(request).whole(endpoint))
        }
        routes.put(
            APIPath.queryEndpoint, permission: .manageQueryEndpoints,
            Operation(
                "queryApiEndpointUpdate", "Replace an endpoint; a changed query is a new version", tag: Self.tag,
                body: .create(QuerySchemas.endpointReplace), result: whole), handler: replace)
        routes.delete(
            APIPath.queryEndpoint, permission: .manageQueryEndpoints,
            Operation("queryApiEndpointDelete", "Delete an endpoint and its versions", tag: Self.tag, result: .nothing), handler: delete)
    }

    private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let service = try await api.requireService(context)
        let (page, envelope) = try Page(request, limit: 100).cut(try await api.catalog.queryEndpoints(service: service.id)) {
            "\(WireDate.string($0.createdAt)) \($0.id)"
        }
        let document = try await api.endpointDocument(request)
        return try context.reply(.array(page.map(document.item)), extra: envelope)
    }

    private func create(_ request: Request, _ context: APIContext) async throws -> Response {
        let service = try await api.requireService(context)
        let caller = try context.requireCaller()
        let body = try await jsonBody(request, context: context.acceptingSQL)
        var problems: [Problem] = []
        let change = EndpointChange(
            creating: body, id: UUID().uuidString.lowercased(), service: service.id, now: api.now(), problems: &problems)
        let wanted = change.record
        try await check(wanted, replacing: nil, problems, by: caller)
        try await EndpointCheck(api: api, context: context).whole(wanted)
        try await api.catalog.create(wanted, author: caller.key.id)
        await api.recordActivity("query_endpoint_create", by: context, service: service.id, target: wanted.id)
        return try context.reply(await api.endpointDocument(request).whole(wanted), status: .created)
    }

    private func replace(_ request: Request, _ context: APIContext) async throws -> Response {
        let stored = try await api.requireQueryEndpoint(context)
        let caller = try context.requireCaller()
        let body = try await jsonBody(request, context: context.acceptingSQL)
        let now = api.now()
        var problems: [Problem] = []
        let change = EndpointChange(replacing: stored, with: body, now: now, problems: &problems)
        let wanted = change.record
        try await check(wanted, replacing: stored, problems, by: caller)
        try await EndpointCheck(api: api, context: context).whole(wanted)
        var kept: Int?
        let updated: QueryEndpointRecord?
        if change.publishes {
            updated = try await update(stored, to: wanted, by: caller) { _ in wanted.query }
        } else {
            updated = try await update(stored, to: wanted, by: caller) { $0.query }
            if let updated, updated.query != wanted.query { kept = try await keep(wanted, by: caller) }
        }
        guard let updated else { throw APIDependencies.missingEndpoint(stored.id) }
        await api.recordActivity("query_endpoint_update", by: context, service: stored.serviceID, target: stored.id)
        return try context.reply(await api.endpointDocument(request).whole(updated, keptVersion: kept))
    }

    /// Writes `wanted` with the query that `query` chooses for the endpoint as it is in the catalog now.
    private func update(
        _ stored: QueryEndpointRecord, to wanted: QueryEndpointRecord, by caller: Caller,
        query: @escaping @Sendable (QueryEndpointRecord) -> EndpointQuery
    ) async throws -> QueryEndpointRecord? {
        try await api.catalog.updateQueryEndpoint(stored.id, author: caller.key.id) { endpoint in
            // What was checked is a change of `stored`; a change that somebody else made meanwhile was not looked at.
            guard endpoint == stored else { throw APIError.conflict("the endpoint was changed by another request; read it and try again") }
            endpoint = wanted
            endpoint.query = query(stored)
        }
    }

    /// The number of an unpublished version with this query; sending the same body twice keeps one.
    private func keep(_ wanted: QueryEndpointRecord, by caller: Caller) async throws -> Int? {
        if let newest = try await api.catalog.versions(ofQueryEndpoint: wanted.id).first, newest.query == wanted.query {
            return newest.number
        }
        let version = try await api.catalog.addVersion(
            wanted.query, toQueryEndpoint: wanted.id, author: caller.key.id, at: wanted.updatedAt)
        return version?.number
    }

    private func delete(_ request: Request, _ context: APIContext) async throws -> Response {
        let endpoint = try await api.requireQueryEndpoint(context)
        try authority.requireCover(of: endpoint.roles, service: endpoint.serviceID, by: context.requireCaller())
        guard try await api.catalog.deleteQueryEndpoint(endpoint.id) else { throw APIDependencies.missingEndpoint(endpoint.id) }
        await api.recordActivity("query_endpoint_delete", by: context, service: endpoint.serviceID, target: endpoint.id)
        return try context.reply(nil)
    }

    /// Everything that needs no ClickHouse. Throws 400 with all problems, those of the body's shape (`found`) included, then 403.
    private func check(
        _ wanted: QueryEndpointRecord, replacing stored: QueryEndpointRecord?, _ found: [Problem], by caller: Caller
    ) async throws {
        var problems = found
        problems.add(EndpointRules.problems(of: wanted))
        problems.add(
            try await authority.problems(
                binding: wanted.apiKeyIDs, boundBefore: stored?.apiKeyIDs ?? [], field: "apiKeyIds", service: wanted.serviceID))
        try InvalidConfiguration.check(problems)
        try authority.requireCover(of: wanted.roles + (stored?.roles ?? []), service: wanted.serviceID, by: caller)
        try authority.requireTrust(wanted.tokens, replacing: stored?.tokens, service: wanted.serviceID, by: caller)
    }
}
