import PipeCore

/// One connection to the slot and what has been read of it. Lives in one task.
final class StreamSession<Output: BatchOutput> where Output.Extent == PostgresExtent {
    let replication: PostgresReplication<Output>
    let connection: PostgresConnection
    let control: ControlLink
    let isBinary: Bool
    var assembler: ChangeAssembler
    var types: TypeCatalog
    /// Batches to be made again, next first.
    var replays: ArraySlice<PendingBatch<PostgresExtent>>
    var decoder = PgOutputDecoder()
    var spools: [UInt32: TransactionSpool] = [:]
    /// The transaction whose piece is being received.
    var streamed: UInt32?
    var emitted: StreamPosition?
    var confirmed: LogPosition
    var sent = LogPosition.zero
    var sentAt = Duration.zero
    var watchedAt = Duration.zero
    var beatAt = Duration.zero
    /// When changes were last written; nil: not yet.
    private var writtenAt: Duration?
    /// Shadows that are loaded and whose exchange waits for the end of a transaction.
    var loaded: [TableName] = []

    init(_ replication: PostgresReplication<Output>, _ connection: PostgresConnection, from position: StreamPosition, isBinary: Bool) {
        self.replication = replication
        self.connection = connection
        self.isBinary = isBinary
        control = ControlLink(replication.run.target)
        types = replication.types
        replays = replication.pending[...]
        confirmed = position.log
        assembler = ChangeAssembler(
            replication.tables.map { table in
                let isShadow = replication.plans[table.name]?.isShadow == true
                let target = table.target.name
                return TableAccumulator(table, target: isShadow ? TargetTable.shadowName(of: target) : target)
            }, from: position)
    }

    func close() { control.close() }

    var run: PostgresRun { replication.run }
    var output: Output { replication.output }

    var isRepeating: Bool { !replays.isEmpty }
    private var interval: Duration { .seconds(run.settings.syncIntervalSeconds ?? 60) }
    private var rowLimit: Int { run.settings.pullBatchSize ?? 100_000 }
    private var byteLimit: Int { max(1 << 20, min(16 << 20, run.context.memory / 2)) }

    // MARK: The loop

    func run() async throws {
        sentAt = run.stopwatch.now
        beatAt = sentAt
        try await report()
        while true {
            try Task.checkCancellation()
            let chunk = try await connection.receive(limit: 1 << 20, within: wait)
            try await process(chunk)
            try await exchangeLoaded()
            let now = run.stopwatch.now
            if isDue(now) { try await flush(.time) }
            advance()
            try await keepUp(now)
            if chunk.isLast { throw PostgresError(message: "the server ended the stream of changes", isConnection: true) }
        }
    }

    private var lastWrite: Duration { writtenAt ?? .zero - interval }

    /// Until something falls due; a message, a settlement or a cancellation ends the wait earlier.
    private var wait: Duration {
        guard !assembler.isEmpty, replays.isEmpty else { return .seconds(5) }
        return max(.milliseconds(1), min(.seconds(5), lastWrite + interval - run.stopwatch.now))
    }

    /// Changes that come after a pause are written at once, and then once in an interval.
    private func isDue(_ now: Duration) -> Bool {
        guard replays.isEmpty, assembler.transaction == nil, !assembler.isEmpty else { return false }
        return assembler.rowCount >= rowLimit || now - lastWrite >= interval
    }

    enum Outcome {
        case done
        /// The rows gathered are a batch; the message is still to be read.
        case cut(FlushReason)
        case step(ChangeAssembler.Step)
        /// Values that changes left out are to be read before there are too many.
        case holes
        case keepalive(LogPosition, wantsReply: Bool)
        case streamCommit(UInt32, PgOutputMessage.Commit)
    }

    private func process(_ chunk: CopyChunk) async throws {
        var index = 0
        while index < chunk.ends.count {
            let outcome = try chunk.bytes.withUnsafeBytes { bytes in
                var start = index == 0 ? 0 : chunk.ends[index - 1]
                while index < chunk.ends.count {
                    let wire = UnsafeRawBufferPointer(rebasing: bytes[start..<chunk.ends[index]])
                    let outcome = try self.message(wire)
                    if case .cut = outcome { return outcome }
                    start = chunk.ends[index]
                    index += 1
                    if case .done = outcome { continue }
                    return outcome
                }
                return Outcome.done
            }
            try await handle(outcome)
        }
    }

    /// Deals with one message as far as that needs no waiting.
    private func message(_ wire: UnsafeRawBufferPointer) throws -> Outcome {
        switch try ReplicationFrame(wire) {
        case .keepalive(let end, let wantsReply): return .keepalive(end, wantsReply: wantsReply)
        case .data(_, _, let payload):
            if decoder.isStreaming, try spool(wire, payload) { return .done }
            let wasStreaming = decoder
            let message = try decoder.decode(wire, from: payload).message
            switch message {
            case .streamStart(let transaction, _):
                streamed = transaction
                if spools[transaction] == nil {
                    spools[transaction] = TransactionSpool(path: "\(run.context.scratchFolder)/\(transaction)")
                }
                return .done
            case .streamStop:
                streamed = nil
                try spillIfNeeded()
                return .done
            case .streamAbort(let transaction, let part):
                if transaction == part { spools[transaction] = nil } else { spools[transaction]?.aborted.insert(part) }
                return .done
            case .streamCommit(let transaction, let commit): return .streamCommit(transaction, commit)
            default:
                if let reason = cutBefore(message) {
                    decoder = wasStreaming
                    return .cut(reason)
                }
                let step = try assembler.consume(message, in: wire)
                if case .goOn = step { return assembler.wantsFilling ? .holes : .done }
                return .step(step)
            }
        }
    }

