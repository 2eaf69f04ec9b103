import PipeCore
import Synchronization

/// What the parts of one run share.
final class PostgresRun: Sendable {
    let configuration: PostgresConfiguration
    let context: SourceContext
    let target: ConnectionTarget
    let names: ReplicationNames
    let stopwatch: Stopwatch
    private let state: Mutex<State>

    private struct State {
        var progress: [String: TableProgress] = [:]
        /// Tables whose shadow is loaded and waits for the stream to let go of it.
        var loaded: [TableName] = []
        /// Where the stream is settled.
        var settled: StreamPosition?
        var wake: (@Sendable () -> Void)?
        /// Tables to which nothing more is written.
        var failed: Set<TableName> = []
        /// Tables of which it was said that values had no counterpart.
        var lossy: Set<TableName> = []
    }

    let copies = CopyGate()

    /// Values are asked for as text although all their types are understood in binary.
    let prefersText: Flag

    init(_ configuration: PostgresConfiguration, _ context: SourceContext, prefersText: Flag) {
        self.configuration = configuration
        self.prefersText = prefersText
        self.context = context
        target = ConnectionTarget(configuration, session: context.pipe.compact)
        names = ReplicationNames(configuration, pipe: context.pipe.compact)
        stopwatch = Stopwatch(context.clock)
        state = Mutex(State())
    }

    var settings: PostgresConfiguration.Settings { configuration.settings }
    var replicates: Bool { settings.replicationMode != .snapshot }

    // MARK: Progress

    func progress(of table: String) -> TableProgress? { state.withLock { $0.progress[table] } }

    /// Notes the progress and gives what to report.
    @discardableResult
    func note(_ target: String, _ change: (inout TableProgress) -> Void) -> [TableProgress] {
        state.withLock { state in
            guard var progress = state.progress[target] else { return [] }
            change(&progress)
            state.progress[target] = progress
            return [progress]
        }
    }

    func begin(_ progress: [TableProgress]) {
        state.withLock { state in for table in progress { state.progress[table.target] = table } }
    }

    func isFailed(_ table: TableName) -> Bool { state.withLock { $0.failed.contains(table) } }

    func setFailed(_ table: TableName) { state.withLock { _ = $0.failed.insert(table) } }

    /// From now on nothing is written to the table, and whoever asks is told why.
    func fail(_ table: MirroredTable, _ problem: String, _ output: some BatchOutput) async {
        setFailed(table.name)
        await output.schemaChanged(table.mapping.targetTable, problem)
        await output.progress(
            note(table.mapping.targetTable) { progress in
                progress.state = .failed
                progress.message = problem
            })
    }

    /// Values of a table had no counterpart in the types of their columns: counted, and said once in a run.
    func noteLosses(_ count: Int, of table: TableName, _ output: some BatchOutput) {
        guard count > 0 else { return }
        output.count("value_without_counterpart")
        guard state.withLock({ $0.lossy.insert(table).inserted }) else { return }
        context.log.log(
            .warning, .typeMismatch,
            """
            values of \(table) have no counterpart in the type of their column, such as NaN in a Decimal: NULL was written for them, or \
            the type's default where the column takes no NULL
            """)
    }

    // MARK: Between snapshot and stream

    func shadowLoaded(_ table: TableName) {
        let wake = state.withLock { state in
            state.loaded.append(table)
            return state.wake
        }
        wake?()
    }

    func takeLoaded() -> [TableName] {
        state.withLock { state in
            defer { state.loaded = [] }
            return state.loaded
        }
    }

    func setWake(_ wake: (@Sendable () -> Void)?) { state.withLock { $0.wake = wake } }

    // MARK: Settled

    var settled: StreamPosition? { state.withLock { $0.settled } }

    func acknowledge(_ position: StreamPosition) {
        let wake = state.withLock { state in
            state.settled = position
            return state.wake
        }
        wake?()
    }
}

/// Something that is so from some moment on.
final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}
