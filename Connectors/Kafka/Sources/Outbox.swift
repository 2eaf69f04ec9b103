package import PipeCore

/// Closed batches on their way to the output, in the order in which their lanes must receive them.
package final class Outbox: Sendable {
    private struct Content {
        var batches: [ClosedBatch] = []
        var isEmitting = false
        var count: Int { batches.count + (isEmitting ? 1 : 0) }
    }
    private let content = Watched(Content())
    /// Batches that may wait before readers are held up, the one that is being emitted included.
    private let limit: Int

    package init(limit: Int) { self.limit = limit }

    /// Never waits: a partition that is given up must leave nothing behind.
    func put(_ batch: ClosedBatch) { content.update { $0.batches.append(batch) } }

    package func untilRoom() async throws {
        let limit = limit
        try await content.wait { $0.count < limit }
    }

    /// The next batch; the one before has left then.
    package func next() async throws -> ClosedBatch {
        content.update { $0.isEmitting = false }
        while true {
            try await content.wait { !$0.batches.isEmpty }
            let next = content.update { content -> ClosedBatch? in
                content.isEmitting = !content.batches.isEmpty
                return content.batches.isEmpty ? nil : content.batches.removeFirst()
            }
            if let next { return next }
        }
    }
}

/// A batch that takes no more records.
package struct ClosedBatch: Sendable {
    package var ranges: [KafkaExtent.Range]
    package var rows: EncodedRows
    package var rejected: [RejectedRecord]
    package var reason: FlushReason
    package var epoch: Int
}
