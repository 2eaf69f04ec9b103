private import Logging
public import PipeCore

/// Runs one pipe once: from its checkpoint until its source ends, somebody must act, or the task is cancelled.
///
/// Reports `provisioningBegan`, and `runningBegan` or `snapshotBegan` to the directory, and keeps the state message; how the run ended is for the
/// caller to observe.
public struct PipeRunner<S: Source>: Sendable {
    private let source: S
    private let warehouse: any Warehouse
    private let context: RunContext
    private let retrier: Retrier
    private let health: SourceHealth
    private let tables: TableBoard
    private let phase: RunPhase

    public init(source: S, warehouse: any Warehouse, context: RunContext) {
        self.source = source
        self.warehouse = warehouse
        self.context = context
        let stopwatch = Stopwatch(context.clock)
        let troubles = Troubles(pipe: context.pipe, directory: context.directory, logger: context.logger)
        retrier = Retrier(
            policy: context.policy, stopwatch: stopwatch, troubles: troubles, metrics: context.metrics, log: context.log)
        health = SourceHealth(policy: context.policy, troubles: troubles, stopwatch: stopwatch, log: context.log)
        tables = TableBoard(context: context, retrier: retrier)
        let observation = Observation(context: context, retrier: retrier)
        phase = RunPhase(troubles: troubles) { try await observation($0) }
    }

    /// Returns promptly when the task is cancelled: reading and writing are given up, what is settled is saved.
    public func run() async -> PipeOutcome {
        defer { context.metrics.inFlight(batches: 0, bytes: 0) }
        do {
            try await deliver()
            return .finished
        } catch {
            if Task.isCancelled { return .cancelled }
            let error = PipeError.classified(error, side: .penstock)
            context.metrics.failed(error)
            context.logger.debug("a pipe failed", metadata: ["pipe": "\(context.pipe)", "error": "\(String(reflecting: error))"])
            return .failed(error)
        }
    }

    private func deliver() async throws {
        let observe = Observation(context: context, retrier: retrier)
        try await observe(.provisioningBegan)
        try await retrier(.destination) { try await warehouse.prepare() }
        // What a database pipe does follows from what its source reports.
        if context.family != .database { try await observe(.runningBegan) }
        while true {
            let delivery = Delivery(
                source: source, warehouse: warehouse, checkpoint: try await loadCheckpoint(), context: context, retrier: retrier,
                health: health, tables: tables, phase: phase)
            switch try await delivery.run() {
            case .exhausted: return
            case .trouble(let error): try await health.pause(after: error)
            }
        }
    }

    private func loadCheckpoint() async throws -> Checkpoint<S.Extent> {
        let stored = try await retrier(.penstock) { try await context.store.load(context.pipe) }
        do {
            return Checkpoint(
                positions: try stored.positions.mapValues { try $0.decode(S.Extent.Position.self) },
                pending: try stored.pending.map {
                    PendingBatch(id: $0.id, lane: $0.lane, extent: try $0.extent.decode(S.Extent.self))
                })
        } catch {
            throw PipeError(
                .internalError, .bug, side: .penstock, "the stored checkpoint was written by an incompatible version of Penstock",
                underlying: error)
        }
    }
}

/// Tells the directory what happens to the pipe.
private struct Observation: Sendable {
    let context: RunContext
    let retrier: Retrier

    func callAsFunction(_ event: PipeLifecycle.Event) async throws {
        try await retrier(.penstock) {
            try await context.directory.observe(event, of: context.pipe, generation: context.generation, message: nil)
        }
    }
}
