public import ClickHouse
internal import Logging
public import PipeCore
private import Synchronization

/// The ClickHouse services of this installation as the data plane uses them.
public final class ServiceDirectory: WarehouseProvider {
    private let services = Mutex<[String: ClickHouseService]>([:])
    private let logger: Logger

    public init() { logger = Logger(label: "penstock.warehouse") }

    /// Makes a service known, or replaces how it is reached. `cluster` is the name for `ON CLUSTER` and cluster functions.
    public func add(service id: String, client: ClickHouseClient, cluster: String? = nil) {
        services.withLock { $0[id] = ClickHouseService(id: id, client: client, cluster: cluster) }
    }

    public func remove(service id: String) {
        services.withLock { _ = $0.removeValue(forKey: id) }
    }

    package func service(_ id: String) throws(PipeError) -> ClickHouseService {
        guard let service = services.withLock({ $0[id] }) else {
            throw PipeError(
                .destinationUnreachable, .user, side: .destination,
                "service '\(id)' is not configured: add it to the services, or delete the pipe")
        }
        return service
    }

    /// Where logs of a service are written; nil when the service is not configured.
    package func logDestination(_ id: String) -> LogDestination? {
        services.withLock { $0[id].map { LogDestination(client: $0.client, cluster: $0.cluster) } }
    }

    public func warehouse(for spec: PipeSpec, settings: LiveSettings, log: any PipeLog) throws -> any Warehouse {
        try ClickHouseWarehouse(spec: spec, service: service(spec.serviceID), settings: settings, log: log)
    }

    public func inspect(_ spec: PipeSpec) async -> [Finding] {
        do {
            let service = try service(spec.serviceID)
            return await DestinationInspection(spec: spec, service: service).findings()
        } catch {
            return [Finding(.failure, .root, error.message)]
        }
    }

    public func problems(
        of tables: [TargetTable], mustBeEmpty: Set<String>, spec: PipeSpec
    ) async throws -> [(target: String, problems: [String])] {
        let changes = TableChanges(spec: spec, service: try service(spec.serviceID), log: Unlogged())
        var found: [(target: String, problems: [String])] = []
        for table in tables {
            var problems = try await changes.problems(of: table)
            if problems.isEmpty, mustBeEmpty.contains(table.name), try await changes.holdsRows(table.name) {
                problems.append("is not empty, and its rows would outlive the copy: empty it, drop it, or choose another target")
            }
            if !problems.isEmpty { found.append((table.name, problems)) }
        }
        return found
    }

    public func discover(_ sample: SchemaSample, examples: Int, service: String) async throws -> DiscoveredSchema {
        try await SchemaDiscovery(service: self.service(service)).schema(of: sample, examples: examples)
    }

    public func rejectedRows(
        of spec: PipeSpec, _ filter: RejectedFilter, after cursor: RejectedRow.Key?, limit: Int
    ) async throws -> [RejectedRow] {
        try await ErrorListing(spec: spec, service: service(spec.serviceID)).rows(filter, after: cursor, limit: limit)
    }

    public func replay(_ filter: RejectedFilter, of spec: PipeSpec, limit: Int, log: any PipeLog) async throws -> ReplayReport {
        let service = try service(spec.serviceID)
        guard let table = spec.destination.table else { return ReplayReport() }
        // Two replays at a time would take on the same rows.
        return try await service.replays.holding(TableName(spec.destination.database, table)) {
            try await ErrorReplay(spec: spec, service: service, log: log).run(filter, limit: limit)
        }
    }

    /// Finishes batches of a stopped pipe whose rows have begun to arrive, so that none stays half in its table.
    public func finishLoads(of spec: PipeSpec, store: any CheckpointStore) async throws {
        for batch in try await store.load(spec.id).pending {
            let progress = JournalProgress(store: store, pipe: spec.id, batch: batch.id)
            guard var note = try await LoadNote.read(progress), note.phase == .moving else { continue }
            let service = try service(spec.serviceID)
            try await PartitionMove(service: service).finish(note)
            note.phase = .moved
            try await note.write(to: progress)
        }
    }

    /// Removes what a deleted pipe may have left on its service: staging tables and views, and the shadows of an unfinished resync. The
    /// tables with data stay.
    public func cleanUp(after spec: PipeSpec) async throws {
        let service = try service(spec.serviceID)
        try await StagingPlan.dropAll(of: spec.id, on: service)
        guard let source = spec.source as? any DatabaseSource else { return }
        try await TableChanges(spec: spec, service: service, log: Unlogged()).dropShadows(of: source.mappedTables.map(\.target))
    }
}

/// For changes that have no pipe's log.
private struct Unlogged: PipeLog {
    func log(_ level: PipeLogLevel, _ code: PipeError.Code?, _ message: String) {}
}

/// A ClickHouse server or cluster.
package struct ClickHouseService: Sendable {
    package let id: String
    package let client: ClickHouseClient
    package let cluster: String?
    /// Held while partitions are moved into a table.
    package let moves = TableLocks()
    /// Held while rows of an error table are sent again.
    package let replays = TableLocks()

    package var onCluster: String { OnCluster.clause(cluster) }
}
