import Logging
import PipeCore
import PipeRuntime
import PipeTesting

/// One scripted pipe with everything around it in memory.
struct RunHarness {
    let script: Script
    var store: any CheckpointStore = InMemoryCheckpointStore()
    var warehouse: any Warehouse
    let directory = InMemoryPipeDirectory()
    let clock: ManualClock
    let metrics: PipeMetrics
    let settings = LiveSettings()
    var policy = PipePolicy(randomness: { SeededGenerator(seed: 1) })
    let pipe = PipeID("00000000-0000-4000-8000-000000000001")
    let log = RecordingLog()

    init(_ script: Script, warehouse: any Warehouse = InMemoryWarehouse(), clock: ManualClock = ManualClock()) {
        self.script = script
        self.warehouse = warehouse
        self.clock = clock
        metrics = PipeMetrics(
            PipeMetrics.Identity(id: pipe, name: "scripted", serviceID: "s", source: "scripted", family: .streaming))
        directory.add(
            PipeSpec(
                id: pipe, name: "scripted", serviceID: "s", source: ScriptedConfiguration(script, named: "harness"),
                destination: Destination(database: "default")))
    }

    func run() async -> PipeOutcome { await run(ScriptedSource(script)) }

    func run(_ source: some Source, family: PipeFamily = .streaming) async -> PipeOutcome {
        await PipeRunner(
            source: source, warehouse: warehouse,
            context: RunContext(
                pipe: pipe, generation: 1, family: family, settings: settings, store: store, directory: directory, metrics: metrics,
                policy: policy, clock: clock, log: log, logger: .silent)
        ).run()
    }

    var message: String? { directory[pipe]?.message }
}

extension Logger {
    static var silent: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
}

extension PipeOutcome {
    var error: PipeError? {
        guard case .failed(let error) = self else { return nil }
        return error
    }

    var isFinished: Bool {
        guard case .finished = self else { return false }
        return true
    }

    var isCancelled: Bool {
        guard case .cancelled = self else { return false }
        return true
    }
}

extension PipeError {
    static func retry(_ side: PipeSide, _ message: String = "connection refused") -> PipeError {
        PipeError(side == .source ? .sourceUnreachable : .destinationUnreachable, .retry, side: side, message)
    }

    static func user(_ side: PipeSide, _ message: String = "no such table") -> PipeError {
        PipeError(side == .source ? .sourceMissing : .destinationRefused, .user, side: side, message)
    }
}
