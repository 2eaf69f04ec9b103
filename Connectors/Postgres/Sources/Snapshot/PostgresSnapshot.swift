import PipeCore

/// Copies tables.
struct PostgresSnapshot<Output: BatchOutput>: Sendable where Output.Extent == PostgresExtent {
    let run: PostgresRun
    let output: Output
    let tables: [MirroredTable]
    let plans: [TableName: TablePlan]
    let checkpoint: Checkpoint<PostgresExtent>
    let exporter: SnapshotExporter?
    let canSeek: Bool

    private func table(of lane: Lane) -> MirroredTable? {
        tables.first { lane == .table($0.name) || lane.rawValue.hasPrefix(Lane.table($0.name).rawValue + "/") }
    }

    // MARK: Repetition

    /// Emits again what was journaled of copies, in the lanes that are asked for: the same blocks, under a newer snapshot.
    func repeatPending(ofChunks: Bool) async throws {
        var reader: ChunkReader?
        defer { reader?.close() }
        for pending in checkpoint.pending where pending.lane != .changes && (pending.extent.end.chunk != nil) == ofChunks {
            var payload = Payload.tables([])
            if let table = table(of: pending.lane), let plan = plans[table.name], plan.failure == nil,
                let from = pending.extent.start.chunk,
                let to = pending.extent.end.chunk, to.generation == plan.generation,
                let chunk = chunk(pending.lane, plan), chunk.blocks != nil
            {
                let open: ChunkReader
                if let reader {
                    open = reader
                } else {
                    open = try await ChunkReader.open(run.target, snapshot: nil)
                    reader = open
                }
                do {
                    let rows = try await open.read(
                        chunk, table.columns, blocks: from.block..<max(from.block, to.block), toEnd: to.isDone && chunk.isOpen, limit: .max)
                    payload = .tables([self.rows(rows, of: table, plan)])
                } catch let error as PostgresError where error.isMissing && chunk.leaf != table.name {
                    // Dropped, or the copy of the table finds that it must begin anew.
                    open.close()
                    reader = nil
                }
            }
            try await output.emit(
                Batch(id: pending.id, lane: pending.lane, extent: pending.extent, payload: payload, reason: .replay))
        }
    }

    private func chunk(_ lane: Lane, _ plan: TablePlan) -> SnapshotChunk? {
        guard let index = lane.rawValue.split(separator: "/").last.flatMap({ Int($0) }), let chunks = plan.chunks,
            chunks.indices.contains(index)
        else { return nil }
        return chunks[index]
    }

    private func rows(_ rows: CopiedRows, of table: MirroredTable, _ plan: TablePlan) -> TableRows {
        TableRows(
            table: plan.isShadow ? TargetTable.shadowName(of: table.target.name) : table.target.name, columns: table.rowColumns,
            rows: EncodedRows(bytes: rows.bytes, rowCount: rows.count, format: "RowBinary"))
    }

    /// Where a piece stands, its journaled batches included.
    private func position(of lane: Lane, _ plan: TablePlan, _ chunk: SnapshotChunk) -> ChunkPosition {
        var position = ChunkPosition(generation: plan.generation, block: chunk.blocks?.lowerBound ?? 0, isDone: false)
        let known =
            checkpoint.pending.filter { $0.lane == lane }.compactMap(\.extent.end.chunk)
            + [checkpoint.positions[lane]?.chunk].compactMap { $0 }
        for other in known where other.generation == plan.generation {
            // A whole leaf that was not finished is read again from the start.
            if chunk.blocks == nil, !other.isDone { continue }
            if chunk.blocks == nil, checkpoint.pending.contains(where: { $0.lane == lane }) { continue }
            if other.isDone || other.block > position.block { position = other }
        }
        return position
    }

    // MARK: Shadows

