private import Catalog
private import FoundationEssentials
private import Hummingbird
private import PipeCore

/// Reverse private endpoints: stored, named by pipes, and without effect; see ``PrivateEndpoint``.
package struct PrivateEndpointsResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    package func addRoutes(to routes: inout RouteTable) {
        let list = "\(APIPath.service)/clickpipesReversePrivateEndpoints"
        let one = "\(list)/{reversePrivateEndpointId}"
        let tag = "ClickPipes"
        let result = Operation.Result.object(PrivateEndpoint.schema)
        routes.get(
            list, permission: .viewPipes,
            Operation(
                "clickPipeReversePrivateEndpointGetList", "List the reverse private endpoints of a service.", tag: tag,
                result: .list(PrivateEndpoint.schema)), handler: getList)
        routes.post(
            list, permission: .managePipes,
            Operation(
                "clickPipeReversePrivateEndpointCreate", "Store a reverse private endpoint. No connection is made.", tag: tag,
                body: .create(PrivateEndpoint.create), result: result), handler: create)
        routes.get(
            one, permission: .viewPipes,
            Operation("clickPipeReversePrivateEndpointGet", "Get a reverse private endpoint.", tag: tag, result: result), handler: get)
        routes.patch(
            one, permission: .managePipes,
            Operation(
                "clickPipeReversePrivateEndpointUpdate", "Replace the private DNS names of an endpoint.", tag: tag,
                body: .patch(PrivateEndpoint.update), result: result), handler: update)
        routes.delete(
            one, permission: .managePipes,
            Operation(
                "clickPipeReversePrivateEndpointDelete", "Delete a reverse private endpoint that no pipe names.", tag: tag,
                result: .nothing), handler: delete)
    }

    private func require(_ context: APIContext) async throws -> PrivateEndpointRecord {
        let service = try await api.requireService(context)
        let id = context.parameters.get("reversePrivateEndpointId") ?? ""
        let found = try await api.catalog.privateEndpoints(service: service.id).first { $0.id == id.lowercased() }
        guard let found else { throw APIError.notFound("reverse private endpoint \(id) does not exist") }
        return found
    }

    private func names(of service: String, except id: String = "") async throws -> Set<String> {
        Set(try await api.catalog.privateEndpoints(service: service).filter { $0.id != id }.flatMap { PrivateEndpoint.names($0.document) })
    }

    @Sendable private func getList(_ request: Request, _ context: APIContext) async throws -> Response {
        let service = try await api.requireService(context)
        return try context.reply(.array(try await api.catalog.privateEndpoints(service: service.id).map(Self.document)))
    }

    @Sendable private func get(_ request: Request, _ context: APIContext) async throws -> Response {
        try context.reply(Self.document(try await require(context)))
    }

    @Sendable private func create(_ request: Request, _ context: APIContext) async throws -> Response {
        let service = try await api.requireService(context)
        let body = try await jsonBody(request, context: context)
        let names = try await names(of: service.id)
        let endpoint = PrivateEndpointRecord(
            id: UUID().uuidString.lowercased(), serviceID: service.id,
            document: try PrivateEndpoint.created(body, namesInUse: names), createdAt: api.now())
        try await api.catalog.create(endpoint)
        await api.recordActivity(
            "clickpipe_reverse_private_endpoint_create", by: context, service: service.id, target: endpoint.id)
        return try context.reply(Self.document(endpoint))
    }

    @Sendable private func update(_ request: Request, _ context: APIContext) async throws -> Response {
        let stored = try await require(context)
        let body = try await jsonBody(request, context: context)
        let names = try await names(of: stored.serviceID, except: stored.id)
        let updated = try await api.catalog.updatePrivateEndpoint(stored.id) { endpoint in
            endpoint.document = try PrivateEndpoint.updated(endpoint.document, with: body, namesInUse: names)
        }
        guard let updated else { throw APIError.notFound("reverse private endpoint \(stored.id) does not exist") }
        await api.recordActivity(
            "clickpipe_reverse_private_endpoint_update", by: context, service: stored.serviceID, target: stored.id)
        return try context.reply(Self.document(updated))
    }

    @Sendable private func delete(_ request: Request, _ context: APIContext) async throws -> Response {
        let stored = try await require(context)
        let users = try await api.catalog.pipes(service: stored.serviceID).filter {
            PrivateEndpoint.named(by: $0.source).contains(stored.id)
        }
        if !users.isEmpty {
            throw APIError.conflict(
                "reverse private endpoint \(stored.id) is named by ClickPipe \(users.map(\.id.rawValue).joined(separator: ", "))")
        }
        guard try await api.catalog.deletePrivateEndpoint(stored.id) else {
            throw APIError.notFound("reverse private endpoint \(stored.id) does not exist")
        }
        await api.recordActivity(
            "clickpipe_reverse_private_endpoint_delete", by: context, service: stored.serviceID, target: stored.id)
        return try context.reply(nil)
    }

    private static func document(_ endpoint: PrivateEndpointRecord) -> JSONValue {
        var document = endpoint.document
        document["id"] = .string(endpoint.id)
        document["serviceId"] = .string(endpoint.serviceID)
        document["dnsNames"] = []
        document["privateDnsNames"] = []
        document["status"] = .string(PrivateEndpoint.status)
        document["statusMessage"] = .string(PrivateEndpoint.statusMessage)
        return document
    }
}
