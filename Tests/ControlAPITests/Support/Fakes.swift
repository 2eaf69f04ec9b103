import ClickHouse
import ControlAPI
import PipeCore
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

    func answer(findings: [Finding] = [], fields: [DiscoveredField] = []) { state.withLock { $0 = (findings, fields) } }

    func warehouse(for spec: PipeSpec, settings: LiveSettings, log: any PipeLog) throws -> any Warehouse {
        throw PipeError(.internalError, .bug, side: .penstock, "the control plane does not write rows")
    }
    func inspect(_ spec: PipeSpec) async -> [Finding] { state.withLock { $0.findings } }
    func discover(_ sample: SchemaSample, service: String) async throws -> [DiscoveredField] { state.withLock { $0.fields } }
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
