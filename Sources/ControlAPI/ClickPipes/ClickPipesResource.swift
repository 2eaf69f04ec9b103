private import Catalog
private import FoundationEssentials
private import Hummingbird
private import Logging
private import PipeCore

/// Pipes: list, create, get, update, delete.
package struct ClickPipesResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    package func addRoutes(to routes: inout RouteTable) {
        let schemas = PipeSchemas(api.sources)
        let tag = "ClickPipes"
        routes.get(
            APIPath.pipes, permission: .viewPipes,
            Operation("clickPipeGetList", "List the pipes of a service.", tag: tag, result: .list(schemas.pipe)), handler: list)
        routes.post(
            APIPath.pipes, permission: .managePipes,
            Operation(
                "clickPipeCreate", "Create a pipe after testing both of its ends.", tag: tag, body: .create(schemas.create),
                result: .object(schemas.pipe)), handler: create)
        routes.get(
            "\(APIPath.pipes)/context", permission: .viewPipes,
            Operation("clickPipeContextGet", "What pipes of this service can use.", tag: tag, result: .value(.map(.any))),
            handler: environment)
        routes.get(
            APIPath.pipe, permission: .viewPipes, Operation("clickPipeGet", "Get a pipe.", tag: tag, result: .object(schemas.pipe)),
            handler: get)
        routes.patch(
            APIPath.pipe, permission: .managePipes,
            Operation(
                "clickPipeUpdate", "Change a pipe. It restarts when more than name or settings change.", tag: tag,
                body: .patch(schemas.patch), result: .object(schemas.pipe)), handler: update)
        routes.delete(
            APIPath.pipe, permission: .managePipes,
            Operation(
                "clickPipeDelete", "Delete a pipe; its target tables stay.", tag: tag,
                query: [
                    .init(
                        "force", .boolean,
                        "Delete a database pipe also when what it made at its source cannot be removed. Not in ClickHouse Cloud.")
                ], result: .nothing), handler: delete)
    }

    private func document(_ pipe: PipeRecord) -> JSONValue { PipeDocument(pipe, sources: api.sources).value }

    @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let service = try await api.requireService(context)
        return try context.reply(.array(try await api.catalog.pipes(service: service.id).map(document)))
    }

    @Sendable private func get(_ request: Request, _ context: APIContext) async throws -> Response {
        try context.reply(document(try await api.requirePipe(context)))
    }

    /// The cloud answers with the principal of its workload identity here; Penstock has none and names the sources it can run.
    @Sendable private func environment(_ request: Request, _ context: APIContext) async throws -> Response {
        _ = try await api.requireService(context)
        return try context.reply(["runnableSources": .array(api.sources.runnableNames.map(JSONValue.string))])
    }

    @Sendable private func create(_ request: Request, _ context: APIContext) async throws -> Response {
        let service = try await api.requireService(context)
        let body = try await jsonBody(request, context: context)
        let creation = try PipeCreation(
            body, id: PipeID(UUID().uuidString.lowercased()), serviceID: service.id, sources: api.sources,
            privateEndpoints: try await api.privateEndpointIDs(service: service.id), now: api.now())
        let source = try creation.source.runnable(in: api.sources)
        try await api.requireRunning(service.id, "ClickPipe creation is allowed only")
        let pipe = creation.record
        try await api.inspection(context).check(
            try pipe.spec(api.sources), source: source, readsSamples: creation.validatesSamples)
        try await api.catalog.create(pipe)
        if source.family == .database {
            _ = try await api.catalog.updateService(service.id) { service in
                if service.cdcScaling == nil { service.cdcScaling = .initial }
            }
        }
        await api.recordActivity("clickpipe_create", by: context, service: service.id, target: pipe.id.rawValue)
        return try context.reply(document(pipe))
    }

    @Sendable private func update(_ request: Request, _ context: APIContext) async throws -> Response {
        let stored = try await api.requirePipe(context)
        let body = try await jsonBody(request, context: context)
        let endpoints = try await api.privateEndpointIDs(service: stored.serviceID)
        let (sources, now) = (api.sources, api.now())
        let change = try PipeUpdate(body, of: stored, sources: sources, privateEndpoints: endpoints, now: now)
        guard change.isChange else { return try context.reply(document(stored)) }
        if change.needsProbe {
            try await api.inspection(context).check(
                try change.record.spec(sources), source: try change.source.runnable(in: sources),
                readsSamples: change.validatesSamples, known: targets(of: stored))
        }
        // The pipe may have changed while its ends were tested: the body is laid over what is stored now.
        let updated = try await api.catalog.updatePipe(stored.id) { pipe in
            pipe = try PipeUpdate(body, of: pipe, sources: sources, privateEndpoints: endpoints, now: now).record
        }
        guard let updated else { throw APIError.notFound("ClickPipe \(stored.id) does not exist") }
        // A table that comes back later begins with nothing.
        if change.editsTables { try await api.catalog.retainTables(targets(of: updated), of: updated.id) }
        await api.recordActivity("clickpipe_update", by: context, service: stored.serviceID, target: stored.id.rawValue)
        return try context.reply(document(updated))
    }

    /// The targets of a database pipe; empty for others.
    private func targets(of pipe: PipeRecord) -> Set<String> {
        guard let source = try? pipe.spec(api.sources).source as? any DatabaseSource else { return [] }
        return Set(source.mappedTables.map(\.target))
    }

    /// Stops the pipe, lets its source give back what the pipe made there, such as a replication slot, forgets the pipe, and then removes
    /// what it left behind.
    ///
    /// A source that cannot be reached keeps the pipe from being deleted: a slot that nobody reads fills the source's disk.
    /// `force=true` deletes it all the same.
    @Sendable private func delete(_ request: Request, _ context: APIContext) async throws -> Response {
        let pipe = try await api.requirePipe(context)
        let family = try? api.family(of: pipe)
        _ = try await api.catalog.updatePipe(pipe.id) { pipe in
            pipe.wanted = .stopped
            var lifecycle = PipeLifecycle(family: family ?? .streaming, state: pipe.state)
            try lifecycle.apply(.stopRequested)
            pipe.state = lifecycle.state
        }
        await api.pipes.drained(pipe.id)
        let spec = Result { try pipe.spec(api.sources) }
        if case .success(let spec) = spec, let source = spec.source as? any DatabaseSource {
            try await removeTraces(of: pipe, at: source, isForced: request.uri.queryParameters.get("force") == "true", context)
        }
        var isWhole = true
        if case .success(let spec) = spec { isWhole = await api.pipes.finishLoads(of: spec) }
        guard try await api.catalog.deletePipe(pipe.id) else { throw APIError.notFound("ClickPipe \(pipe.id) does not exist") }
        await api.pipes.drained(pipe.id)
        do {
            // What could not be finished stays in staging for a person to move.
            if isWhole { await api.pipes.cleanUp(after: try spec.get()) }
        } catch {
            context.logger.warning(
                "a deleted pipe could not be decoded, so nothing it left behind was removed",
                metadata: ["pipe": "\(pipe.id)", "kind": "\(pipe.kind)", "error": "\(error)"])
        }
        await api.recordActivity("clickpipe_delete", by: context, service: pipe.serviceID, target: pipe.id.rawValue)
        return try context.reply(nil)
    }

    private func removeTraces(of pipe: PipeRecord, at source: any DatabaseSource, isForced: Bool, _ context: APIContext) async throws {
        do {
            try await source.removeTraces(of: pipe.id, checkpoint: try await api.catalog.load(pipe.id))
        } catch let error as PipeError where error.disposition != .bug {
            guard isForced else {
                throw APIError.failedDependency(
                    "what the pipe made at its source could not be removed: \(error.message). The pipe is paused; repeat the request, or add ?force=true to delete it and remove the rest by hand"
                )
            }
            context.logger.warning(
                "a pipe was deleted by force; what it made at its source may be there still",
                metadata: ["pipe": "\(pipe.id)", "error": "\(error)"])
        }
    }
}
