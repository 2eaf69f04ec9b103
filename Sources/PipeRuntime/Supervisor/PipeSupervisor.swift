public import Logging
public import PipeCore
public import ServiceLifecycle
import Synchronization

/// Keeps the pipes running that should run, and no others.
///
/// Level-triggered: whatever wakes it, it lists what is wanted, compares that with what runs, and acts on the difference. An
/// action that fails is tried again by a later comparison. At a graceful shutdown all runs are stopped and awaited, and no
/// state changes: the next process resumes every pipe.
public final class PipeSupervisor: Service {
    private struct Entry {
        var run: Reconciliation.Run
        var live: LiveSettings
        var stop: StopSignal
        /// Which run of the pipe this is, so that a late end cannot be taken for that of its successor.
        var number: Int
    }

    private struct Drain {
        var pipe: PipeID
        /// The comparison that must have ended.
        var pass: Int
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var entries: [PipeID: Entry] = [:]
        var isRunning = false
        var begunPasses = 0
        var endedPasses = 0
        var nextNumber = 0
        var drains: [Int: Drain] = [:]
    }

    private let directory: any PipeDirectory
    private let store: any CheckpointStore
    private let warehouses: any WarehouseProvider
    private let logs: any PipeLogProvider
    private let metrics: MetricsRegistry
    private let policy: PipePolicy
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let scratchFolder: String?
    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    /// - Parameter scratchFolder: holds a folder for each source that has more to keep than fits into memory; nil: below /tmp.
    public init(
        directory: any PipeDirectory, store: any CheckpointStore, warehouses: any WarehouseProvider, logs: any PipeLogProvider,
        metrics: MetricsRegistry, policy: PipePolicy = PipePolicy(), clock: any Clock<Duration> = ContinuousClock(),
        scratchFolder: String? = nil, logger: Logger
    ) {
        self.directory = directory
        self.store = store
        self.warehouses = warehouses
        self.logs = logs
        self.metrics = metrics
        self.policy = policy
        self.clock = clock
        self.logger = logger
        self.scratchFolder = scratchFolder
        (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Whether a run of this pipe is under way.
    public func isRunning(_ pipe: PipeID) -> Bool {
        state.withLock { state in state.entries[pipe].map { $0.run.outcome == nil } ?? false }
    }

    public var runningCount: Int { state.withLock { $0.entries.values.count { $0.run.outcome == nil } } }

    /// Returns once nothing of a pipe runs that was deleted (or stopped) before the call, and nothing of it will start.
    /// Returns early when the task is cancelled.
    public func drained(_ pipe: PipeID) async {
        let id = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDrained = state.withLock { state in
                    if !state.isRunning || Task.isCancelled { return true }
                    // The comparison under way may have listed the pipe before it was deleted.
                    state.drains[id] = Drain(pipe: pipe, pass: state.begunPasses + 1, continuation: continuation)
                    return false
                }
                if isDrained { continuation.resume() } else { waker.yield() }
            }
        } onCancel: {
            state.withLock { $0.drains.removeValue(forKey: id) }?.continuation.resume()
        }
    }

    /// Runs until cancelled or shut down gracefully; every task of every pipe is a child of this call.
    public func run() async throws {
        state.withLock { $0.isRunning = true }
        // Listened to before the first comparison, which would miss a change in between.
        let changes = directory.changes()
        await withDiscardingTaskGroup { group in
            group.addTask { for await _ in changes { self.waker.yield() } }
            group.addTask { await self.keepTime() }
            waker.yield()
            let stopwatch = Stopwatch(clock)
            for await _ in wakes.cancelOnGracefulShutdown() {
                metrics.sample(at: stopwatch.now)
                await reconcile(in: &group)
                resumeDrained()
            }
            group.cancelAll()
        }
        state.withLock { state in
            state.isRunning = false
            state.entries = [:]
        }
        resumeDrained()
    }