    /// Puts shadows that were loaded completely in their place: before the stream writes anything.
    func finishExchanges(_ plans: inout [TableName: TablePlan]) async throws {
        for table in tables {
            guard let plan = plans[table.name], plan.failure == nil, plan.isShadow, !plan.isDone, let chunks = plan.chunks else { continue }
            let isLoaded = chunks.indices.allSatisfy { position(of: .chunk(table.name, $0), plan, chunks[$0]).isDone }
            if isLoaded { plans[table.name] = try await SnapshotEnd(run: run, output: output).finish(table, plan) }
        }
    }

    // MARK: Loading

    func load(_ waiting: [MirroredTable]) async throws {
        if waiting.isEmpty { return }
        let parallel = max(1, run.settings.snapshotNumberOfParallelTables ?? 1)
        var rest = waiting[...]
        let failed = try await withThrowingTaskGroup(of: PipeError?.self) { group in
            var failed: [PipeError] = []
            for _ in 0..<min(parallel, rest.count) {
                if let table = rest.popFirst() { group.addTask { try await attempt(table) } }
            }
            while let result = try await group.next() {
                if let result { failed.append(result) }
                if let table = rest.popFirst() { group.addTask { try await attempt(table) } }
            }
            return failed
        }
        // Without a stream there is nothing else that could go on.
        if let first = failed.first, !run.replicates { throw first }
    }

    /// A table that cannot be copied does not keep others from it.
    private func attempt(_ table: MirroredTable) async throws -> PipeError? {
        do {
            try await load(table)
            return nil
        } catch let error as PostgresError where error.pipeError.disposition == .user && !error.isConnection {
            return await fail(table, error.about(run.target.address).pipeError)
        } catch let error as WireError {
            return await fail(
                table,
                PipeError(
                    .dataParsing, .user, side: .source, "a copied row of \(table.name) \(error): exclude the column, then resync the table")
            )
        }
    }

    private func fail(_ table: MirroredTable, _ error: PipeError) async -> PipeError {
        run.context.log.log(.error, error.code, "the snapshot of \(table.name) failed: \(error.message)")
        await output.progress(
            run.note(table.target.name) { progress in
                progress.state = .failed
                progress.message = error.message
            })
        return error
    }

