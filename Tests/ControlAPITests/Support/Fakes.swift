import ClickHouse
import ControlAPI
import FoundationEssentials
import PipeCore
import PipeRuntime
import QueryEndpoints
import Synchronization

/// Services that do as they are told.
final class FakeServices: ServiceControl {
    private let state: Mutex<[ServiceStatus]>
    init(_ statuses: [ServiceStatus]) { state = Mutex(statuses) }

    func statuses() async -> [ServiceStatus] { state.withLock { $0 } }
    func setWanted(_ wanted: WantedState, service: String) async throws {
        state.withLock { statuses in
            for index in statuses.indices where statuses[index].id == service {
                statuses[index].state = wanted == .running ? .running : .stopped
            }
        }
    }
    func set(_ newState: ServiceStatus.State, service: String) {
        state.withLock { statuses in
            for index in statuses.indices where statuses[index].id == service { statuses[index].state = newState }
        }
    }
}

/// Warehouses of which only the destination check and discovery are asked; findings are set by the test.
final class FakeWarehouses: WarehouseProvider {
    private let state = Mutex<(findings: [Finding], fields: [DiscoveredField])>(([], []))
    private let errors = Mutex<(rows: [RejectedRow], report: ReplayReport, failure: PipeError?, asked: [String])>(
        ([], ReplayReport(), nil, []))

    func answer(findings: [Finding] = [], fields: [DiscoveredField] = []) { state.withLock { $0 = (findings, fields) } }

    /// The contents of every error table, newest first, and what replays report or throw.
    func answer(rows: [RejectedRow], report: ReplayReport = ReplayReport(), failure: PipeError? = nil) {
        errors.withLock { $0 = (rows, report, failure, $0.asked) }
    }

    /// What error tables were asked for.
    var asked: [String] { errors.withLock { $0.asked } }

    func rejectedRows(of spec: PipeSpec, _ filter: RejectedFilter, after cursor: RejectedRow.Key?, limit: Int) async throws
        -> [RejectedRow]
    {
        try errors.withLock { errors in
            errors.asked.append("list \(filter.code?.rawValue ?? "-") \(limit)")
            if let failure = errors.failure { throw failure }
            let rest = errors.rows.drop { row in cursor.map { row.key.time >= $0.time } ?? false }
            return Array(rest.prefix(limit))
        }
    }

    func replay(_ filter: RejectedFilter, of spec: PipeSpec, limit: Int, log: any PipeLog) async throws -> ReplayReport {
        try errors.withLock { errors in
            errors.asked.append("replay \(filter.code?.rawValue ?? "-") \(filter.from ?? -1) \(filter.to ?? -1) \(limit)")
            if let failure = errors.failure { throw failure }
            return errors.report
        }
    }

    func warehouse(for spec: PipeSpec, settings: LiveSettings, log: any PipeLog) throws -> any Warehouse {
        throw PipeError(.internalError, .bug, side: .penstock, "the control plane does not write rows")
    }
    func inspect(_ spec: PipeSpec) async -> [Finding] { state.withLock { $0.findings } }

    private let tables = Mutex<(problems: [String: [String]], asked: [(tables: [TargetTable], mustBeEmpty: Set<String>)])>(([:], []))

    /// What is wrong with mapped tables, by target.
    func answer(tables problems: [String: [String]]) { tables.withLock { $0.problems = problems } }

    var inspectedTables: [(tables: [TargetTable], mustBeEmpty: Set<String>)] { tables.withLock { $0.asked } }

    func problems(
        of tables: [TargetTable], mustBeEmpty: Set<String>, spec: PipeSpec
    ) async throws -> [(target: String, problems: [String])] {
        self.tables.withLock { state in
            state.asked.append((tables, mustBeEmpty))
            return tables.compactMap { table in state.problems[table.name].map { (table.name, $0) } }
        }
    }

    func discover(_ sample: SchemaSample, examples: Int, service: String) async throws -> DiscoveredSchema {
        state.withLock { DiscoveredSchema(fields: $0.fields, examplesProblem: examples == 0 ? "not wanted" : nil) }
    }
}

