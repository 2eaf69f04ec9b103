import PipeCore

/// One read: prepares the server and the targets, repeats what was journaled, then copies and streams.
struct PostgresPipe<Output: BatchOutput>: Sendable where Output.Extent == PostgresExtent {
    let run: PostgresRun
    let checkpoint: Checkpoint<PostgresExtent>
    let output: Output

    func run() async throws {
        let control = try await PostgresConnection.connect(run.target)
        defer { control.close() }
        var (tables, missing) = try await MirroredTable.load(run.configuration, on: control)
        var plans = self.plans(tables)
        try await announce(tables, missing, plans)
        if tables.isEmpty { throw missingTables(missing) }
        let copies = PostgresSnapshot(
            run: run, output: output, tables: tables, plans: plans, checkpoint: checkpoint, exporter: nil, canSeek: control.major >= 14)
        try await copies.repeatPending(ofChunks: false)
        try await forgetRemovedTables()

        var exporter: SnapshotExporter?
        var stream: StreamPosition?
        var pending: [PendingBatch<PostgresExtent>] = []
        if run.replicates {
            try await preparePublication(tables.map(\.name), on: control)
            (stream, exporter, pending) = try await prepareSlot(on: control)
        } else if tables.contains(where: { plans[$0.name]?.isDone != true && plans[$0.name]?.failure == nil }) {
            exporter = try await SnapshotExporter.exporting(run.target)
        }
        let held = exporter
        defer { held?.close() }
        try await prepareTargets(&tables, &plans, isFresh: held == nil, control)
        // After the columns of their targets were made.
        try await PostgresSnapshot(
            run: run, output: output, tables: tables, plans: plans, checkpoint: checkpoint, exporter: nil, canSeek: control.major >= 14
        ).repeatPending(ofChunks: true)
        try await copies.finishExchanges(&plans)
        let snapshot = PostgresSnapshot(
            run: run, output: output, tables: tables, plans: plans, checkpoint: checkpoint, exporter: held, canSeek: control.major >= 14)
        let types = try await TypeCatalog.load(Set(tables.flatMap { $0.description.columns.map(\.type) }), on: control)
        let replication = stream.map {
            PostgresReplication(
                run: run, output: output, tables: tables, plans: plans, types: types, start: $0, pending: pending)
        }
        let waiting = tables.filter { plans[$0.name]?.isDone == false && plans[$0.name]?.failure == nil }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await snapshot.load(waiting)
                // A snapshot that is held keeps the server from cleaning up.
                held?.close()
            }
            if let replication { group.addTask { try await replication.run() } }
            defer { group.cancelAll() }
            // The snapshot ends; the stream does not.
            while let _ = try await group.next() {}
        }
    }

    /// The plan of each table that is to be loaded, or has been.
    private func plans(_ tables: [MirroredTable]) -> [TableName: TablePlan] {
        var plans: [TableName: TablePlan] = [:]
        for table in tables {
            let known = self.known(.table(table.name))?.table
            if var plan = known, !plan.isRemoved {
                if run.settings.replicationMode == .changesOnly { plan.isDone = true }
                plans[table.name] = plan
            } else {
                var plan = TablePlan(generation: (known?.generation ?? -1) + 1)
                plan.isDone = run.settings.replicationMode == .changesOnly
                plans[table.name] = plan
            }
        }
        return plans
    }

    /// Where a lane stands, its journaled batches included.
    func known(_ lane: Lane) -> PostgresPosition? {
        checkpoint.pending.last { $0.lane == lane }?.extent.end ?? checkpoint.positions[lane]
    }

    private func announce(
        _ tables: [MirroredTable], _ missing: [PostgresConfiguration.Mapping], _ plans: [TableName: TablePlan]
    ) async throws {
        var progress = tables.map { table in
            let plan = plans[table.name]
            let state: TableProgress.State =
                if plan?.failure != nil {
                    .failed
                } else if plan?.isDone == true {
                    run.replicates ? .streaming : .completed
                } else if plan?.isShadow == true {
                    .resync
                } else {
                    .waiting
                }
            return TableProgress(target: table.mapping.targetTable, source: table.name.description, state: state, message: plan?.failure)
        }
        progress += missing.map {
            TableProgress(
                target: $0.targetTable, source: $0.table.description, state: .failed,
                message:
                    "source table \($0.table) does not exist: it was dropped or renamed. Remove its mapping, or make it again and start the pipe"
            )
        }
        for table in tables where plans[table.name]?.failure != nil { run.setFailed(table.name) }
        run.begin(progress)
        await output.progress(progress)
        for mapping in missing { run.context.log.log(.error, .sourceMissing, "source table \(mapping.table) does not exist") }
    }

    private func missingTables(_ missing: [PostgresConfiguration.Mapping]) -> PipeError {
        PipeError(
            .sourceMissing, .user, side: .source,
            "source tables do not exist: \(missing.map(\.table.description).joined(separator: ", ")). Correct source.postgres.tableMappings"
        )
    }

    /// Tables whose mapping is gone start from nothing should it come back.
    private func forgetRemovedTables() async throws {
        let mapped = Set(run.configuration.tableMappings.map { Lane.table($0.table) })
        for lane in Set(checkpoint.positions.keys).union(checkpoint.pending.map(\.lane)) where !mapped.contains(lane) {
            guard let position = known(lane), var plan = position.table, !plan.isRemoved else { continue }
            plan.isRemoved = true
            try await note(plan, in: lane, from: position)
        }
    }

    func note(_ plan: TablePlan, in lane: Lane, from start: PostgresPosition) async throws {
        let number = plan.isRemoved ? "removed" : "made"
        try await output.emit(
            Batch(
                id: BatchID("p\(plan.generation)-\(lane)-\(number)-\(run.names.slot)-\(Self.stamp())"), lane: lane,
                extent: PostgresExtent(start: start, end: PostgresPosition(table: plan)), payload: .tables([]), reason: .end))
    }

    /// Distinguishes notes of different runs.
    static func stamp() -> String { String(UInt64.random(in: .min ... .max), radix: 36) }

    // MARK: The server

    private func preparePublication(_ tables: [TableName], on control: PostgresConnection) async throws {
        let present = try await Publication.load(run.names.publication, on: control)
        guard run.names.ownsPublication else {
            guard let present else {
                throw PostgresError(state: "42704", message: "publication \"\(run.names.publication)\" does not exist")
            }
            let absent = tables.filter { !present.tables.contains($0) }
            if !present.isForAllTables, !absent.isEmpty {
                throw PipeError(
                    .sourceMissing, .user, side: .source,
                    "tables not in publication \"\(run.names.publication)\": \(absent.map(\.description).joined(separator: ", ")). Add them, then start the pipe"
                )
            }
            return
        }
        if present == nil, let stream = checkpoint.positions[.changes]?.stream, !stream.isReset {
            throw PostgresError(state: "42704", message: "publication \"\(run.names.publication)\" does not exist")
        }
        for statement in Publication.statements(run.names.publication, from: present, to: tables, major: control.major) {
            _ = try await control.query(statement)
        }
    }

    /// Where the stream begins. A slot made now comes with a snapshot that shows exactly what was before the stream.
    ///
    /// The batches are those that the stream has to repeat.
    private func prepareSlot(
        on control: PostgresConnection
    ) async throws -> (StreamPosition, SnapshotExporter?, [PendingBatch<PostgresExtent>]) {
        let slot = try await ReplicationSlot.load(run.names.slot, on: control)
        let known = checkpoint.positions[.changes]?.stream
        if let known, !known.isReset {
            guard let slot else {
                throw PostgresError(state: "42704", message: "replication slot \"\(run.names.slot)\" does not exist")
            }
            if slot.walStatus == "lost" {
                throw PostgresError(state: "55000", message: "replication slot \"\(run.names.slot)\" is lost")
            }
            return (known, nil, checkpoint.pending.filter { $0.lane == .changes })
        }
        // Where the stream begins was journaled and not settled.
        var noted: StreamPosition?
        for pending in checkpoint.pending where pending.lane == .changes {
            try await output.emit(Batch(id: pending.id, lane: .changes, extent: pending.extent, payload: .tables([]), reason: .replay))
            noted = pending.extent.end.stream
        }
        if slot != nil, let noted { return (noted, nil, []) }
        let epoch = known?.epoch ?? 0
        if !run.names.ownsSlot {
            guard let slot else {
                throw PostgresError(state: "42704", message: "replication slot \"\(run.names.slot)\" does not exist")
            }
            let position = StreamPosition(log: slot.confirmed ?? .zero, version: known?.version ?? 0, epoch: epoch)
            try await noteStream(position)
            return (position, nil, [])
        }
        if slot != nil { _ = try await control.query("SELECT pg_drop_replication_slot($1)", [run.names.slot]) }
        let exporter = try await SnapshotExporter.makingSlot(
            run.names.slot, run.target, isFailover: run.settings.enableFailoverSlots == true)
        let position = StreamPosition(log: exporter.position, version: known?.version ?? 0, epoch: epoch)
        try await noteStream(position)
        return (position, exporter, [])
    }

    private func noteStream(_ position: StreamPosition) async throws {
        let start = known(.changes) ?? PostgresPosition(stream: StreamPosition())
        try await output.emit(
            Batch(
                id: BatchID("c\(position.epoch)-begin-\(Self.stamp())"), lane: .changes,
                extent: PostgresExtent(start: start, end: PostgresPosition(stream: position)), payload: .tables([]), reason: .end))
        // A copy that is on record without the beginning of its stream would miss what happened in between.
        try await output.change([])
    }
}
