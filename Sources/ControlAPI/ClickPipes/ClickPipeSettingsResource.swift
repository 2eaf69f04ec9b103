private import Catalog
private import Hummingbird
private import PipeCore

/// The ingestion settings of a pipe.
package struct ClickPipeSettingsResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    package func addRoutes(to routes: inout RouteTable) {
        let path = "\(APIPath.pipe)/settings"
        routes.get(
            path, permission: .viewPipes,
            Operation(
                "clickPipeSettingsGet", "All settings of a pipe, defaults included.", tag: "ClickPipes",
                result: .object(PipeSchemas.settings)), handler: get)
        routes.put(
            path, permission: .managePipes,
            Operation(
                "clickPipeSettingsUpdate",
                "Change settings, at once and without a restart. Settings left out stay, null resets one; "
                    + "kafka_read_committed is reset when left out.",
                tag: "ClickPipes", body: .patch(PipeSchemas.settings), result: .object(PipeSchemas.settings)), handler: put)
    }

    private func requireIngestion(_ context: APIContext) async throws -> PipeRecord {
        let pipe = try await api.requirePipe(context)
        if try api.family(of: pipe) == .database { throw APIError.notFound("ingestion for pipe \"\(pipe.id)\" not found") }
        return pipe
    }

    @Sendable private func get(_ request: Request, _ context: APIContext) async throws -> Response {
        let pipe = try await requireIngestion(context)
        return try context.reply(.object(pipe.settings.effective(for: pipe.kind)))
    }

    @Sendable private func put(_ request: Request, _ context: APIContext) async throws -> Response {
        let pipe = try await requireIngestion(context)
        let body = try await jsonBody(request, context: context)
        var problems: [Problem] = []
        var changes = PipeSettings.checked(body, kind: pipe.kind, problems: &problems)
        try InvalidConfiguration.check(problems)
        // As in the cloud: the official client sends this one along with every PUT to keep it.
        if changes["kafka_read_committed"] == nil { changes["kafka_read_committed"] = .null }
        let (settings, now) = (changes, api.now())
        let updated = try await api.catalog.updatePipe(pipe.id) { pipe in
            let merged = pipe.settings.merged(with: settings)
            guard merged != pipe.settings else { return }
            pipe.settings = merged
            pipe.updatedAt = now
        }
        guard let updated else { throw APIError.notFound("ClickPipe \(pipe.id) does not exist") }
        await api.recordActivity("clickpipe_settings_update", by: context, service: pipe.serviceID, target: pipe.id.rawValue)
        return try context.reply(.object(updated.settings.effective(for: updated.kind)))
    }
}
