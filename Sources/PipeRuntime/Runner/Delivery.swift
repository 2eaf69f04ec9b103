import Logging
import PipeCore
import Synchronization

/// One call of `Source.read` and everything that follows from it, until all it emitted is settled and saved.
///
/// Tasks: the reader, one writer for each batch in hand (the window bounds them), one saver. The order for each batch is
/// always: journal, insert, settle, save, acknowledge.
final class Delivery<S: Source>: Sendable {
    /// How the read ended, when everything it emitted was delivered.
    enum End: Sendable {
        case exhausted
        /// Passing trouble at the source: read again later.
        case trouble(PipeError)
    }

    struct Item: Sendable {
        var ticket: AckLedger<S.Extent>.Ticket
        var batch: Batch<S.Extent>
        var weight: Int
        var emitted: Duration
    }

    private enum Step: Sendable {
        case delivered
        case saved
        case watched
    }

    let source: S
    let warehouse: any Warehouse
    let checkpoint: Checkpoint<S.Extent>
    let context: RunContext
    let retrier: Retrier
    let health: SourceHealth
    let tables: TableBoard
    let phase: RunPhase
    let window: BatchWindow<Item>
    let ledger = Mutex(AckLedger<S.Extent>())
    let replays: Mutex<ReplayList<S.Extent>>
    /// A value whenever there may be something to save; the ledger holds what.
    private let saves: AsyncStream<Void>
    private let needsSave: AsyncStream<Void>.Continuation
    /// Signalled at the end of each save.
    private let saved = Signal()
    private let end = Mutex<End?>(nil)

