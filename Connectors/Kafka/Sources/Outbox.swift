import PipeCore

/// Closed batches on their way to the output, in the order in which their lanes must receive them.
final class Outbox: Sendable {
    private struct Content {
        var batches: [ClosedBatch] = []
    }
    private let content = Monitor(Content())
    /// Batches that may wait before readers are held up; one more is being emitted.
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Never waits: a partition that is given up must leave nothing behind.
    func put(_ batch: ClosedBatch) { content.update { $0.batches.append(batch) } }

    func untilRoom() async throws {
        let limit = limit
        try await content.wait { $0.batches.count < limit }
    }

    func next() async throws -> ClosedBatch {
        while true {
            try await content.wait { !$0.batches.isEmpty }
            if let batch = content.update({ $0.batches.isEmpty ? nil : $0.batches.removeFirst() }) { return batch }
        }
    }
}

/// A batch that takes no more records.
struct ClosedBatch: Sendable {
    var ranges: [KafkaExtent.Range]
    var rows: EncodedRows
    var rejected: [RejectedRecord]
    var reason: FlushReason
    var epoch: Int
}