    private func load(_ table: MirroredTable) async throws {
        guard var plan = plans[table.name] else { return }
        if plan.chunks == nil {
            plan.chunks = try await split(table)
            let lane = Lane.table(table.name)
            try await output.emit(
                Batch(
                    id: BatchID("p\(plan.generation)-\(lane)-split-\(PostgresPipe<Output>.stamp())"), lane: lane,
                    extent: PostgresExtent(start: PostgresPosition(table: plan), end: PostgresPosition(table: plan)), payload: .tables([]),
                    reason: .end))
        }
        let chunks = plan.chunks ?? []
        if try await PostgresConnection.withConnection(run.target, { try await SnapshotPlan.haveMoved(chunks, on: $0) }) {
            try await beginAnew(table, plan)
        }
        let open = chunks.indices.filter { !position(of: .chunk(table.name, $0), plan, chunks[$0]).isDone }
        let estimate = table.description.leaves.reduce(0) { $0 + Int($1.rows) }
        await output.progress(
            run.note(table.target.name) { progress in
                progress.state = plan.isShadow ? .resync : .snapshot
                progress.rows.total = estimate
                progress.chunks = TableProgress.Part(done: chunks.count - open.count, total: chunks.count)
            })
        let queue = WorkList(open)
        let fixed = plan
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<min(max(1, run.settings.initialLoadParallelism ?? 4), open.count) {
                group.addTask {
                    var reader: ChunkReader?
                    defer { reader?.close() }
                    while let index = queue.next() {
                        try await copy(table, fixed, index, &reader)
                    }
                }
            }
            try await group.waitForAll()
        }
        // Everything emitted so far is in the target.
        try await output.change([])
        if plan.isShadow, run.replicates {
            run.shadowLoaded(table.name)
        } else {
            _ = try await SnapshotEnd(run: run, output: output).finish(table, plan)
        }
    }

    /// The rows that were not copied yet are somewhere else by now, perhaps among blocks that were: copies the table as a resync does.
    private func beginAnew(_ table: MirroredTable, _ plan: TablePlan) async throws -> Never {
        let lane = Lane.table(table.name)
        let anew = plan.restarted(besides: table.canHaveShadow)
        try await output.emit(
            Batch(
                id: BatchID("p\(plan.generation)-\(lane)-anew-\(PostgresPipe<Output>.stamp())"), lane: lane,
                extent: PostgresExtent(start: PostgresPosition(table: plan), end: PostgresPosition(table: anew)), payload: .tables([]),
                reason: .end))
        throw PipeError(
            .sourceSchema, .retry, side: .source, "\(table.name) was rewritten or renamed while it was being copied: it is copied anew")
    }

    private func split(_ table: MirroredTable) async throws -> [SnapshotChunk] {
        try await PostgresConnection.withConnection(run.target) { connection in
            let blocks = table.description.leaves.reduce(0) { $0 + ($1.blocks ?? 0) }
            let list = table.description.leaves.map { String($0.oid) }.joined(separator: ",")
            let size = try await connection.query(
                "SELECT coalesce(sum(pg_catalog.pg_table_size(oid)), 0)::bigint FROM pg_catalog.pg_class WHERE oid = ANY ($1::oid[])",
                ["{\(list)}"])
            let bytes = size.scalar.flatMap { Int64($0) } ?? 0
            let places = try await SnapshotPlan.places(of: table.description.leaves.map(\.oid), on: connection)
            return SnapshotPlan.chunks(
                of: table.description, rowsPerChunk: run.settings.snapshotNumRowsPerPartition ?? 100_000,
                bytesPerBlock: blocks > 0 ? bytes / blocks : 8192, canSeek: canSeek
            ).map { chunk in
                var chunk = chunk
                chunk.place = places.first { $0.leaf == chunk.leaf }?.place
                return chunk
            }
        }
    }

    /// Copies a piece; a broken connection is made anew a few times.
    private func copy(_ table: MirroredTable, _ plan: TablePlan, _ index: Int, _ reader: inout ChunkReader?) async throws {
        guard let chunk = plan.chunks?[index] else { return }
        let lane = Lane.chunk(table.name, index)
        var position = position(of: lane, plan, chunk)
        var step = max(1, chunk.step)
        var failures = 0
        var isChecked = false
        while !position.isDone {
            do {
                let open: ChunkReader
                if let reader {
                    open = reader
                } else {
                    open = try await ChunkReader.open(run.target, snapshot: exporter?.snapshot)
                    reader = open
                    isChecked = false
                }
                guard let blocks = chunk.blocks else {
                    position = try await copyWhole(table, plan, chunk, lane, open)
                    continue
                }
                let end = min(position.block + step, blocks.upperBound)
                let isLast = end >= blocks.upperBound
                let rows = try await open.read(
                    chunk, table.columns, blocks: position.block..<end, toEnd: isLast && chunk.isOpen,
                    limit: end - position.block > 1 ? Int(SnapshotPlan.bytesPerRead) * 3 : .max)
                // Once rows were read the transaction keeps the table in its place.
                if !isChecked, try await open.hasMoved(chunk) { try await beginAnew(table, plan) }
                isChecked = true
                let next = ChunkPosition(generation: plan.generation, block: end, isDone: isLast)
                try await emit(rows, table, plan, lane, from: position, to: next, name: "\(position.block)")
                position = next
                failures = 0
            } catch is ChunkReader.TooLarge {
                reader?.close()
                reader = nil
                step = max(1, step / 4)
            } catch let error as PostgresError where error.isMissing && chunk.leaf != table.name {
                reader?.close()
                reader = nil
                if try await PostgresConnection.withConnection(run.target, { try await SnapshotPlan.haveMoved([chunk], on: $0) }) {
                    try await beginAnew(table, plan)
                }
                // A partition that was dropped, and its rows with it.
                run.context.log.log(.info, nil, "\(chunk.leaf) was dropped while \(table.name) was being copied")
                let gone = ChunkPosition(generation: plan.generation, block: position.block, isDone: true)
                try await emit(
                    CopiedRows(), table, plan, lane, from: position, to: gone, name: "\(position.block)-\(PostgresPipe<Output>.stamp())")
                position = gone
            } catch let error as PostgresError where error.pipeError.disposition == .retry || error.isConnection {
                reader?.close()
                reader = nil
                failures += 1
                if failures > 5 { throw error }
                run.context.log.log(.warning, .sourceUnreachable, "a piece of \(table.name) is copied again: \(error.message)")
                try await run.stopwatch.sleep(for: .milliseconds(250 << failures))
            }
        }
        await output.progress(run.note(table.target.name) { $0.chunks.done += 1 })
    }

    /// A leaf whose rows cannot be told apart by place: from the start, in pieces that no earlier attempt had.
    private func copyWhole(
        _ table: MirroredTable, _ plan: TablePlan, _ chunk: SnapshotChunk, _ lane: Lane, _ reader: ChunkReader
    ) async throws -> ChunkPosition {
        let stamp = PostgresPipe<Output>.stamp()
        var position = ChunkPosition(generation: plan.generation, block: 0, isDone: false)
        try await reader.readWhole(chunk, table.columns) { rows, isLast in
            let next = ChunkPosition(generation: plan.generation, block: position.block + 1, isDone: isLast)
            try await emit(rows, table, plan, lane, from: position, to: next, name: "\(stamp)-\(position.block)")
            position = next
        }
        return position
    }

    private func emit(
        _ rows: CopiedRows, _ table: MirroredTable, _ plan: TablePlan, _ lane: Lane, from: ChunkPosition,
        to: ChunkPosition, name: String
    ) async throws {
        run.noteLosses(rows.lossy, of: table.name, output)
        let isWritten = try await run.copies.pass(table.name) { isVoid in
            let payload: [TableRows] = rows.count == 0 || isVoid ? [] : [self.rows(rows, of: table, plan)]
            let extent = PostgresExtent(start: PostgresPosition(chunk: from), end: PostgresPosition(chunk: to))
            try await output.emit(
                Batch(
                    id: BatchID("s\(plan.generation)-\(lane)-\(name)"), lane: lane, extent: extent, payload: .tables(payload),
                    reason: to.isDone ? .end : .bytes))
            return !isVoid
        }
        if isWritten { await output.progress(run.note(table.target.name) { $0.rows.done += rows.count }) }
    }
}

