import PipeCore
import PipeTesting
import Testing

@Suite struct InMemoryCheckpointStoreTests {
    @Test(arguments: CheckpointStoreContract.Rule.allCases)
    func contract(_ rule: CheckpointStoreContract.Rule) async throws {
        try await CheckpointStoreContract(store: InMemoryCheckpointStore()).verify(rule)
    }

    @Test func aCopyIsIndependent() async throws {
        let pipe = PipeID("p")
        let store = InMemoryCheckpointStore()
        try await store.save(Settlement(positions: [Lane("0"): 1]), of: pipe)
        let copy = store.copy()
        try await store.save(Settlement(positions: [Lane("0"): 2]), of: pipe)
        #expect(try await copy.load(pipe).positions == [Lane("0"): 1])
        #expect(try await store.load(pipe).positions == [Lane("0"): 2])
    }

    @Test func aCallThatFailsBeforehandHasNoEffect() async throws {
        let pipe = PipeID("p")
        let trouble = PipeError(.internalError, .retry, side: .penstock, "disk full")
        let store = InMemoryCheckpointStore { operation, _ in if case .save = operation { throw trouble } }
        await #expect(throws: PipeError.self) { try await store.save(Settlement(positions: [Lane("0"): 1]), of: pipe) }
        #expect(try await store.load(pipe) == StoredCheckpoint())
    }

    @Test func theArchiveIsNewestFirstAndHoldsAnObjectOnce() async throws {
        let pipe = PipeID("p")
        let store = InMemoryCheckpointStore()
        let one = RemoteObject(key: "1", size: 1, etag: "a", lastModified: "2026-01-01T00:00:00Z")
        let two = RemoteObject(key: "2", size: 2, etag: "b", lastModified: "2026-01-01T00:00:00Z")
        try await store.save(Settlement(archive: [ArchivedObject(object: one), ArchivedObject(object: two)]), of: pipe)
        try await store.save(Settlement(archive: [ArchivedObject(object: one, outcome: .rejected, reason: "bad")]), of: pipe)
        #expect(
            store.archive(of: pipe) == [ArchivedObject(object: one, outcome: .rejected, reason: "bad"), ArchivedObject(object: two)])
    }
}