    private func keepTime() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: policy.reconcileInterval) } catch { return }
            waker.yield()
        }
    }

    private func reconcile(in group: inout DiscardingTaskGroup) async {
        state.withLock { $0.begunPasses += 1 }
        let wanted: [WantedPipe]
        do {
            wanted = try await directory.pipes()
        } catch {
            logger.error("the pipes could not be listed; everything stays as it is", metadata: ["error": "\(type(of: error))"])
            return
        }
        label(wanted)
        let running = state.withLock { $0.entries.mapValues(\.run) }
        for action in Reconciliation.actions(wanted: wanted, running: running) { await perform(action, in: &group) }
        state.withLock { $0.endedPasses = $0.begunPasses }
    }

    private func perform(_ action: Reconciliation.Action, in group: inout DiscardingTaskGroup) async {
        switch action {
        case .start(let pipe): start(pipe, in: &group)
        case .stop(let id):
            state.withLock { state in
                state.entries[id]?.run.isStopping = true
                return state.entries[id]?.stop
            }?.send()
        case .update(let id, let settings):
            state.withLock { state in
                state.entries[id]?.run.settings = settings
                return state.entries[id]?.live
            }?.update(settings)
        case .forget(let id): state.withLock { $0.entries[id] = nil }
        case .report(let id, let generation, let outcome):
            let reported =
                switch outcome {
                case .failed(let error): await observe(.failed(error.disposition), of: id, generation, message: error.message)
                case .finished: await observe(.finished, of: id, generation, message: nil)
                case .cancelled: true
                }
            if reported { state.withLock { $0.entries[id] = nil } }
        case .observeStopped(let id): _ = await observe(.stopFinished, of: id, nil, message: nil)
        case .describeWaiting(let id):
            do {
                try await directory.describe(Reconciliation.waitingMessage, of: id)
            } catch {
                logger.warning("a state message was not stored", metadata: ["pipe": "\(id)", "error": "\(type(of: error))"])
            }
        }
    }

    /// Whether it was stored; if not, the next comparison comes to the same conclusion and tries again.
    private func observe(_ event: PipeLifecycle.Event, of pipe: PipeID, _ generation: Int?, message: String?) async -> Bool {
        do {
            try await directory.observe(event, of: pipe, generation: generation, message: message)
            return true
        } catch {
            logger.error("a pipe's state was not stored", metadata: ["pipe": "\(pipe)", "error": "\(type(of: error))"])
            return false
        }
    }

    private func start(_ pipe: WantedPipe, in group: inout DiscardingTaskGroup) {
        let live = LiveSettings(pipe.settings)
        let stop = StopSignal()
        let number = state.withLock { state in
            state.nextNumber += 1
            let run = Reconciliation.Run(generation: pipe.generation, settings: pipe.settings)
            state.entries[pipe.id] = Entry(run: run, live: live, stop: stop, number: state.nextNumber)
            return state.nextNumber
        }
        let run: @Sendable () async -> PipeOutcome
        do {
            run = try makeRun(pipe.spec(), generation: pipe.generation, live: live)
        } catch {
            let error = PipeError.classified(error, side: .source)
            metrics[pipe.id]?.failed(error)
            if let spec = try? pipe.spec() { logs.log(for: spec).log(.error, error.code, error.message) }
            logger.debug("a pipe could not start", metadata: ["pipe": "\(pipe.id)", "error": "\(String(reflecting: error))"])
            return ended(pipe.id, number: number, .failed(error))
        }
        group.addTask { self.ended(pipe.id, number: number, await Self.outcome(of: run, orStop: stop)) }
    }

    private func ended(_ pipe: PipeID, number: Int, _ outcome: PipeOutcome) {
        state.withLock { state in
            guard state.entries[pipe]?.number == number else { return }
            state.entries[pipe]?.run.outcome = outcome
        }
        waker.yield()
    }

    private static func outcome(of run: @escaping @Sendable () async -> PipeOutcome, orStop stop: StopSignal) async -> PipeOutcome {
        await withTaskGroup(of: PipeOutcome?.self) { group in
            group.addTask { await run() }
            group.addTask {
                await stop.wait()
                return nil
            }
            var outcome = PipeOutcome.cancelled
            for await ended in group {
                if let ended { outcome = ended }
                group.cancelAll()
            }
            return outcome
        }
    }

    private func makeRun(_ spec: PipeSpec, generation: Int, live: LiveSettings) throws -> @Sendable () async -> PipeOutcome {
        guard let source = spec.source as? any RunnableSource else {
            throw PipeError(
                .sourceMissing, .user, side: .source, "this build of Penstock has no connector for \(spec.source.kind) sources")
        }
        return try makeRun(source, spec: spec, generation: generation, live: live)
    }

    private func makeRun<Configuration: RunnableSource>(
        _ configuration: Configuration, spec: PipeSpec, generation: Int, live: LiveSettings
    ) throws -> @Sendable () async -> PipeOutcome {
        let log = logs.log(for: spec)
        let source = try configuration.makeSource(
            SourceContext(
                pipe: spec.id, settings: live, clock: clock, log: log, scaling: spec.scaling,
                mappings: FieldMapping.effective(spec.fieldMappings, columns: spec.destination.columns ?? []),
                memory: policy.sourceMemory(scaling: spec.scaling), scratchFolder: scratchFolder.map { "\($0)/\(spec.id)" }))
        let context = RunContext(
            pipe: spec.id, generation: generation, family: configuration.family, scaling: spec.scaling, settings: live, store: store,
            directory: directory,
            metrics: metrics.metrics(for: Self.identity(spec, state: .provisioning)), policy: policy, clock: clock, log: log,
            logger: logger)
        let warehouse = try warehouses.warehouse(for: spec, settings: live, log: log)
        let runner = PipeRunner(source: source, warehouse: warehouse, context: context)
        return {
            log.log(.info, nil, "started")
            let outcome = await runner.run()
            switch outcome {
            case .finished: log.log(.info, nil, "completed")
            case .failed(let error): log.log(.error, error.code, error.message)
            case .cancelled: log.log(.info, nil, "stopped")
            }
            return outcome
        }
    }

    /// Keeps the labels of every pipe's metrics, running or not.
    private func label(_ wanted: [WantedPipe]) {
        metrics.retain(Set(wanted.map(\.id)))
        for pipe in wanted {
            if let known = metrics[pipe.id] {
                var identity = known.identity
                identity.name = pipe.name
                identity.state = pipe.state
                known.identity = identity
            } else if let spec = try? pipe.spec() {
                _ = metrics.metrics(for: Self.identity(spec, state: pipe.state))
            }
        }
    }

    private static func identity(_ spec: PipeSpec, state: PipeState) -> PipeMetrics.Identity {
        PipeMetrics.Identity(
            id: spec.id, name: spec.name, serviceID: spec.serviceID, source: spec.source.label, family: spec.source.family,
            scaling: spec.scaling, state: state)
    }

    private func resumeDrained() {
        let drained = state.withLock { state in
            let drained = state.drains.filter { _, drain in
                !state.isRunning || (state.endedPasses >= drain.pass && state.entries[drain.pipe] == nil)
            }
            for id in drained.keys { state.drains[id] = nil }
            return drained.values.map(\.continuation)
        }
        for continuation in drained { continuation.resume() }
    }
}
