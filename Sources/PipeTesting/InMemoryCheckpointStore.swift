public import PipeCore
private import Synchronization

/// A checkpoint store that lives as long as the process: same behaviour as the catalog, no disk.
///
/// Crash drills end a run with ``copy()``: what the store holds at that moment is what a restarted program finds.
public final class InMemoryCheckpointStore: CheckpointStore {
    public enum Operation: Hashable, Sendable {
        case load
        case open(BatchID)
        case note(BatchID)
        case save(Settlement)
        case replace
        case reset
    }

    private struct Entry {
        var batch: StoredBatch
        var note: JSONValue?
    }

    private struct Memory {
        var positions: [Lane: JSONValue] = [:]
        /// In the order of opening.
        var journal: [Entry] = []
        /// Newest last.
        var archive: [ArchivedObject] = []
    }

    private let memory: Mutex<[PipeID: Memory]>
    private let before: @Sendable (Operation, PipeID) async throws -> Void

    /// - Parameter before: runs ahead of every call, which has no effect when it throws: the place to fail, to count, or to
    ///   hold a call back.
    public init(before: @escaping @Sendable (Operation, PipeID) async throws -> Void = { _, _ in }) {
        memory = Mutex([:])
        self.before = before
    }

    private init(_ memory: [PipeID: Memory]) {
        self.memory = Mutex(memory)
        before = { _, _ in }
    }

    /// An independent store with the present contents and no `before`.
    public func copy() -> InMemoryCheckpointStore { InMemoryCheckpointStore(memory.withLock { $0 }) }

    /// Newest first.
    public func archive(of pipe: PipeID) -> [ArchivedObject] {
        memory.withLock { $0[pipe]?.archive.reversed() ?? [] }
    }

    public func load(_ pipe: PipeID) async throws -> StoredCheckpoint {
        try await before(.load, pipe)
        return memory.withLock { memory in
            let pipe = memory[pipe] ?? Memory()
            return StoredCheckpoint(positions: pipe.positions, pending: pipe.journal.map(\.batch))
        }
    }

    public func open(_ batch: StoredBatch, of pipe: PipeID) async throws {
        try await before(.open(batch.id), pipe)
        memory.withLock { memory in
            let isKnown = memory[pipe]?.journal.contains { $0.batch.id == batch.id } ?? false
            if !isKnown { memory[pipe, default: Memory()].journal.append(Entry(batch: batch)) }
        }
    }

    public func note(_ note: JSONValue, for batch: BatchID, of pipe: PipeID) async throws {
        try await before(.note(batch), pipe)
        try memory.withLock { memory in
            guard let index = memory[pipe]?.journal.firstIndex(where: { $0.batch.id == batch }) else {
                throw PipeError(.internalError, .bug, side: .penstock, "Batch \(batch) is not in the journal: its note was not kept")
            }
            memory[pipe]?.journal[index].note = note
        }
    }

    public func note(for batch: BatchID, of pipe: PipeID) async throws -> JSONValue? {
        memory.withLock { memory in memory[pipe]?.journal.first { $0.batch.id == batch }?.note }
    }

    public func save(_ settlement: Settlement, of pipe: PipeID) async throws {
        try await before(.save(settlement), pipe)
        memory.withLock { memory in
            var changed = memory[pipe] ?? Memory()
            changed.positions.merge(settlement.positions) { _, new in new }
            let settled = Set(settlement.settled)
            changed.journal.removeAll { settled.contains($0.batch.id) }
            for archived in settlement.archive {
                changed.archive.removeAll { $0.object.key == archived.object.key && $0.object.etag == archived.object.etag }
                changed.archive.append(archived)
            }
            memory[pipe] = changed
        }
    }

    public func replace(_ checkpoint: StoredCheckpoint, of pipe: PipeID) async throws {
        try await before(.replace, pipe)
        memory.withLock { memory in
            memory[pipe, default: Memory()].positions = checkpoint.positions
            memory[pipe, default: Memory()].journal = checkpoint.pending.map { Entry(batch: $0) }
        }
    }

    public func reset(_ pipe: PipeID) async throws {
        try await before(.reset, pipe)
        memory.withLock { $0[pipe] = nil }
    }
}
