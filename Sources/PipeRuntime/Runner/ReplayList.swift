import PipeCore

/// The journaled batches a source has yet to emit again, as a value.
struct ReplayList<Extent: SourceExtent>: Sendable {
    private var pending: [Lane: ArraySlice<PendingBatch<Extent>>]

    init(_ pending: [PendingBatch<Extent>]) {
        self.pending = Dictionary(grouping: pending, by: \.lane).mapValues { $0[...] }
    }

    var isEmpty: Bool { pending.isEmpty }

    /// Whether `batch` repeats a journaled one. Throws when the source breaks its contract: a new batch, or one with other
    /// boundaries, while its lane has batches to repeat. Going on would load rows twice or never.
    mutating func claim(_ id: BatchID, lane: Lane, extent: Extent) throws(PipeError) -> Bool {
        guard var expected = pending[lane], let first = expected.first else { return false }
        guard first.id == id, first.extent == extent else {
            throw PipeError(
                .internalError, .bug, side: .source, "the source emitted batch \(id) of lane \(lane) where it had to repeat \(first.id)")
        }
        expected.removeFirst()
        pending[lane] = expected.isEmpty ? nil : expected
        return true
    }
}
