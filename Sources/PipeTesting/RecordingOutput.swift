public import PipeCore

/// Keeps what a source emits.
public final class RecordingOutput<Extent: SourceExtent>: BatchOutput {
    public struct Recorded: Sendable {
        public var batches: [Batch<Extent>] = []
        public var rejected: [RejectedRecord] = []
        public var lags: [SourceLag?] = []
        public var events: [String] = []
        /// Every call of `change`, with the number of batches emitted before it.
        public var changes: [(batches: Int, changes: [TableChange])] = []
        /// Every call of `progress`.
        public var progress: [[TableProgress]] = []
        /// The newest report of each table, by target.
        public var tables: [String: TableProgress] = [:]
        /// Every call of `schemaChanged`.
        public var schemaChanges: [(target: String, text: String)] = []
    }

    private let recorded = Watched(Recorded())
    private let capacity: Int

    /// The batch after the first `capacity` is recorded, but its `emit` returns only by cancellation: the way to stop a
    /// source that never ends, and to see that it stops while it waits.
    public init(capacity: Int = .max) { self.capacity = capacity }

    public var current: Recorded { recorded.value }

    public func emit(_ batch: Batch<Extent>) async throws {
        try Task.checkCancellation()
        let isFull = recorded.update { recorded in
            recorded.batches.append(batch)
            return recorded.batches.count > capacity
        }
        if isFull { try await recorded.wait { _ in false } }
    }

    public func reject(_ record: RejectedRecord) async { recorded.update { $0.rejected.append(record) } }

    public func alive(lag: SourceLag?) async { recorded.update { $0.lags.append(lag) } }

    public func count(_ event: String) { recorded.update { $0.events.append(event) } }

    public func change(_ changes: [TableChange]) async throws {
        try Task.checkCancellation()
        recorded.update { $0.changes.append(($0.batches.count, changes)) }
    }

    public func schemaChanged(_ target: String, _ text: String) async { recorded.update { $0.schemaChanges.append((target, text)) } }

    public func progress(_ tables: [TableProgress]) async {
        recorded.update { recorded in
            recorded.progress.append(tables)
            for table in tables { recorded.tables[table.target] = table }
        }
    }

    public func wait(until condition: @escaping @Sendable (Recorded) -> Bool) async throws {
        try await recorded.wait(until: condition)
    }
}