/// What follows when a table is copied.
struct SnapshotEnd<Output: BatchOutput>: Sendable where Output.Extent == PostgresExtent {
    let run: PostgresRun
    let output: Output

    /// All rows of the copy are in the target, and no change is on its way to a shadow.
    func finish(_ table: MirroredTable, _ plan: TablePlan) async throws -> TablePlan {
        // It failed meanwhile: its plan says so, and waits to be replaced.
        if run.isFailed(table.name) { return plan }
        var done = plan
        if plan.isShadow {
            let shadow = TargetTable.shadowName(of: table.target.name)
            try await output.change([.exchange(shadow: shadow, target: table.target.name), .drop(shadow: shadow)])
        }
        done.isShadow = false
        done.isDone = true
        done.chunks = []
        let lane = Lane.table(table.name)
        try await output.emit(
            Batch(
                id: BatchID("p\(plan.generation)-\(lane)-done-\(PostgresPipe<Output>.stamp())"), lane: lane,
                extent: PostgresExtent(start: PostgresPosition(table: plan), end: PostgresPosition(table: done)), payload: .tables([]),
                reason: .end))
        await output.progress(run.note(table.target.name) { $0.state = run.replicates ? .streaming : .completed })
        run.context.log.log(.info, nil, "the snapshot of \(table.name) is complete")
        return done
    }
}
