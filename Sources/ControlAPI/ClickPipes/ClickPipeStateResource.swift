private import Catalog
private import Hummingbird
private import PipeCore

/// Starting, stopping, resynchronising and scaling a pipe.
package struct ClickPipeStateResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    package func addRoutes(to routes: inout RouteTable) {
        let schemas = PipeSchemas(api.sources)
        routes.patch(
            "\(APIPath.pipe)/state", permission: .managePipes,
            Operation(
                "clickPipeStateUpdate", "Start, stop or resynchronise a pipe.", tag: "ClickPipes", body: .patch(PipeSchemas.state),
                result: .object(schemas.pipe)), handler: setState)
        routes.patch(
            "\(APIPath.pipe)/scaling", permission: .managePipes,
            Operation(
                "clickPipeScalingUpdate", "Resize a streaming or object storage pipe.", tag: "ClickPipes",
                body: .patch(PipeSchemas.scalingPatch), result: .object(schemas.pipe)), handler: scale)
    }

    @Sendable private func setState(_ request: Request, _ context: APIContext) async throws -> Response {
        let pipe = try await api.requirePipe(context)
        let body = try await jsonBody(request, context: context)
        let command = try PipeCommand(body)
        let updated =
            switch command {
            case .start: try await start(pipe)
            case .stop: try await stop(pipe)
            case .resync: try await resync(pipe, targets: Self.tables(body), context)
            }
        await api.recordActivity("clickpipe_\(command.rawValue)", by: context, service: pipe.serviceID, target: pipe.id.rawValue)
        return try context.reply(PipeDocument(updated, sources: api.sources).value)
    }

    private func start(_ pipe: PipeRecord) async throws -> PipeRecord {
        _ = try runnable(pipe)
        let now = api.now()
        return try await change(pipe, to: .startRequested) { pipe in
            pipe.wanted = .running
            pipe.stateMessage = nil
            pipe.updatedAt = now
        }
    }

    private func stop(_ pipe: PipeRecord) async throws -> PipeRecord {
        let now = api.now()
        return try await change(pipe, to: .stopRequested) { pipe in
            pipe.wanted = .stopped
            pipe.updatedAt = now
        }
    }

    /// The tables that a resync is meant for; nil: all.
    private static func tables(_ body: JSONValue) throws(InvalidConfiguration) -> [String]? {
        guard let given = body["tables"], !given.isNull else { return nil }
        var problems: [Problem] = []
        let checked = PipeSchemas.resyncTables.checked(given, at: FieldPath("tables"), mode: .create, problems: &problems)
        try InvalidConfiguration.check(problems)
        return checked.array?.compactMap(\.string)
    }

    /// Loads a database pipe, or some of its tables, anew: the reader ends, the source decides from where it goes on, and it starts with a
    /// copy into tables that take the place of the old ones.
    private func resync(_ pipe: PipeRecord, targets: [String]?, _ context: APIContext) async throws -> PipeRecord {
        guard try api.family(of: pipe) == .database else {
            throw APIError.badRequest("resync is only for database pipes; this one reads \(pipe.kind)")
        }
        let source = try runnable(pipe)
        if let source = source as? any DatabaseSource {
            let mapped = Set(source.mappedTables.map(\.target))
            try InvalidConfiguration.check(
                (targets ?? []).enumerated().filter { !mapped.contains($0.element) }.map {
                    Problem("tables[\($0.offset)]", "'\($0.element)' is not a target of this pipe")
                })
            // Its tables are not compared with those that exist: new ones take their place.
            let failures = await source.probe(ProbeContext()).filter { $0.severity == .failure }
            try InvalidConfiguration.check(failures.map { Problem($0.field, $0.message) })
        } else if targets != nil {
            throw APIError.badRequest("tables: a \(pipe.kind) pipe is resynchronised as a whole")
        }
        _ = try await stop(pipe)
        await api.pipes.drained(pipe.id)
        if let source = source as? any DatabaseSource {
            try await restart(pipe, source, targets: targets)
        } else {
            try await api.catalog.reset(pipe.id)
        }
        let now = api.now()
        return try await change(pipe, to: .resyncRequested) { pipe in
            pipe.wanted = .running
            pipe.generation += 1
            pipe.stateMessage = nil
            pipe.updatedAt = now
        }
    }

    private func restart(_ pipe: PipeRecord, _ source: any DatabaseSource, targets: [String]?) async throws {
        do {
            let checkpoint = try await source.resynced(try await api.catalog.load(pipe.id), of: pipe.id, targets: targets)
            try await api.catalog.replace(checkpoint, of: pipe.id)
        } catch let error as PipeError where error.disposition != .bug {
            let message = "\(error.message); the pipe is paused"
            throw error.disposition == .retry ? APIError.failedDependency(message) : APIError.badRequest(message)
        }
        let kept = Set(source.mappedTables.map(\.target)).subtracting(targets ?? source.mappedTables.map(\.target))
        try await api.catalog.retainTables(kept, of: pipe.id)
    }

    /// Applies a request to the stored pipe's state machine, and `change` where the state did change.
    private func change(
        _ pipe: PipeRecord, to event: PipeLifecycle.Event, _ change: @escaping @Sendable (inout PipeRecord) -> Void
    ) async throws -> PipeRecord {
        let family = try api.family(of: pipe)
        let updated = try await api.catalog.updatePipe(pipe.id) { pipe in
            var lifecycle = PipeLifecycle(family: family, state: pipe.state)
            do throws(PipeLifecycle.Refusal) {
                try lifecycle.apply(event)
            } catch {
                throw Self.answer(to: error, pipe: pipe.id, family: family)
            }
            guard lifecycle.state != pipe.state else { return }
            pipe.state = lifecycle.state
            change(&pipe)
        }
        guard let updated else { throw APIError.notFound("ClickPipe \(pipe.id) does not exist") }
        return updated
    }

    private static func answer(to refusal: PipeLifecycle.Refusal, pipe: PipeID, family: PipeFamily) -> APIError {
        switch refusal {
        case .alreadyRunning: .badRequest("\(pipe) ClickPipe is already running")
        case .completed where family == .database: .badRequest("\(pipe) ClickPipe is Completed; only resync is possible")
        case .completed: .badRequest("\(pipe) ClickPipe is Completed and cannot be started again; create a new one")
        }
    }

    private func runnable(_ pipe: PipeRecord) throws -> any RunnableSource {
        let spec = try pipe.spec(api.sources)
        return try CheckedSource(document: [:], configuration: spec.source).runnable(in: api.sources)
    }

    @Sendable private func scale(_ request: Request, _ context: APIContext) async throws -> Response {
        let pipe = try await api.requirePipe(context)
        let body = try await jsonBody(request, context: context)
        let family = try api.family(of: pipe)
        let now = api.now()
        let updated = try await api.catalog.updatePipe(pipe.id) { pipe in
            guard family != .database, let current = pipe.scaling else {
                throw InvalidConfiguration([.scalingOfDatabasePipe])
            }
            var problems: [Problem] = []
            let scaling = current.patched(body, family: family, problems: &problems)
            try InvalidConfiguration.check(problems)
            guard scaling != current else { return }
            pipe.scaling = scaling
            pipe.generation += 1
            pipe.updatedAt = now
        }
        guard let updated else { throw APIError.notFound("ClickPipe \(pipe.id) does not exist") }
        await api.recordActivity("clickpipe_scale", by: context, service: pipe.serviceID, target: pipe.id.rawValue)
        return try context.reply(PipeDocument(updated, sources: api.sources).value)
    }
}