    init(
        source: S, warehouse: any Warehouse, checkpoint: Checkpoint<S.Extent>, context: RunContext, retrier: Retrier,
        health: SourceHealth, tables: TableBoard, phase: RunPhase
    ) {
        self.source = source
        self.warehouse = warehouse
        self.checkpoint = checkpoint
        self.context = context
        self.retrier = retrier
        self.health = health
        self.tables = tables
        self.phase = phase
        replays = Mutex(ReplayList(checkpoint.pending))
        window = BatchWindow(capacity: context.policy.window(for: context.family, scaling: context.scaling)) {
            PipePolicy.inserters(for: context.family, settings: context.settings.current, scaling: context.scaling)
        }
        (saves, needsSave) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func run() async throws -> End {
        do {
            try await withThrowingTaskGroup(of: Step.self) { group in
                group.addTask {
                    try await self.deliver()
                    return .delivered
                }
                group.addTask {
                    try await self.saveAndAcknowledge()
                    return .saved
                }
                group.addTask {
                    await self.watchSettings()
                    return .watched
                }
                group.addTask {
                    await self.tables.keep()
                    return .watched
                }
                while let step = try await group.next() {
                    switch step {
                    case .delivered: needsSave.finish()
                    case .saved: group.cancelAll()
                    case .watched: break
                    }
                }
            }
        } catch {
            await saveWhatIsSettled()
            await tables.flush()
            throw error
        }
        // A cancellation may have ended the saver early.
        await saveWhatIsSettled()
        await tables.flush()
        try Task.checkCancellation()
        guard let end = end.withLock({ $0 }) else {
            throw PipeError(.internalError, .bug, side: .penstock, "a read ended without an end")
        }
        return end
    }

    private func deliver() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await self.read() }
            while let item = try await window.next() {
                group.addTask {
                    do {
                        try await self.write(item)
                    } catch {
                        // The group's body waits in the window and would not notice a failed child.
                        self.window.fail(error)
                        throw error
                    }
                }
            }
        }
    }

    private func read() async throws {
        do {
            try await source.read(from: checkpoint, into: DeliveryOutput(delivery: self))
            guard replays.withLock({ $0.isEmpty }) else {
                throw PipeError(.internalError, .bug, side: .source, "the source ended without repeating every journaled batch")
            }
            end.withLock { $0 = .exhausted }
            window.finish()
        } catch {
            if Task.isCancelled { throw CancellationError() }
            let error = PipeError.classified(error, side: .source)
            guard error.disposition == .retry else {
                window.fail(error)
                throw error
            }
            context.metrics.retried(error)
            end.withLock { $0 = .trouble(error) }
            window.finish()
        }
    }

    private func write(_ item: Item) async throws {
        var began = Duration.zero
        let receipt: InsertReceipt
        if case .tables(let tables) = item.batch.payload {
            began = retrier.stopwatch.now
            receipt = try await TableInserts(warehouse: warehouse, retrier: retrier, tables: self.tables).write(tables, as: item.batch.id)
        } else {
            receipt = try await retrier(.destination) {
                began = retrier.stopwatch.now
                return try await send(item.batch)
            }
        }
        let now = retrier.stopwatch.now
        context.metrics.sent(
            item.batch.payload, rows: receipt.rows, bytes: receipt.bytes, rejected: receipt.rejected, took: now - began,
            latency: now - item.emitted, wallClock: context.wallClock())
        settle(item.ticket, receipt)
        window.release(weight: item.weight)
    }

    private func send(_ batch: Batch<S.Extent>) async throws -> InsertReceipt {
        switch batch.payload {
        case .rows(let rows): return try await warehouse.insert(rows, id: batch.id)
        case .load(let load):
            let progress = JournalProgress(store: context.store, pipe: context.pipe, batch: batch.id)
            return try await warehouse.load(try await source.renewed(load), id: batch.id, progress: progress)
        // Written table by table: see `write`.
        case .tables: throw PipeError(.internalError, .bug, side: .penstock, "a batch of tables was sent as one")
        }
    }

    private func settle(_ ticket: AckLedger<S.Extent>.Ticket, _ receipt: consuming InsertReceipt) {
        // A closure cannot consume what it captured; an optional can be emptied.
        var proof: InsertReceipt? = consume receipt
        ledger.withLock { ledger in
            if let receipt = proof.take() { ledger.settle(ticket, receipt) }
            context.metrics.inFlight(batches: ledger.gauges.openBatches, bytes: ledger.gauges.bytesInFlight)
        }
        needsSave.yield()
    }

    /// The one writer of checkpoints. While a save is on its way to the disk, further settlements gather for the next one.
    private func saveAndAcknowledge() async throws {
        for await _ in saves {
            while let advance = ledger.withLock({ $0.beginSave() }) {
                try await save(advance) { save in try await retrier(.penstock) { try await shielded(save) } }
                for (lane, position) in advance.positions { try await acknowledge(position, in: lane) }
            }
        }
    }

    private func save(
        _ advance: AckLedger<S.Extent>.Advance, _ perform: (@escaping @Sendable () async throws -> Void) async throws -> Void
    ) async throws {
        var succeeded = false
        defer {
            ledger.withLock { $0.endSave(succeeded: succeeded) }
            saved.signal()
        }
        let settlement = try advance.settlement()
        let (store, pipe) = (context.store, context.pipe)
        try await perform { try await store.save(settlement, of: pipe) }
        succeeded = true
    }

    private func acknowledge(_ position: S.Extent.Position, in lane: Lane) async throws {
        try await retrier(.source) {
            do {
                try await source.acknowledge(position, in: lane)
            } catch {
                // Once the read has failed, its connection may be gone for good: the next read starts from the checkpoint.
                guard case .trouble = end.withLock({ $0 }) else { throw error }
                context.logger.debug("an acknowledgement was given up", metadata: ["error": "\(String(reflecting: error))"])
            }
        }
    }

    /// The last save of a run, in one try: what it does not reach stays journaled.
    private func saveWhatIsSettled() async {
        guard let advance = ledger.withLock({ $0.beginSave() }) else { return }
        do {
            try await save(advance) { try await shielded($0) }
        } catch {
            context.logger.warning(
                "the last checkpoint was not saved; \(advance.settled.count) batches are repeated at the next start",
                metadata: ["pipe": "\(context.pipe)", "error": "\(type(of: error))"])
        }
    }

    /// Returns when every batch opened so far is settled and saved.
    func drain() async throws {
        let opened = ledger.withLock { $0.unsaved }
        try await saved.wait { self.ledger.withLock { $0.unsaved.isDisjoint(with: opened) } }
    }

    private func watchSettings() async {
        while !Task.isCancelled {
            // What is read before the window is told cannot change unseen between the telling and the waiting.
            let seen = context.settings.current
            window.limitChanged()
            await context.settings.change(from: seen)
        }
    }
}
