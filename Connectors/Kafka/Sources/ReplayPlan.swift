package import PipeCore

/// Which journaled batch each record belongs to, and which of them are complete. A value.
package struct ReplayPlan {
    private struct Slice {
        var batch: Int
        var first: Int64
        var last: Int64
    }
    /// What is left to read of a partition, in order of offsets.
    private var slices: [TopicPartition: ArraySlice<Slice>] = [:]
    /// Slices of each batch that are not complete.
    private var missing: [Int]
    private let lanes: [Lane]
    private var isTaken: [Bool]
    private var finished: [TopicPartition] = []

    package init(_ pending: [PendingBatch<KafkaExtent>]) {
        lanes = pending.map(\.lane)
        missing = pending.map { $0.extent.ranges.count }
        isTaken = pending.map { _ in false }
        var all: [TopicPartition: [Slice]] = [:]
        for (batch, entry) in pending.enumerated() {
            for range in entry.extent.ranges {
                all[range.place, default: []].append(Slice(batch: batch, first: range.first, last: range.last))
            }
        }
        slices = all.mapValues { $0.sorted { $0.first < $1.first }[...] }
    }

    package var places: [TopicPartition] { slices.keys.sorted() }
    package var isComplete: Bool { isTaken.allSatisfy { $0 } }

    /// Where to begin in a partition; nil where nothing of it is left. `gone` hears of ranges below the oldest offset.
    package mutating func begin(_ place: TopicPartition, low: Int64, gone: (ClosedRange<Int64>) -> Void) -> Int64? {
        while let slice = slices[place]?.first, slice.last < low {
            gone(slice.first...max(slice.first, slice.last))
            finishFirst(place)
        }
        guard let slice = slices[place]?.first else { return nil }
        if slice.first < low { gone(slice.first...(low - 1)) }
        return max(slice.first, low)
    }

    /// The batch of a record; nil where it is in none. Records come in order.
    package mutating func batch(of offset: Int64, in place: TopicPartition) -> Int? {
        while let slice = slices[place]?.first, slice.last < offset { finishFirst(place) }
        guard let slice = slices[place]?.first, slice.first <= offset else { return nil }
        return slice.batch
    }

    /// A record was dealt with.
    package mutating func took(_ offset: Int64, in place: TopicPartition) {
        if let slice = slices[place]?.first, slice.last <= offset { finishFirst(place) }
    }

    /// There is no record at `offset` or behind it.
    package mutating func ended(_ place: TopicPartition, at offset: Int64, gone: (ClosedRange<Int64>) -> Void) {
        while let slice = slices[place]?.first {
            if slice.last >= offset { gone(max(slice.first, offset)...slice.last) }
            finishFirst(place)
        }
    }

    /// Batches that became complete and whose predecessors in their lane were taken.
    package mutating func takeComplete() -> [Int] {
        var held: Set<Lane> = []
        var complete: [Int] = []
        for batch in lanes.indices where !isTaken[batch] && !held.contains(lanes[batch]) {
            if missing[batch] == 0 {
                isTaken[batch] = true
                complete.append(batch)
            } else {
                held.insert(lanes[batch])
            }
        }
        return complete
    }

    /// Partitions of which nothing is left to read.
    package mutating func takeFinished() -> [TopicPartition] {
        defer { finished = [] }
        return finished
    }

    private mutating func finishFirst(_ place: TopicPartition) {
        guard let slice = slices[place]?.popFirst() else { return }
        missing[slice.batch] -= 1
        if slices[place]?.isEmpty == true { finished.append(place) }
    }
}
