public import FoundationEssentials
internal import GRDB
public import PipeCore
internal import Synchronization

/// The embedded catalog: one SQLite file.
public final class SQLiteCatalog: Catalog {
    let store: SQLiteStore
    let now: @Sendable () -> Date
    private let pipeTable: Table<PipeRecord>
    let endpointTable: Table<QueryEndpointRecord>
    private let signal = ChangeSignal()
    let revision = Atomic<Int>(0)

    /// Opens or creates the file (0600; a missing directory is made with 0700) and brings its schema up to date.
    ///
    /// Throws ``CatalogError``: `newerSchema` when a newer Penstock wrote it, `wrongKey` when `sealer` is not the one that
    /// sealed it, `damaged` when it is something else, `storage` for trouble with the disk.
    /// - Parameter now: the time kept with archived objects.
    public init(path: String, sealer: SecretSealer, now: @escaping @Sendable () -> Date = { Date() }) throws {
        store = try SQLiteStore(path: path)
        pipeTable = .pipes(sealer)
        endpointTable = .queryEndpoints(sealer)
        self.now = now
        try KeyCheck.verify(sealer, in: store.pool)
    }

    /// Ends all use of the file and the streams of ``pipeChanges()``. Calls after it fail.
    public func close() throws {
        signal.finish()
        try store.pool.close()
    }

    // MARK: Organization

    public func organization() async throws -> OrganizationRecord? {
        try await store.read { try Table.organization.fetch($0, "").first }
    }

    public func create(_ organization: OrganizationRecord) async throws {
        try await store.write { try Table.organization.insert($0, organization) }
    }

    public func updateOrganization(_ change: @Sendable (inout OrganizationRecord) throws -> Void) async throws -> OrganizationRecord? {
        try await store.write { database in
            guard let present = try Table.organization.fetch(database, "").first else { return nil }
            return try Table.organization.update(database, present.id, change)?.new
        }
    }

    // MARK: Services

    public func services() async throws -> [ServiceRecord] {
        try await store.read { try Table.services.fetch($0, "ORDER BY sequence") }
    }

    public func service(_ id: String) async throws -> ServiceRecord? { try await store.read { try Table.services.find($0, id) } }

    public func create(_ service: ServiceRecord) async throws {
        try await store.write { try Table.services.insert($0, service) }
        signal.send()
        accessChanged()
    }

    public func updateService(_ id: String, _ change: @Sendable (inout ServiceRecord) throws -> Void) async throws -> ServiceRecord? {
        let result = try await store.write { try Table.services.update($0, id, change) }
        if let result, result.old != result.new {
            signal.send()
            accessChanged()
        }
        return result?.new
    }

    // MARK: Keys

    public func keys() async throws -> [KeyRecord] {
        try await store.read { try Table.keys.fetch($0, "ORDER BY created_at, sequence") }
    }

    public func key(_ id: String) async throws -> KeyRecord? { try await store.read { try Table.keys.find($0, id) } }

    public func key(idHash: String) async throws -> KeyRecord? {
        try await store.read { try Table.keys.fetch($0, "WHERE key_id_hash = ?", [idHash]).first }
    }

    public func create(_ key: KeyRecord) async throws {
        try await store.write { try Table.keys.insert($0, key) }
        accessChanged()
    }

    public func updateKey(_ id: String, _ change: @Sendable (inout KeyRecord) throws -> Void) async throws -> KeyRecord? {
        let result = try await store.write { try Table.keys.update($0, id, change) }
        guard var old = result?.old, let new = result?.new else { return nil }
        old.usedAt = new.usedAt
        if old != new { accessChanged() }
        return new
    }

    public func deleteKey(_ id: String) async throws -> Bool {
        let isDeleted = try await store.write { try Table.keys.delete($0, id) }
        accessChanged()
        return isDeleted
    }

    // MARK: Roles

    public func roles() async throws -> [RoleRecord] {
        try await store.read { try Table.roles.fetch($0, "ORDER BY created_at, sequence") }
    }

    public func create(_ role: RoleRecord) async throws {
        try await store.write { try Table.roles.insert($0, role) }
        accessChanged()
    }

