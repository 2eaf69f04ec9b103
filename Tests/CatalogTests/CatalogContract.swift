import Catalog
import FoundationEssentials
import PipeCore
import Testing

/// What every ``Catalog`` must do besides ``CheckpointStoreContract``. Another database brings its own factory and runs the
/// same rules.
struct CatalogContract {
    enum Rule: String, CaseIterable, Sendable {
        case oneOrganization, services, keys, keyHashesAreUnique, roles, activities, pipesKeepEverything, pipesByService
        case pipesNeedTheirService, throwingChangesNothing, updatingNobody, concurrentUpdatesAllCount, deletingAPipe
        case archiveIsNewestFirst, datesKeepMilliseconds, privateEndpoints, theIDStays, tables
    }

    /// Empty.
    let catalog: any Catalog

    func verify(_ rule: Rule) async throws {
        switch rule {
        case .oneOrganization: try await oneOrganization()
        case .services: try await services()
        case .keys: try await keys()
        case .keyHashesAreUnique: try await keyHashesAreUnique()
        case .roles: try await roles()
        case .activities: try await activities()
        case .pipesKeepEverything: try await pipesKeepEverything()
        case .pipesByService: try await pipesByService()
        case .pipesNeedTheirService: try await pipesNeedTheirService()
        case .throwingChangesNothing: try await throwingChangesNothing()
        case .updatingNobody: try await updatingNobody()
        case .concurrentUpdatesAllCount: try await concurrentUpdatesAllCount()
        case .deletingAPipe: try await deletingAPipe()
        case .archiveIsNewestFirst: try await archiveIsNewestFirst()
        case .datesKeepMilliseconds: try await datesKeepMilliseconds()
        case .privateEndpoints: try await privateEndpoints()
        case .theIDStays: try await theIDStays()
        case .tables: try await tables()
        }
    }

    private func refuses(_ code: CatalogError.Code, _ body: () async throws -> Void) async {
        let error = await #expect(throws: CatalogError.self) { try await body() }
        #expect(error?.code == code)
    }

    private func oneOrganization() async throws {
        #expect(try await catalog.organization() == nil)
        #expect(try await catalog.updateOrganization { $0.name = "nobody" } == nil)
        var record = OrganizationRecord(id: "o", name: "mine", createdAt: Example.time(1))
        try await catalog.create(record)
        await refuses(.conflict) { try await catalog.create(OrganizationRecord(id: "p", name: "other", createdAt: Example.time(2))) }
        record.name = "ours"
        record.enableCoreDumps = true
        let updated = try await catalog.updateOrganization {
            $0.name = "ours"
            $0.enableCoreDumps = true
        }
        #expect(updated == record)
        #expect(try await catalog.organization() == record)
    }

    private func services() async throws {
        let records = ["b", "a"].map { Example.service($0, name: "name of \($0)") }
        for record in records { try await catalog.create(record) }
        #expect(try await catalog.services() == records, "ordered by creation")
        await refuses(.conflict) { try await catalog.create(Example.service("c", name: "name of a")) }
        await refuses(.conflict) { try await catalog.create(Example.service("a", name: "new")) }
        let updated = try await catalog.updateService("a") {
            $0.wanted = .stopped
            $0.cdcScaling = .initial
        }
        #expect(updated?.wanted == .stopped)
        #expect(try await catalog.service("a") == updated)
        #expect(try await catalog.service("a")?.cdcScaling == .initial)
        #expect(try await catalog.service("nobody") == nil)
    }

    private func key(_ id: String, at time: Int, hash: String? = nil) -> KeyRecord {
        KeyRecord(
            id: id, name: "key \(id)", isEnabled: false, keyIDHash: hash ?? "hash \(id)", keySuffix: "abcd", secretHash: "s",
            roles: ["admin"], assignedRoleIDs: ["r1", "r2"], createdAt: Example.time(time), expireAt: Example.time(99),
            usedAt: nil, ipAccessList: [IPAccessEntry(source: "10.0.0.0/8", description: "ours")])
    }

