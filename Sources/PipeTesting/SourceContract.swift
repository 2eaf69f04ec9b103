public import PipeCore
import Testing

/// What every ``Source`` must do, as one test per rule: call ``verify(_:)`` with each of ``Rule/allCases``.
///
/// The source must have data for at least two batches, and give the same data to each instance. A source that never ends is
/// stopped after `batches` batches.
public struct SourceContract<S: Source>: Sendable {
    public enum Rule: String, CaseIterable, Sendable {
        case repeatsJournaledBatchesFirst
        case resumesAfterPositions
        case stopsWhenCancelled
    }

    private let batches: Int
    private let makeSource: @Sendable () async throws -> S

    /// - Parameter batches: how many batches the source gives at least, counted from its start.
    public init(batches: Int = 2, makeSource: @escaping @Sendable () async throws -> S) {
        self.batches = batches
        self.makeSource = makeSource
    }

    public func verify(_ rule: Rule) async throws {
        switch rule {
        case .repeatsJournaledBatchesFirst: try await repeatsJournaledBatchesFirst()
        case .resumesAfterPositions: try await resumesAfterPositions()
        case .stopsWhenCancelled: try await stopsWhenCancelled()
        }
    }

    private func repeatsJournaledBatchesFirst() async throws {
        let first = try await read(Checkpoint(), atLeast: batches)
        let pending = first.map { PendingBatch<S.Extent>(id: $0.id, lane: $0.lane, extent: $0.extent) }
        let second = try await read(Checkpoint(pending: pending), atLeast: pending.count)
        for lane in Set(first.map(\.lane)) {
            let expected = first.filter { $0.lane == lane }
            let repeated = second.filter { $0.lane == lane }.prefix(expected.count)
            #expect(repeated.map(\.id) == expected.map(\.id), "lane \(lane): same ids in the same order")
            #expect(repeated.map(\.extent) == expected.map(\.extent), "lane \(lane): same boundaries")
            #expect(repeated.map(\.rows) == expected.map(\.rows), "lane \(lane): same rows")
        }
        #expect(Set(second.map(\.id)).count == second.count, "no batch comes twice")
    }

    private func resumesAfterPositions() async throws {
        let first = try await read(Checkpoint(), atLeast: batches)
        var positions: [Lane: S.Extent.Position] = [:]
        for batch in first { positions[batch.lane] = batch.extent.end }
        let rest = try await read(Checkpoint(positions: positions), atLeast: 0)
        let known = Set(first.map(\.id))
        #expect(rest.allSatisfy { !known.contains($0.id) }, "what lies before a position is not read again")
    }

    private func stopsWhenCancelled() async throws {
        let source = try await makeSource()
        let output = RecordingOutput<S.Extent>(capacity: 0)
        let task = StoppableTask()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: (any Error).self, "a cancelled read does not end as if it were complete") {
                    try await task.run { try await source.read(from: Checkpoint(), into: output) }
                }
            }
            try await output.wait { !$0.batches.isEmpty }
            task.stop()
            // A source that ignores cancellation hangs here, and runs into the time limit of the test.
            try await group.waitForAll()
        }
    }

    /// What a fresh source emits: all of it when it ends by itself, else the first `count` batches.
    private func read(_ checkpoint: Checkpoint<S.Extent>, atLeast count: Int) async throws -> [Batch<S.Extent>] {
        let source = try await makeSource()
        let output = RecordingOutput<S.Extent>()
        let task = StoppableTask()
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await task.run { try await source.read(from: checkpoint, into: output) }
                } catch is CancellationError {}
                return true
            }
            group.addTask {
                try await output.wait { output in
                    // With nothing left, a source that does not end says that it is alive.
                    output.batches.count >= max(1, count) || (count == 0 && output.lags.contains { ($0?.items ?? 0) == 0 })
                }
                return false
            }
            while let ended = try await group.next() {
                if ended { break }
                task.stop()
            }
            group.cancelAll()
            return output.current.batches
        }
    }
}

extension Batch {
    fileprivate var rows: [[UInt8]]? {
        switch payload {
        case .rows(let rows): [rows.bytes]
        case .tables(let tables): tables.map { Array($0.table.utf8) + $0.rows.bytes }
        case .load: nil
        }
    }
}