/// Metrics set by the test.
final class FakeMetrics: MetricsSource {
    private let state = Mutex<[MetricFamily]>([])
    func set(_ families: [MetricFamily]) { state.withLock { $0 = families } }
    func families(service: String?) -> [MetricFamily] { state.withLock { $0 } }
}

/// Remembers what was asked of running pipes.
final class FakePipes: PipeControl {
    private let state = Mutex<(drained: [PipeID], cleaned: [PipeID])>(([], []))
    var drainedPipes: [PipeID] { state.withLock { $0.drained } }
    var cleanedPipes: [PipeID] { state.withLock { $0.cleaned } }
    func drained(_ pipe: PipeID) async { state.withLock { $0.drained.append(pipe) } }
    func finishLoads(of spec: PipeSpec) async -> Bool { true }
    func cleanUp(after spec: PipeSpec) async { state.withLock { $0.cleaned.append(spec.id) } }
}

/// A ClickHouse that takes every role and statement until a test says otherwise, and remembers what it was asked.
final class FakeQueries: QueryControl {
    private struct State {
        var prepared: [[String]] = []
        var attempts: [Statement] = []
        var refusal: QueryFailure?
        var objection: QueryFailure?
    }
    private let state = Mutex(State())

    var prepared: [[String]] { state.withLock { $0.prepared } }
    var attempts: [Statement] { state.withLock { $0.attempts } }

    /// What `prepare` and `attempt` throw from now on; nil: nothing.
    func answer(prepare: QueryFailure? = nil, attempt: QueryFailure? = nil) {
        state.withLock {
            $0.refusal = prepare
            $0.objection = attempt
        }
    }

    func prepareOnce(roles: [String], service: String) async throws(QueryFailure) { try await prepare(roles: roles, service: service) }

    func prepare(roles: [String], service: String) async throws(QueryFailure) {
        let refusal = state.withLock { state in
            state.prepared.append(roles)
            return state.refusal
        }
        if let refusal { throw refusal }
    }

    func attempt(_ statement: Statement, service: String) async throws(QueryFailure) {
        let objection = state.withLock { state in
            state.attempts.append(statement)
            return state.objection
        }
        if let objection { throw objection }
    }
}

/// A log of calls that the test fills, and what was asked of it.
final class FakeCalls: CallHistory {
    private struct State {
        var report: CallReport?
        var page = CallPage(calls: [])
        var failure: QueryFailure?
        var questions: [String] = []
    }
    private let state = Mutex(State())

    var questions: [String] { state.withLock { $0.questions } }
    func answer(report: CallReport? = nil, page: CallPage = CallPage(calls: []), failure: QueryFailure? = nil) {
        state.withLock { state in
            state.report = report
            state.page = page
            state.failure = failure
        }
    }

    func report(service: String, endpoint: String?, span: CallSpan) async throws(QueryFailure) -> CallReport {
        let (report, failure) = state.withLock { state in
            state.questions.append("\(endpoint ?? "service") \(Int(span.to.timeIntervalSince(span.from))) \(span.step)")
            return (state.report, state.failure)
        }
        if let failure { throw failure }
        return report ?? CallReport(span: span)
    }

    func calls(service: String, endpoint: String?, filter: CallFilter?, before: CallCursor?, limit: Int) async throws(QueryFailure)
        -> CallPage
    {
        let (page, failure) = state.withLock { state in
            state.questions.append(
                "\(endpoint ?? "service") \(filter.map { "\($0)" } ?? "all") \(before?.text ?? "newest") \(limit)")
            return (state.page, state.failure)
        }
        if let failure { throw failure }
        return page
    }
}

/// Lines by pipe, newest first.
struct FakePipeLogs: PipeLogHistory {
    var lines: [PipeID: [PipeLogEntry]] = [:]
    var error: PipeError?

    func lines(of spec: PipeSpec, _ filter: PipeLogFilter, limit: Int) async throws(PipeError) -> [PipeLogEntry] {
        if let error { throw error }
        let all = lines[spec.id] ?? []
        return Array(
            all.filter { line in
                (filter.level.map { $0.rawValue == line.level } ?? true)
                    && (filter.before.map { (line.place.time, line.place.hash) < ($0.time, $0.hash) } ?? true)
            }.prefix(limit))
    }
}