    /// Whether a batch ends in front of this message.
    func cutBefore(_ message: PgOutputMessage) -> FlushReason? {
        if let target = replays.first?.extent.end.stream {
            switch message {
            case .begin(let begin): return target.changes == 0 && begin.commit >= target.log ? .replay : nil
            case .insert, .update, .delete, .truncate, .commit:
                guard target.changes > 0, let begin = assembler.transaction, begin.commit >= target.log else { return nil }
                return assembler.position.changes >= target.changes ? .replay : nil
            default: return nil
            }
        }
        return assembler.byteCount >= byteLimit ? .bytes : nil
    }

    func handle(_ outcome: Outcome) async throws {
        switch outcome {
        case .done: break
        case .cut(let reason): try await flush(reason)
        case .step(.relation(let relation)):
            // They are rows of the relation as it was.
            try await fillHoles()
            try await learn(relation)
        case .holes: try await fillHoles()
        case .step(.truncated(let relations, let version)): try await truncated(relations, version)
        case .step(.committed): try await committed()
        case .step(.goOn): break
        case .keepalive(let end, let wantsReply):
            if let target = replays.first?.extent.end.stream, target.changes == 0, assembler.transaction == nil, end >= target.log {
                try await flush(.replay)
            } else if replays.isEmpty {
                assembler.skip(to: end)
            }
            if wantsReply {
                advance()
                try await report()
            }
        case .streamCommit(let transaction, let commit): try await unspool(transaction, commit)
        }
    }

    func committed() async throws {
        if let target = replays.first?.extent.end.stream {
            if target.changes == 0, assembler.position.log >= target.log { try await flush(.replay) }
        } else if assembler.isEmpty, assembler.start.changes > 0 {
            // The last batch ended with the last row of the transaction. A place within it must not stand once the server has forgotten it:
            // the changes behind that place would be taken for those of the next transaction.
            try await flush(.end)
        } else if assembler.rowCount >= rowLimit {
            try await flush(.rows)
        } else if !assembler.isEmpty, run.stopwatch.now - lastWrite >= interval * 2 {
            // What arrives together is written together, but not without end.
            try await flush(.time)
        }
        try await exchangeLoaded()
    }

    // MARK: Writing

    func flush(_ reason: FlushReason) async throws {
        try await fillHoles()
        for loss in assembler.takeLosses() { run.noteLosses(loss.count, of: loss.table, output) }
        if let replay = replays.popFirst() {
            let (rows, _, _) = assembler.take()
            emitted = replay.extent.end.stream
            let batch = Batch(id: replay.id, lane: .changes, extent: replay.extent, payload: .tables(rows), reason: .replay)
            writtenAt = run.stopwatch.now
            try await guarded { [output] in try await output.emit(batch) }
            return try await stayAlive()
        }
        if assembler.isEmpty, assembler.start.changes == 0 || assembler.transaction != nil { return }
        writtenAt = run.stopwatch.now
        let (rows, start, end) = assembler.take()
        emitted = end
        let batch = Batch(
            id: start.batch, lane: .changes,
            extent: PostgresExtent(start: PostgresPosition(stream: start), end: PostgresPosition(stream: end)), payload: .tables(rows),
            reason: reason)
        try await guarded { [output] in try await output.emit(batch) }
        try await stayAlive()
    }

    func fillHoles() async throws {
        let holes = assembler.takeHoles()
        if holes.isEmpty { return }
        for (relation, holes) in Dictionary(grouping: holes, by: \.relation) {
            guard let map = assembler.relations[relation] else { continue }
            var found: [Int: [Int: [UInt8]?]] = [:]
            do {
                found = try await control { try await MissingValues(connection: $0).read(holes, map) }
            } catch let error as PostgresError where error.isMissing || error.state == "42703" {
                // Dropped or changed since; the stream says so further down.
                run.context.log.log(.warning, .sourceSchema, "unchanged values of \(map.relation.name) could not be read: \(error.message)")
            }
            for (index, hole) in holes.enumerated() { try assembler.fill(hole, found[index] ?? [:]) }
        }
        output.count("unchanged_toast")
    }

    /// Waits for `body` and keeps the server from giving the connection up meanwhile.
    func guarded(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let (connection, stopwatch, status) = (connection, run.stopwatch, ReplicationFrame.status(confirmed))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while true {
                    try await stopwatch.sleep(for: .seconds(10))
                    try await connection.writeCopy(status)
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    func exchangeLoaded() async throws {
        loaded += run.takeLoaded()
        guard !loaded.isEmpty, assembler.transaction == nil, replays.isEmpty else { return }
        try await flush(.end)
        for name in loaded {
            guard let index = assembler.tables.firstIndex(where: { $0.table.name == name }), let plan = replication.plans[name] else {
                continue
            }
            let table = assembler.tables[index].table
            let end = SnapshotEnd(run: run, output: output)
            try await guarded { _ = try await end.finish(table, plan) }
            if run.isFailed(name) { continue }
            assembler.tables[index].target = table.target.name
        }
        loaded = []
    }
}