    public func updateRole(_ id: String, _ change: @Sendable (inout RoleRecord) throws -> Void) async throws -> RoleRecord? {
        let updated = try await store.write { try Table.roles.update($0, id, change)?.new }
        accessChanged()
        return updated
    }

    public func deleteRole(_ id: String) async throws -> Bool {
        let isDeleted = try await store.write { try Table.roles.delete($0, id) }
        accessChanged()
        return isDeleted
    }

    // MARK: Activities

    public func activities(from: Date?, to: Date?) async throws -> [ActivityRecord] {
        let first = from.map(Milliseconds.since1970) ?? Int64.min
        let last = to.map(Milliseconds.since1970) ?? Int64.max
        return try await store.read {
            try Table.activities.fetch($0, "WHERE created_at BETWEEN ? AND ? ORDER BY created_at DESC, sequence DESC", [first, last])
        }
    }

    public func activity(_ id: String) async throws -> ActivityRecord? { try await store.read { try Table.activities.find($0, id) } }

    public func append(_ activity: ActivityRecord) async throws {
        try await store.write { try Table.activities.insert($0, activity) }
    }

    /// Removes what is older than `date`; the number removed. Nothing else in the catalog ages.
    public func prune(activitiesOlderThan date: Date) async throws -> Int {
        let limit = Milliseconds.since1970(date)
        return try await store.write { database in
            try database.execute(sql: "DELETE FROM activity WHERE created_at < ?", arguments: [limit])
            return database.changesCount
        }
    }

    // MARK: Pipes

    public func pipes(service: String?) async throws -> [PipeRecord] {
        try await store.read { [pipeTable] database in
            guard let service else { return try pipeTable.fetch(database, "ORDER BY created_at, sequence") }
            return try pipeTable.fetch(database, "WHERE service_id = ? ORDER BY created_at, sequence", [service])
        }
    }

    public func pipe(_ id: PipeID) async throws -> PipeRecord? {
        try await store.read { [pipeTable] in try pipeTable.find($0, id.rawValue) }
    }

    public func create(_ pipe: PipeRecord) async throws {
        try await store.write { [pipeTable] in try pipeTable.insert($0, pipe) }
        signal.send()
    }

    public func updatePipe(_ id: PipeID, _ change: @Sendable (inout PipeRecord) throws -> Void) async throws -> PipeRecord? {
        let result = try await store.write { [pipeTable] in try pipeTable.update($0, id.rawValue, change) }
        if let result, result.new.asksForAction(comparedWith: result.old) { signal.send() }
        return result?.new
    }

    public func deletePipe(_ id: PipeID) async throws -> Bool {
        let isDeleted = try await store.write { [pipeTable] in try pipeTable.delete($0, id.rawValue) }
        if isDeleted { signal.send() }
        return isDeleted
    }

    public func pipeChanges() -> AsyncStream<Void> { signal.stream() }

    // MARK: Private endpoints

    public func privateEndpoints(service: String) async throws -> [PrivateEndpointRecord] {
        try await store.read {
            try Table.privateEndpoints.fetch($0, "WHERE service_id = ? ORDER BY created_at, sequence", [service])
        }
    }

    public func create(_ endpoint: PrivateEndpointRecord) async throws {
        try await store.write { try Table.privateEndpoints.insert($0, endpoint) }
    }

    public func updatePrivateEndpoint(
        _ id: String, _ change: @Sendable (inout PrivateEndpointRecord) throws -> Void
    ) async throws -> PrivateEndpointRecord? {
        try await store.write { try Table.privateEndpoints.update($0, id, change)?.new }
    }

    public func deletePrivateEndpoint(_ id: String) async throws -> Bool {
        try await store.write { try Table.privateEndpoints.delete($0, id) }
    }
}

extension PipeRecord {
    /// Whether a supervisor must look at the pipe again. What supervisors write themselves (state, message) does not ask,
    /// or each answer would be a new question; leaving a state of rest does, because only a user's request does that.
    package func asksForAction(comparedWith old: PipeRecord) -> Bool {
        if old.state.isAtRest && !state.isAtRest { return true }
        var old = old
        old.state = state
        old.stateMessage = stateMessage
        old.updatedAt = updatedAt
        return old != self
    }
}