    private func keys() async throws {
        let second = key("z", at: 2)
        let first = key("y", at: 1)
        for record in [second, first] { try await catalog.create(record) }
        #expect(try await catalog.keys() == [first, second])
        #expect(try await catalog.key("z") == second)
        #expect(try await catalog.key(idHash: "hash y") == first)
        #expect(try await catalog.key(idHash: "hash") == nil)
        let used = try await catalog.updateKey("y") { $0.usedAt = Example.time(60_000) }
        #expect(used?.usedAt == Example.time(60_000))
        #expect(try await catalog.key("y") == used)
        #expect(try await catalog.deleteKey("y"))
        #expect(try await catalog.deleteKey("y") == false)
        #expect(try await catalog.keys() == [second])
    }

    private func keyHashesAreUnique() async throws {
        try await catalog.create(key("a", at: 1, hash: "same"))
        await refuses(.conflict) { try await catalog.create(key("b", at: 2, hash: "same")) }
        #expect(try await catalog.keys().map(\.id) == ["a"])
    }

    private func roles() async throws {
        let role = RoleRecord(
            id: "r", name: "readers", actors: ["apiKey/1"], policies: [["effect": "ALLOW", "permissions": ["x:read"]]],
            createdAt: Example.time(1), updatedAt: Example.time(1))
        try await catalog.create(role)
        #expect(try await catalog.roles() == [role])
        let renamed = try await catalog.updateRole("r") { $0.name = "writers" }
        #expect(try await catalog.roles() == [renamed])
        #expect(renamed?.name == "writers")
        #expect(try await catalog.deleteRole("r"))
        #expect(try await catalog.deleteRole("r") == false)
    }

    private func activities() async throws {
        func record(_ id: String, _ time: Int) -> ActivityRecord {
            ActivityRecord(
                id: id, createdAt: Example.time(time), type: "clickpipe_create", actorType: "api", actorID: "k",
                actorDetails: "key k", actorIPAddress: "127.0.0.1", userAgent: "curl", serviceID: Example.service, targetID: "p",
                keyUpdateType: nil)
        }
        let records = [record("a", 1), record("b", 3), record("c", 3), record("d", 5)]
        for record in records { try await catalog.append(record) }
        func ids(_ from: Int?, _ to: Int?) async throws -> [String] {
            try await catalog.activities(from: from.map(Example.time), to: to.map(Example.time)).map(\.id)
        }
        #expect(try await catalog.activities(from: nil, to: nil) == records.reversed())
        #expect(try await ids(3, nil) == ["d", "c", "b"])
        #expect(try await ids(nil, 3) == ["c", "b", "a"])
        #expect(try await ids(2, 4) == ["c", "b"])
        #expect(try await ids(6, nil) == [])
        #expect(try await catalog.activity("b") == records[1])
        #expect(try await catalog.activity("nobody") == nil)
    }

    private func pipesKeepEverything() async throws {
        try await catalog.create(Example.service())
        var full = Example.pipe(1)
        full.fieldMappings = [FieldMapping(sourceField: "a", destinationField: "b")]
        full.settings = PipeSettings(["streaming_max_insert_wait_ms": 700, "kafka_read_committed": true])
        full.scaling = PipeScaling(replicas: 3, concurrency: 2, replicaCpuMillicores: 250, replicaMemoryGb: 1.5)
        full.wanted = .stopped
        full.generation = 7
        full.state = .internalError
        full.stateMessage = "ä 'quoted'"
        var bare = Example.pipe(2)
        bare.fieldMappings = []
        bare.secrets = [:]
        for pipe in [full, bare] { try await catalog.create(pipe) }
        #expect(try await catalog.pipe(full.id) == full)
        #expect(try await catalog.pipe(full.id)?.secrets == full.secrets)
        #expect(try await catalog.pipe(bare.id) == bare, "no mappings sent and an empty list sent are different things")
        #expect(try await catalog.pipe(PipeID("nobody")) == nil)
        await refuses(.conflict) { try await catalog.create(full) }
        let updated = try await catalog.updatePipe(full.id) {
            $0.secrets = ["auth": ["password": "new"]]
            $0.scaling = nil
            $0.stateMessage = nil
        }
        #expect(try await catalog.pipe(full.id) == updated)
        #expect(updated?.secrets == ["auth": ["password": "new"]])
        #expect(updated?.scaling == nil)
    }

