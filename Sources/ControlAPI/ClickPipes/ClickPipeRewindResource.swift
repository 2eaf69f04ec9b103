private import Catalog
private import Hummingbird
package import PipeCore

/// Reading a stretch of a source again, or leaving one out. Not in ClickHouse Cloud.
package struct ClickPipeRewindResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    package func addRoutes(to routes: inout RouteTable) {
        let targets = api.sources.kinds.compactMap { type in
            (type as? any RewindableSource.Type).map { Field($0.kind, .object($0.rewindTarget), "For a \($0.kind) source.") }
        }
        let shape = ObjectSchema(
            "ClickPipeRewindTarget",
            "Where the pipe reads on; the members are those of its kind of source: "
                + (targets.isEmpty ? "none can be rewound" : targets.map(\.name).joined(separator: ", ")) + ".",
            fields: Self.merged(targets))
        routes.post(
            "\(APIPath.pipe)/rewind", permission: .managePipes,
            Operation(
                "clickPipeRewind", "Move the place from which a pipe at rest reads on. Not in ClickHouse Cloud.", tag: "ClickPipes",
                body: .create(
                    ObjectSchema(
                        "ClickPipeRewindRequest",
                        "Where to; `beginning` and `latest` may stand for the target, and a timestamp or offsets without a strategy.",
                        fields: [Field("to", .object(shape), "Where the pipe reads on.", .required)])),
                result: .object(PipeSchemas(api.sources).pipe)), handler: rewind)
    }

    /// The members of all kinds side by side; of two with one name the first.
    private static func merged(_ targets: [Field]) -> [Field] {
        var names: Set<String> = []
        return targets.flatMap { target -> [Field] in
            guard case .object(let schema) = target.schema else { return [] }
            return schema.fields.filter { names.insert($0.name).inserted }
        }
    }

    @Sendable private func rewind(_ request: Request, _ context: APIContext) async throws -> Response {
        let pipe = try await api.requirePipe(context)
        let body = try await jsonBody(request, context: context)
        let spec = try pipe.spec(api.sources)
        guard let source = spec.source as? any RewindableSource else {
            throw APIError.badRequest("a pipe that reads \(pipe.kind) cannot be rewound")
        }
        try Self.requireRest(pipe)
        // What the run has settled is in the checkpoint once it has ended.
        await api.pipes.drained(pipe.id)
        let checkpoint: StoredCheckpoint
        do {
            checkpoint = try await Self.rewound(source, try await api.catalog.load(pipe.id), of: pipe.id, body)
        } catch let error as PipeError where error.disposition != .bug {
            throw error.disposition == .retry
                ? APIError.failedDependency(error.message) : InvalidConfiguration([Problem("to", error.message)])
        }
        let now = api.now()
        // Asking the source took time, in which somebody may have started the pipe.
        let updated = try await api.catalog.updatePipe(pipe.id) { pipe in
            try Self.requireRest(pipe)
            pipe.updatedAt = now
        }
        guard let updated else { throw APIError.notFound("ClickPipe \(pipe.id) does not exist") }
        try await api.catalog.replace(checkpoint, of: pipe.id)
        await api.recordActivity("clickpipe_rewind", by: context, service: pipe.serviceID, target: pipe.id.rawValue)
        return try context.reply(PipeDocument(updated, sources: api.sources).value)
    }

    private static func requireRest(_ pipe: PipeRecord) throws {
        guard [.stopped, .paused, .failed, .internalError].contains(pipe.state) else {
            throw APIError.badRequest(
                "a pipe can be rewound while it is Stopped, Paused or Failed; this one is \(pipe.state.rawValue): stop it first")
        }
    }

    private static func rewound<Source: RewindableSource>(
        _ source: Source, _ checkpoint: StoredCheckpoint, of pipe: PipeID, _ body: JSONValue
    ) async throws -> StoredCheckpoint {
        var problems: [Problem] = []
        let target = RewindTarget.spelledOut(body["to"] ?? .null)
        if target.isNull { problems.append(Problem("to", "is required")) }
        let checked = Source.rewindTarget.checked(target.isNull ? [:] : target, at: FieldPath("to"), mode: .create, problems: &problems)
        try InvalidConfiguration.check(target.isNull ? [problems[0]] : problems)
        return try await source.rewound(checkpoint, of: pipe, to: checked)
    }
}

/// The short ways of saying where to rewind to.
package enum RewindTarget {
    /// `"beginning"` is `{"strategy": "from_beginning"}`; `{"timestamp": …}` and `{"offsets": …}` name their strategy by being there.
    package static func spelledOut(_ target: JSONValue) -> JSONValue {
        if let word = target.string { return ["strategy": .string(word.hasPrefix("from_") ? word : "from_\(word)")] }
        guard let members = target.object, members["strategy"] == nil else { return target }
        for name in ["timestamp", "offsets"] where members[name].map({ !$0.isNull }) == true {
            return .object(members.merging(["strategy": .string("from_\(name)")]) { given, _ in given })
        }
        return target
    }
}
