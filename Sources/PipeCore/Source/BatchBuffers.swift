internal import Synchronization

/// The memory of a busy pipe's batches, used again: the kernel clears fresh pages, which with the pieces of request bodies took a third of
/// the CPU time of a Kafka pipe at full speed.
///
/// While ``keepsBuffers(_:)`` is off, as for a pipe that waits for records, nothing is kept.
public final class BatchBuffers: Sendable {
    private struct Content {
        var spare: [[UInt8]] = []
        var keeps = false
    }
    private let content = Mutex(Content())
    /// Most arrays that are kept.
    private let limit: Int

    public init(limit: Int) { self.limit = limit }

    /// An empty array that has room for `capacity` bytes.
    public func take(capacity: Int) -> [UInt8] {
        var bytes = content.withLock { $0.spare.popLast() } ?? []
        bytes.removeAll(keepingCapacity: true)
        bytes.reserveCapacity(capacity)
        return bytes
    }

    /// On: what comes back is kept. Off: it is freed, and what is there is freed now.
    public func keepsBuffers(_ keeps: Bool) {
        content.withLock { content in
            content.keeps = keeps
            if !keeps { content.spare = [] }
        }
    }

    /// Gives `bytes` back to these buffers when the last copy of the loan is gone.
    public func loan(_ bytes: [UInt8]) -> Loan { Loan(bytes, of: self) }

    private func giveBack(_ bytes: [UInt8]) {
        content.withLock { content in
            if content.keeps, content.spare.count < limit { content.spare.append(bytes) }
        }
    }

    /// Held beside the array that it names. Says nothing of what is in it: all loans are equal.
    public final class Loan: Sendable, Hashable {
        private let bytes: [UInt8]
        private let buffers: BatchBuffers

        fileprivate init(_ bytes: [UInt8], of buffers: BatchBuffers) {
            self.bytes = bytes
            self.buffers = buffers
        }

        deinit { buffers.giveBack(bytes) }

        public static func == (_: Loan, _: Loan) -> Bool { true }
        public func hash(into _: inout Hasher) {}
    }
}
