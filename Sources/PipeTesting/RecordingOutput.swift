public import PipeCore

/// Keeps what a source emits.
public final class RecordingOutput<Extent: SourceExtent>: BatchOutput {
    public struct Recorded: Sendable {
        public var batches: [Batch<Extent>] = []
        public var rejected: [RejectedRecord] = []
        public var lags: [SourceLag?] = []
        public var events: [String] = []
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

    public func wait(until condition: @escaping @Sendable (Recorded) -> Bool) async throws {
        try await recorded.wait(until: condition)
    }
}
