import Catalog
import FoundationEssentials
import PipeCore
import Synchronization

/// A catalog that forgets everything with the process.
final class InMemoryCatalog: Catalog {
    private struct State {
        var organization: OrganizationRecord?
        var services: [ServiceRecord] = []
        var keys: [KeyRecord] = []
        var roles: [RoleRecord] = []
        var activities: [ActivityRecord] = []
        var pipes: [PipeRecord] = []
        var endpoints: [PrivateEndpointRecord] = []
        var checkpoints: [PipeID: StoredCheckpoint] = [:]
        var notes: [BatchID: JSONValue] = [:]
        var archives: [PipeID: [ArchivedObject]] = [:]
        var watchers: [AsyncStream<Void>.Continuation] = []
    }

    private let state = Mutex(State())

    private func changed() {
        for watcher in state.withLock({ $0.watchers }) { watcher.yield() }
    }

    private func update<Record: Sendable>(
        _ records: WritableKeyPath<State, [Record]>, _ matches: (Record) -> Bool, _ change: (inout Record) throws -> Void
    ) throws -> Record? {
        try state.withLock { state in
            guard let index = state[keyPath: records].firstIndex(where: matches) else { return nil }
            var record = state[keyPath: records][index]
            try change(&record)
            state[keyPath: records][index] = record
            return record
        }
    }

    private func delete<Record>(_ records: WritableKeyPath<State, [Record]>, _ matches: (Record) -> Bool) -> Bool {
        state.withLock { state in
            let count = state[keyPath: records].count
            state[keyPath: records].removeAll(where: matches)
            return state[keyPath: records].count < count
        }
    }

    func organization() async throws -> OrganizationRecord? { state.withLock { $0.organization } }
    func create(_ organization: OrganizationRecord) async throws { state.withLock { $0.organization = organization } }
    func updateOrganization(_ change: @Sendable (inout OrganizationRecord) throws -> Void) async throws -> OrganizationRecord? {
        try state.withLock { state in
            guard var organization = state.organization else { return nil }
            try change(&organization)
            state.organization = organization
            return organization
        }
    }

    func services() async throws -> [ServiceRecord] { state.withLock { $0.services } }
    func service(_ id: String) async throws -> ServiceRecord? { state.withLock { $0.services.first { $0.id == id } } }
    func create(_ service: ServiceRecord) async throws {
        state.withLock { $0.services.append(service) }
        changed()
    }
    func updateService(_ id: String, _ change: @Sendable (inout ServiceRecord) throws -> Void) async throws -> ServiceRecord? {
        defer { changed() }
        return try update(\.services, { $0.id == id }, change)
    }

    func keys() async throws -> [KeyRecord] { state.withLock { $0.keys } }
    func key(_ id: String) async throws -> KeyRecord? { state.withLock { $0.keys.first { $0.id == id } } }
    func key(idHash: String) async throws -> KeyRecord? { state.withLock { $0.keys.first { $0.keyIDHash == idHash } } }
    func create(_ key: KeyRecord) async throws { state.withLock { $0.keys.append(key) } }
    func updateKey(_ id: String, _ change: @Sendable (inout KeyRecord) throws -> Void) async throws -> KeyRecord? {
        try update(\.keys, { $0.id == id }, change)
    }
    func deleteKey(_ id: String) async throws -> Bool { delete(\.keys) { $0.id == id } }

    func roles() async throws -> [RoleRecord] { state.withLock { $0.roles } }
    func create(_ role: RoleRecord) async throws { state.withLock { $0.roles.append(role) } }
    func updateRole(_ id: String, _ change: @Sendable (inout RoleRecord) throws -> Void) async throws -> RoleRecord? {
        try update(\.roles, { $0.id == id }, change)
    }
    func deleteRole(_ id: String) async throws -> Bool { delete(\.roles) { $0.id == id } }

    func activities(from: Date?, to: Date?) async throws -> [ActivityRecord] {
        state.withLock { state in
            state.activities.reversed().filter { $0.createdAt >= from ?? .distantPast && $0.createdAt <= to ?? .distantFuture }
        }
    }
    func activity(_ id: String) async throws -> ActivityRecord? { state.withLock { $0.activities.first { $0.id == id } } }
    func append(_ activity: ActivityRecord) async throws { state.withLock { $0.activities.append(activity) } }

    func pipes(service: String?) async throws -> [PipeRecord] {
        state.withLock { $0.pipes.filter { service == nil || $0.serviceID == service } }
    }
    func pipe(_ id: PipeID) async throws -> PipeRecord? { state.withLock { $0.pipes.first { $0.id == id } } }
    func create(_ pipe: PipeRecord) async throws {
        state.withLock { $0.pipes.append(pipe) }
        changed()
    }
    func updatePipe(_ id: PipeID, _ change: @Sendable (inout PipeRecord) throws -> Void) async throws -> PipeRecord? {
        defer { changed() }
        return try update(\.pipes, { $0.id == id }, change)
    }
    func deletePipe(_ id: PipeID) async throws -> Bool {
        defer { changed() }
        try await reset(id)
        return delete(\.pipes) { $0.id == id }
    }
    func pipeChanges() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.watchers.append(continuation) }
        return stream
    }

    func archive(of pipe: PipeID, limit: Int, offset: Int) async throws -> [ArchivedObject] {
        state.withLock { Array(($0.archives[pipe] ?? []).reversed().dropFirst(offset).prefix(limit)) }
    }

    func privateEndpoints(service: String) async throws -> [PrivateEndpointRecord] {
        state.withLock { $0.endpoints.filter { $0.serviceID == service } }
    }
    func create(_ endpoint: PrivateEndpointRecord) async throws { state.withLock { $0.endpoints.append(endpoint) } }
    func updatePrivateEndpoint(
        _ id: String, _ change: @Sendable (inout PrivateEndpointRecord) throws -> Void
    ) async throws -> PrivateEndpointRecord? {
        try update(\.endpoints, { $0.id == id }, change)
    }
    func deletePrivateEndpoint(_ id: String) async throws -> Bool { delete(\.endpoints) { $0.id == id } }

    func load(_ pipe: PipeID) async throws -> StoredCheckpoint { state.withLock { $0.checkpoints[pipe] ?? StoredCheckpoint() } }
    func open(_ batch: StoredBatch, of pipe: PipeID) async throws {
        state.withLock { state in
            var checkpoint = state.checkpoints[pipe] ?? StoredCheckpoint()
            guard !checkpoint.pending.contains(where: { $0.id == batch.id }) else { return }
            checkpoint.pending.append(batch)
            state.checkpoints[pipe] = checkpoint
        }
    }
    func note(_ note: JSONValue, for batch: BatchID, of pipe: PipeID) async throws { state.withLock { $0.notes[batch] = note } }
    func note(for batch: BatchID, of pipe: PipeID) async throws -> JSONValue? { state.withLock { $0.notes[batch] } }
    func save(_ settlement: Settlement, of pipe: PipeID) async throws {
        state.withLock { state in
            var checkpoint = state.checkpoints[pipe] ?? StoredCheckpoint()
            checkpoint.positions.merge(settlement.positions) { _, new in new }
            checkpoint.pending.removeAll { settlement.settled.contains($0.id) }
            state.checkpoints[pipe] = checkpoint
            state.archives[pipe, default: []] += settlement.archive
        }
    }
    func reset(_ pipe: PipeID) async throws {
        state.withLock { state in
            state.checkpoints[pipe] = nil
            state.archives[pipe] = nil
        }
    }
}
