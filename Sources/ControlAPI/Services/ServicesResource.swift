private import Catalog
private import FoundationEssentials
private import Hummingbird
private import PipeCore

/// The configured ClickHouse services: what is remembered of them joined with what is known of them now.
package struct ServicesResource: APIResource {
    let api: APIDependencies
    package init(api: APIDependencies) { self.api = api }

    private static let tag = "Service"
    private static let explanation =
        "services come from Penstock's configuration: add or remove one under `services` there and restart"

    package func addRoutes(to routes: inout RouteTable) {
        let services = "\(APIPath.organization)/services"
        routes.add(
            .get, services, access: .permissionSomewhere(.viewService),
            Operation(
                "instanceGetList", "List the services the key may see", tag: Self.tag,
                query: [.init("filter", .text, "`tag:Key` or `tag:Key=Value`; may be repeated. Services have no tags.")],
                result: .list(ServiceSchemas.service)), handler: list)
        routes.post(
            services, permission: .manageOrganization,
            Operation("instanceCreate", "Refused: services come from the configuration", tag: Self.tag, result: .nothing)
        ) { _, _ in throw APIError.badRequest(Self.explanation) }
        routes.get(
            APIPath.service, permission: .viewService,
            Operation("instanceGet", "Get a service", tag: Self.tag, result: .object(ServiceSchemas.service))
        ) { _, context in
            let service = try await api.requireService(context)
            return try context.reply(await document(service))
        }
        routes.patch(
            APIPath.service, permission: .manageService,
            Operation(
                "instanceUpdate", "Rename a service", tag: Self.tag, body: .patch(ServiceSchemas.patch),
                result: .object(ServiceSchemas.service)), handler: update)
        routes.delete(
            APIPath.service, permission: .manageService,
            Operation("instanceDelete", "Refused: services come from the configuration", tag: Self.tag, result: .nothing)
        ) { _, context in
            _ = try await api.requireService(context)
            throw APIError.badRequest(Self.explanation)
        }
        routes.patch(
            "\(APIPath.service)/state", permission: .manageService,
            Operation(
                "instanceStateUpdate", "Start or stop a service", tag: Self.tag, body: .create(ServiceSchemas.state),
                result: .object(ServiceSchemas.service)), handler: changeState)
    }

    private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let filters = request.uri.queryParameters.filter { $0.key == "filter" }.map { String($0.value) }
        if filters.contains(where: { !$0.hasPrefix("tag:") || $0.count == 4 }) {
            throw APIError.badRequest("filter must be tag:Key or tag:Key=Value")
        }
        let permissions = try context.requireCaller().permissions
        // Services have no tags, so nothing passes a tag filter.
        let visible =
            filters.isEmpty ? try await api.catalog.services().filter { permissions.allows(.viewService, service: $0.id) } : []
        let statuses = await api.services.statuses()
        return try context.reply(.array(visible.map { document($0, statuses) }))
    }

    private func update(_ request: Request, _ context: APIContext) async throws -> Response {
        let old = try await api.requireService(context)
        let body = try await checkedBody(request, context: context, ServiceSchemas.patch, mode: .patch)
        let changed = try await api.catalog.updateService(old.id) { service in
            if let name = body["name"]?.string { service.name = name }
        }
        guard let changed else { throw APIError.notFound("service \(old.id) does not exist") }
        if changed.name != old.name { await api.recordActivity("service_update_name", by: context, service: old.id) }
        return try context.reply(await document(changed))
    }

    private func changeState(_ request: Request, _ context: APIContext) async throws -> Response {
        let old = try await api.requireService(context)
        let body = try await checkedBody(request, context: context, ServiceSchemas.state, mode: .create)
        let command = body["command"]?.string ?? ""
        let wanted: WantedState = command == "stop" ? .stopped : .running
        let changed = try await api.catalog.updateService(old.id) { $0.wanted = wanted }
        guard let changed else { throw APIError.notFound("service \(old.id) does not exist") }
        try await api.services.setWanted(wanted, service: old.id)
        let activity = ["start": "service_start", "stop": "service_stop"][command] ?? "service_awaken"
        await api.recordActivity(activity, by: context, service: old.id)
        return try context.reply(await document(changed))
    }

    private func document(_ service: ServiceRecord) async -> JSONValue { document(service, await api.services.statuses()) }

    private func document(_ service: ServiceRecord, _ statuses: [ServiceStatus]) -> JSONValue {
        let status = statuses.first { $0.id == service.id }
        let endpoints = (status?.endpoints ?? []).map { endpoint -> JSONValue in
            [
                "protocol": .string(endpoint.scheme), "host": .string(endpoint.host), "port": .integer(Int64(endpoint.port)),
                "username": endpoint.username.map { .string($0) } ?? .null,
            ]
        }
        return [
            "id": .string(service.id), "name": .string(service.name), "state": .string(status?.state.rawValue ?? "terminated"),
            "clickhouseVersion": status?.version.map { .string($0) } ?? .null, "endpoints": .array(endpoints),
            "createdAt": .string(WireDate.string(service.createdAt)), "idleScaling": false, "ipAccessList": [],
            "isEmbedded": status.map { .bool($0.isEmbedded) } ?? .null, "privateEndpointIds": [], "isPrimary": true, "isReadonly": false,
            "tags": [], "enableCoreDumps": false,
            "autoscalingMode": "vertical", "currentScaling": ["effectiveAutoscalingMode": "vertical"],
        ]
    }
}