    private func pipesByService() async throws {
        try await catalog.create(Example.service("a", name: "a"))
        try await catalog.create(Example.service("b", name: "b"))
        let pipes = [Example.pipe(2, service: "a"), Example.pipe(1, service: "b"), Example.pipe(3, service: "a")]
        for pipe in pipes { try await catalog.create(pipe) }
        #expect(try await catalog.pipes(service: "a") == [pipes[0], pipes[2]])
        #expect(try await catalog.pipes(service: nil) == [pipes[1], pipes[0], pipes[2]], "ordered by creation")
        #expect(try await catalog.pipes(service: "nobody") == [])
    }

    private func pipesNeedTheirService() async throws {
        await refuses(.missingReference) { try await catalog.create(Example.pipe(1)) }
        #expect(try await catalog.pipes(service: nil) == [])
    }

    private func throwingChangesNothing() async throws {
        struct Refused: Error {}
        try await catalog.create(Example.service())
        let pipe = Example.pipe(1)
        try await catalog.create(pipe)
        await #expect(throws: Refused.self) {
            _ = try await catalog.updatePipe(pipe.id) {
                $0.name = "half done"
                throw Refused()
            }
        }
        #expect(try await catalog.pipe(pipe.id) == pipe)
    }

    private func updatingNobody() async throws {
        #expect(try await catalog.updateService("x") { $0.name = "y" } == nil)
        #expect(try await catalog.updateKey("x") { $0.name = "y" } == nil)
        #expect(try await catalog.updateRole("x") { $0.name = "y" } == nil)
        #expect(try await catalog.updatePipe(PipeID("x")) { $0.name = "y" } == nil)
        #expect(try await catalog.updatePrivateEndpoint("x") { $0.document = "y" } == nil)
        #expect(try await catalog.deletePipe(PipeID("x")) == false)
    }

    private func concurrentUpdatesAllCount() async throws {
        try await catalog.create(Example.service())
        let pipe = Example.pipe(1)
        try await catalog.create(pipe)
        let catalog = catalog
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = try await catalog.updatePipe(pipe.id) { $0.generation += 1 } } }
            try await group.waitForAll()
        }
        #expect(try await catalog.pipe(pipe.id)?.generation == pipe.generation + 20)
    }

    private func deletingAPipe() async throws {
        try await catalog.create(Example.service())
        let pipe = Example.pipe(1)
        try await catalog.create(pipe)
        try await catalog.open(StoredBatch(id: BatchID("b"), lane: Lane("0"), extent: 1), of: pipe.id)
        try await catalog.save(Settlement(positions: [Lane("0"): 1], archive: [ArchivedObject(object: object(1))]), of: pipe.id)
        #expect(try await catalog.deletePipe(pipe.id))
        #expect(try await catalog.pipe(pipe.id) == nil)
        #expect(try await catalog.load(pipe.id) == StoredCheckpoint())
        #expect(try await catalog.archive(of: pipe.id, limit: 9, offset: 0) == [])
        await #expect(throws: PipeError.self, "a late batch of a deleted pipe is refused") {
            try await catalog.open(StoredBatch(id: BatchID("c"), lane: Lane("0"), extent: 1), of: pipe.id)
        }
    }

    private func object(_ number: Int, etag: String = "e") -> RemoteObject {
        RemoteObject(key: "data/\(number).json", size: number, etag: etag, lastModified: "2026-01-01T00:00:00.000Z")
    }

    private func archiveIsNewestFirst() async throws {
        try await catalog.create(Example.service())
        let pipe = Example.pipe(1)
        try await catalog.create(pipe)
        let archived = (1...5).map { ArchivedObject(object: object($0)) }
        try await catalog.save(Settlement(archive: Array(archived[0..<3])), of: pipe.id)
        try await catalog.save(Settlement(archive: Array(archived[3..<5])), of: pipe.id)
        #expect(try await catalog.archive(of: pipe.id, limit: 10, offset: 0) == archived.reversed())
        #expect(try await catalog.archive(of: pipe.id, limit: 2, offset: 1) == [archived[3], archived[2]])
        #expect(try await catalog.archive(of: pipe.id, limit: 2, offset: 5) == [])
        let again = ArchivedObject(object: object(2), outcome: .rejected, reason: "no JSON")
        let changed = ArchivedObject(object: object(3, etag: "new"))
        try await catalog.save(Settlement(archive: [again, changed]), of: pipe.id)
        let present = try await catalog.archive(of: pipe.id, limit: 10, offset: 0)
        #expect(present == [changed, again, archived[4], archived[3], archived[2], archived[0]])
        try await catalog.reset(pipe.id)
        #expect(try await catalog.archive(of: pipe.id, limit: 10, offset: 0) == [])
    }

    private func tables() async throws {
        try await catalog.create(Example.service())
        let pipe = Example.pipe(1)
        try await catalog.create(pipe)
        #expect(try await catalog.tables(of: pipe.id) == [])
        let progress = TableProgress(
            target: "b", source: "public.b", state: .snapshot, rows: .init(done: 3, total: 9), chunks: .init(done: 1), message: "ä")
        try await catalog.record(
            [
                TableReport(target: "b", progress: progress, time: 5),
                TableReport(target: "a", written: RowEvents(inserts: 1, updates: 2, deletes: 3), lag: 7, time: 5),
            ], of: pipe.id)
        try await catalog.record(
            [
                TableReport(
                    target: "b", written: RowEvents(deletes: 1), schemaEvents: (1...15).map { SchemaEvent(time: $0, text: "ü\($0)") },
                    time: 6),
                TableReport(target: "b", schemaEvents: (16...25).map { SchemaEvent(time: $0, text: "ü\($0)") }, time: 6),
                TableReport(target: "a", written: RowEvents(updates: 1), time: 6),
            ],
            of: pipe.id)
        #expect(
            try await catalog.tables(of: pipe.id) == [
                TableStatus(target: "a", written: RowEvents(inserts: 1, updates: 3, deletes: 3), lag: 7, updatedAt: 6),
                TableStatus(
                    target: "b", progress: progress, written: RowEvents(deletes: 1),
                    schemaEvents: (6...25).map { SchemaEvent(time: $0, text: "ü\($0)") }, updatedAt: 6),
            ])
        try await catalog.retainTables(["b", "c"], of: pipe.id)
        #expect(try await catalog.tables(of: pipe.id).map(\.target) == ["b"])
        #expect(try await catalog.deletePipe(pipe.id))
        try await catalog.record([TableReport(target: "b", time: 7)], of: pipe.id)
        #expect(try await catalog.tables(of: pipe.id) == [], "a late report on a deleted pipe is nobody's")
    }

    private func datesKeepMilliseconds() async throws {
        for (index, milliseconds) in [1, 7, 123, 999, 86_399_999].enumerated() {
            let date = Example.time(milliseconds)
            try await catalog.append(
                ActivityRecord(id: "\(index)", createdAt: date, type: "t", actorType: "system", actorID: ""))
            #expect(try await catalog.activity("\(index)")?.createdAt == date)
        }
        let fine = Example.time(5).addingTimeInterval(0.0007)
        try await catalog.append(ActivityRecord(id: "fine", createdAt: fine, type: "t", actorType: "system", actorID: ""))
        #expect(try await catalog.activity("fine")?.createdAt == Example.time(5))
    }

    private func privateEndpoints() async throws {
        try await catalog.create(Example.service("a", name: "a"))
        let endpoint = PrivateEndpointRecord(id: "e", serviceID: "a", document: ["status": "Pending"], createdAt: Example.time(1))
        try await catalog.create(endpoint)
        #expect(try await catalog.privateEndpoints(service: "a") == [endpoint])
        #expect(try await catalog.privateEndpoints(service: "b") == [])
        let ready = try await catalog.updatePrivateEndpoint("e") { $0.document = ["status": "Ready"] }
        #expect(try await catalog.privateEndpoints(service: "a") == [ready])
        #expect(try await catalog.deletePrivateEndpoint("e"))
        #expect(try await catalog.deletePrivateEndpoint("e") == false)
    }

    private func theIDStays() async throws {
        try await catalog.create(Example.service("a", name: "a"))
        let updated = try await catalog.updateService("a") {
            $0.id = "b"
            $0.name = "new"
        }
        #expect(updated?.id == "a")
        #expect(try await catalog.services().map(\.id) == ["a"])
        #expect(try await catalog.services().map(\.name) == ["new"])
    }
}
