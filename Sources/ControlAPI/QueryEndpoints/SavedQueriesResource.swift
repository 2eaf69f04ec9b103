private import Catalog
private import FoundationEssentials
private import Hummingbird
private import PipeCore

/// Queries saved under a name.
package struct SavedQueriesResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    private static let tag = "Saved queries"

    package func addRoutes(to routes: inout RouteTable) {
        let whole = Operation.Result.object(QuerySchemas.savedQuery)
        routes.get(
            APIPath.savedQueries, permission: .viewQueryEndpoints,
            Operation(
                "savedQueryList", "List the saved queries of a service", tag: Self.tag, query: Page.parameters,
                result: .list(QuerySchemas.savedQueryItem), envelope: Page.envelope), handler: list)
        routes.post(
            APIPath.savedQueries, permission: .manageQueryEndpoints,
            Operation(
                "savedQueryCreate", "Save a query", tag: Self.tag, body: .create(QuerySchemas.savedQuery), result: whole, isCreation: true),
            handler: create)
        routes.get(
            APIPath.savedQuery, permission: .viewQueryEndpoints,
            Operation("savedQueryGet", "Get a saved query", tag: Self.tag, result: whole)
        ) { _, context in
            try context.reply(document(try await api.requireSavedQuery(context)))
        }
        routes.put(
            APIPath.savedQuery, permission: .manageQueryEndpoints,
            Operation("savedQueryUpdate", "Replace a saved query", tag: Self.tag, body: .create(QuerySchemas.savedQuery), result: whole),
            handler: replace)
        routes.delete(
            APIPath.savedQuery, permission: .manageQueryEndpoints,
            Operation("savedQueryDelete", "Delete a saved query", tag: Self.tag, result: .nothing), handler: delete)
    }

    private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let service = try await api.requireService(context)
        let (page, envelope) = try Page(request, limit: 100).cut(try await api.catalog.savedQueries(service: service.id)) {
            "\(WireDate.string($0.createdAt)) \($0.id)"
        }
        let items = page.map { query -> JSONValue in
            ["id": .string(query.id), "name": .string(query.name), "database": .string(query.database)]
        }
        return try context.reply(.array(items), extra: envelope)
    }

    private func create(_ request: Request, _ context: APIContext) async throws -> Response {
        let service = try await api.requireService(context)
        let now = api.now()
        let query = SavedQueryRecord(
            id: UUID().uuidString.lowercased(), serviceID: service.id, name: "", sql: "", database: "", createdAt: now, updatedAt: now)
        let wanted = try await changed(query, by: request, context)
        try await refusingTakenName(wanted.name) { try await api.catalog.create(wanted) }
        await api.recordActivity("saved_query_create", by: context, service: service.id, target: wanted.id)
        return try context.reply(document(wanted), status: .created)
    }

    private func replace(_ request: Request, _ context: APIContext) async throws -> Response {
        let stored = try await api.requireSavedQuery(context)
        let wanted = try await changed(stored, by: request, context)
        let updated = try await refusingTakenName(wanted.name) { try await api.catalog.updateSavedQuery(stored.id) { $0 = wanted } }
        guard let updated else { throw APIError.notFound("saved query \(stored.id) does not exist") }
        await api.recordActivity("saved_query_update", by: context, service: stored.serviceID, target: stored.id)
        return try context.reply(document(updated))
    }

    private func delete(_ request: Request, _ context: APIContext) async throws -> Response {
        let query = try await api.requireSavedQuery(context)
        guard try await api.catalog.deleteSavedQuery(query.id) else { throw APIError.notFound("saved query \(query.id) does not exist") }
        await api.recordActivity("saved_query_delete", by: context, service: query.serviceID, target: query.id)
        return try context.reply(nil)
    }

    /// `query` as the body wants it. Throws 400 with all problems.
    private func changed(_ query: SavedQueryRecord, by request: Request, _ context: APIContext) async throws -> SavedQueryRecord {
        let given = try await jsonBody(request, context: context.acceptingSQL)
        var problems: [Problem] = []
        let body = QuerySchemas.savedQuery.checked(given, mode: .create, problems: &problems)
        var query = query
        query.name = body["name"]?.string ?? ""
        query.sql = body["sql"]?.string ?? ""
        query.database = body["database"]?.string ?? ""
        query.parameters = (body["parameters"]?.object ?? [:]).compactMapValues(\.string)
        query.updatedAt = api.now()
        problems.add(EndpointRules.problems(of: query))
        try InvalidConfiguration.check(problems)
        return query
    }

    /// The catalog refuses a second query of the same name; a look before the write could not.
    private func refusingTakenName<Value>(_ name: String, _ write: () async throws -> Value) async throws -> Value {
        do {
            return try await write()
        } catch let error as CatalogError where error.code == .conflict {
            throw APIError.conflict("a saved query named '\(name)' exists already on this service")
        }
    }

    private func document(_ query: SavedQueryRecord) -> JSONValue {
        [
            "id": .string(query.id), "name": .string(query.name), "sql": .string(query.sql), "database": .string(query.database),
            "parameters": .object(query.parameters.mapValues { .string($0) }), "createdAt": .string(WireDate.string(query.createdAt)),
            "updatedAt": .string(WireDate.string(query.updatedAt)),
        ]
    }
}
