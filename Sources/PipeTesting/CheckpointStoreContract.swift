public import PipeCore
public import Testing

/// What every ``CheckpointStore`` must do, as one test per rule: call ``verify(_:)`` with each of ``Rule/allCases``.
///
/// ```swift
/// @Test(arguments: CheckpointStoreContract.Rule.allCases)
/// func rule(_ rule: CheckpointStoreContract.Rule) async throws {
///     try await CheckpointStoreContract(store: InMemoryCheckpointStore()).verify(rule)
/// }
/// ```
public struct CheckpointStoreContract {
    public enum Rule: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case freshPipeIsEmpty
        case pendingKeepsTheOrderOfOpening
        case openingTwiceChangesNothing
        case notesStayWithTheirBatch
        case noteForAnUnknownBatchIsAnError
        case saveMovesOnlyTheLanesItNames
        case saveSettlesOutOfOrder
        case savingTwiceIsTheSameAsOnce
        case settledIDsCanBeOpenedAnew
        case replacingLeavesNothingOfBefore
        case resetForgetsEverything
        case pipesAreApart
        case jsonSurvives
        case concurrentOpensAllArrive

        public var testDescription: String { rawValue }
    }

    private let store: any CheckpointStore
    private let pipe: PipeID
    private let other: PipeID

    /// - Parameters:
    ///   - store: empty.
    ///   - pipe, other: two pipes the store knows; a store that knows of pipes needs them created first.
    public init(
        store: any CheckpointStore, pipe: PipeID = PipeID("5b1c7d1e-0000-4000-8000-000000000001"),
        other: PipeID = PipeID("5b1c7d1e-0000-4000-8000-000000000002")
    ) {
        self.store = store
        self.pipe = pipe
        self.other = other
    }

    public func verify(_ rule: Rule) async throws {
        switch rule {
        case .freshPipeIsEmpty: try await freshPipeIsEmpty()
        case .pendingKeepsTheOrderOfOpening: try await pendingKeepsTheOrderOfOpening()
        case .openingTwiceChangesNothing: try await openingTwiceChangesNothing()
        case .notesStayWithTheirBatch: try await notesStayWithTheirBatch()
        case .noteForAnUnknownBatchIsAnError: try await noteForAnUnknownBatchIsAnError()
        case .saveMovesOnlyTheLanesItNames: try await saveMovesOnlyTheLanesItNames()
        case .saveSettlesOutOfOrder: try await saveSettlesOutOfOrder()
        case .savingTwiceIsTheSameAsOnce: try await savingTwiceIsTheSameAsOnce()
        case .settledIDsCanBeOpenedAnew: try await settledIDsCanBeOpenedAnew()
        case .replacingLeavesNothingOfBefore: try await replacingLeavesNothingOfBefore()
        case .resetForgetsEverything: try await resetForgetsEverything()
        case .pipesAreApart: try await pipesAreApart()
        case .jsonSurvives: try await jsonSurvives()
        case .concurrentOpensAllArrive: try await concurrentOpensAllArrive()
        }
    }

    private func batch(_ id: String, lane: String = "0", extent: JSONValue = ["from": 1, "to": 2]) -> StoredBatch {
        StoredBatch(id: BatchID(id), lane: Lane(lane), extent: extent)
    }

    private func pending(_ pipe: PipeID? = nil) async throws -> [String] {
        try await store.load(pipe ?? self.pipe).pending.map(\.id.rawValue)
    }

    private func freshPipeIsEmpty() async throws {
        #expect(try await store.load(pipe) == StoredCheckpoint())
        #expect(try await store.note(for: BatchID("a"), of: pipe) == nil)
    }

    private func pendingKeepsTheOrderOfOpening() async throws {
        let batches = ["z", "b", "a", "y"].enumerated().map { batch($1, lane: "\($0 % 2)", extent: ["n": .integer(Int64($0))]) }
        for batch in batches { try await store.open(batch, of: pipe) }
        #expect(try await store.load(pipe).pending == batches)
    }

    private func openingTwiceChangesNothing() async throws {
        try await store.open(batch("a"), of: pipe)
        try await store.open(batch("b"), of: pipe)
        try await store.note("done", for: BatchID("a"), of: pipe)
        try await store.open(batch("a", lane: "9", extent: ["changed": true]), of: pipe)
        #expect(try await store.load(pipe).pending == [batch("a"), batch("b")])
        #expect(try await store.note(for: BatchID("a"), of: pipe) == "done")
    }

    private func notesStayWithTheirBatch() async throws {
        try await store.open(batch("a"), of: pipe)
        try await store.open(batch("b"), of: pipe)
        try await store.note(["step": 1], for: BatchID("a"), of: pipe)
        try await store.note(["step": 2], for: BatchID("a"), of: pipe)
        #expect(try await store.note(for: BatchID("a"), of: pipe) == ["step": 2])
        #expect(try await store.note(for: BatchID("b"), of: pipe) == nil)
        try await store.save(Settlement(settled: [BatchID("a")]), of: pipe)
        #expect(try await store.note(for: BatchID("a"), of: pipe) == nil)
    }

    private func noteForAnUnknownBatchIsAnError() async throws {
        await #expect(throws: PipeError.self) { try await store.note("lost", for: BatchID("nobody"), of: pipe) }
    }

    private func saveMovesOnlyTheLanesItNames() async throws {
        try await store.save(Settlement(positions: [Lane("0"): 1, Lane("1"): 10]), of: pipe)
        try await store.save(Settlement(positions: [Lane("0"): 2]), of: pipe)
        #expect(try await store.load(pipe).positions == [Lane("0"): 2, Lane("1"): 10])
        try await store.open(batch("a", lane: "0"), of: pipe)
        #expect(try await store.load(pipe).positions == [Lane("0"): 2, Lane("1"): 10], "opening moves nothing")
    }

    private func saveSettlesOutOfOrder() async throws {
        for id in ["a", "b", "c", "d"] { try await store.open(batch(id), of: pipe) }
        try await store.save(Settlement(settled: [BatchID("c"), BatchID("a")]), of: pipe)
        #expect(try await pending() == ["b", "d"])
        try await store.open(batch("e"), of: pipe)
        #expect(try await pending() == ["b", "d", "e"])
    }

    private func savingTwiceIsTheSameAsOnce() async throws {
        try await store.open(batch("a"), of: pipe)
        let object = RemoteObject(key: "k", size: 1, etag: "e", lastModified: "2026-01-01T00:00:00Z")
        let settlement = Settlement(positions: [Lane("0"): 5], settled: [BatchID("a")], archive: [ArchivedObject(object: object)])
        try await store.save(settlement, of: pipe)
        try await store.save(settlement, of: pipe)
        #expect(try await store.load(pipe) == StoredCheckpoint(positions: [Lane("0"): 5]))
    }

    private func replacingLeavesNothingOfBefore() async throws {
        let other = PipeID("\(pipe)-other")
        try await store.open(batch("a"), of: pipe)
        try await store.note("begun", for: BatchID("a"), of: pipe)
        try await store.save(Settlement(positions: [Lane("0"): 1, Lane("1"): 10]), of: pipe)
        let checkpoint = StoredCheckpoint(positions: [Lane("1"): 3], pending: [batch("c"), batch("a", extent: ["new": true])])
        try await store.replace(checkpoint, of: pipe)
        #expect(try await store.load(pipe) == checkpoint)
        #expect(try await store.note(for: BatchID("a"), of: pipe) == nil)
        #expect(try await store.load(other) == StoredCheckpoint())
        try await store.replace(StoredCheckpoint(), of: pipe)
        #expect(try await store.load(pipe) == StoredCheckpoint())
    }

    private func settledIDsCanBeOpenedAnew() async throws {
        try await store.open(batch("a"), of: pipe)
        try await store.open(batch("b"), of: pipe)
        try await store.save(Settlement(settled: [BatchID("a")]), of: pipe)
        try await store.open(batch("a", extent: ["again": true]), of: pipe)
        #expect(try await store.load(pipe).pending == [batch("b"), batch("a", extent: ["again": true])])
    }

    private func resetForgetsEverything() async throws {
        try await store.open(batch("a"), of: pipe)
        try await store.note("x", for: BatchID("a"), of: pipe)
        try await store.save(Settlement(positions: [Lane("0"): 5]), of: pipe)
        try await store.reset(pipe)
        #expect(try await store.load(pipe) == StoredCheckpoint())
        #expect(try await store.note(for: BatchID("a"), of: pipe) == nil)
        try await store.open(batch("a"), of: pipe)
        #expect(try await pending() == ["a"], "a reset pipe works on")
    }

    private func pipesAreApart() async throws {
        try await store.open(batch("a", extent: ["of": 1]), of: pipe)
        try await store.open(batch("a", extent: ["of": 2]), of: other)
        try await store.note("mine", for: BatchID("a"), of: pipe)
        #expect(try await store.note(for: BatchID("a"), of: other) == nil)
        try await store.save(Settlement(positions: [Lane("0"): 1], settled: [BatchID("a")]), of: pipe)
        #expect(try await store.load(other) == StoredCheckpoint(pending: [batch("a", extent: ["of": 2])]))
        try await store.reset(pipe)
        #expect(try await pending(other) == ["a"])
    }

    private func jsonSurvives() async throws {
        let extent: JSONValue = [
            "text": "ä\u{0}\"'/\n日本", "big": .integer(Int64.max), "small": .integer(Int64.min), "part": 0.1,
            "list": [nil, true, [], [:]], "": "empty key",
        ]
        let lane = Lane("partition 'x'; ä")
        try await store.open(StoredBatch(id: BatchID("id/ä'\""), lane: lane, extent: extent), of: pipe)
        try await store.save(Settlement(positions: [lane: extent, Lane("null"): nil]), of: pipe)
        let loaded = try await store.load(pipe)
        #expect(loaded.pending == [StoredBatch(id: BatchID("id/ä'\""), lane: lane, extent: extent)])
        #expect(loaded.positions == [lane: extent, Lane("null"): .null])
    }

    private func concurrentOpensAllArrive() async throws {
        let store = store
        let pipe = pipe
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<4 {
                group.addTask {
                    for number in 0..<10 {
                        let id = BatchID("\(lane)-\(number)")
                        let extent: JSONValue = .integer(Int64(number))
                        try await store.open(StoredBatch(id: id, lane: Lane("\(lane)"), extent: extent), of: pipe)
                    }
                }
            }
            try await group.waitForAll()
        }
        let pending = try await store.load(pipe).pending
        #expect(pending.count == 40)
        for lane in 0..<4 {
            let extents = pending.filter { $0.lane == Lane("\(lane)") }.map(\.extent)
            #expect(extents == (0..<10).map { .integer($0) }, "each lane keeps its order")
        }
    }
}
