import KafkaConnector
import PipeCore
import Testing

@Suite struct ReplayPlanTests {
    private let a = TopicPartition("t", 0)
    private let b = TopicPartition("t", 1)

    private func pending(_ lane: Lane, _ ranges: (TopicPartition, Int64, Int64)...) -> PendingBatch<KafkaExtent> {
        let extent = KafkaExtent(ranges: ranges.map { KafkaExtent.Range($0.0, first: $0.1, last: $0.2) }, end: KafkaPosition())
        return PendingBatch(id: extent.batchID, lane: lane, extent: extent)
    }

    /// Takes the records of a partition one by one; the batch of each.
    private func take(_ plan: inout ReplayPlan, _ offsets: some Sequence<Int64>, of place: TopicPartition) -> [Int?] {
        offsets.map { offset in
            let batch = plan.batch(of: offset, in: place)
            if batch != nil { plan.took(offset, in: place) }
            return batch
        }
    }

    private func begin(_ plan: inout ReplayPlan, _ place: TopicPartition, low: Int64 = 0) -> (Int64?, [ClosedRange<Int64>]) {
        var gone: [ClosedRange<Int64>] = []
        return (plan.begin(place, low: low) { gone.append($0) }, gone)
    }

    @Test func nothingIsCompleteFromTheStart() {
        var plan = ReplayPlan([])
        #expect(plan.isComplete && plan.places.isEmpty && plan.takeComplete().isEmpty)
    }

    @Test func everyRecordGoesToItsOldBatch() {
        // Journaled in the order of opening, the ranges of a partition one behind the other with a gap.
        var plan = ReplayPlan([pending(a.lane, (a, 10, 12)), pending(a.lane, (a, 15, 16))])
        #expect(plan.places == [a])
        #expect(begin(&plan, a).0 == 10)
        #expect(take(&plan, 10...16, of: a) == [0, 0, 0, nil, nil, 1, 1])
        #expect(plan.takeFinished() == [a] && plan.takeFinished().isEmpty)
        #expect(plan.takeComplete() == [0, 1])
        #expect(plan.isComplete)
    }

    @Test func aBatchLeavesWhenAllItsPartitionsAreThere() {
        let lane = KafkaExtent.sharedLane
        var plan = ReplayPlan([pending(lane, (a, 0, 1), (b, 0, 0)), pending(lane, (b, 1, 3))])
        _ = (begin(&plan, a), begin(&plan, b))
        #expect(take(&plan, 0...3, of: b) == [0, 1, 1, 1])
        #expect(plan.takeComplete().isEmpty, "the second waits for the first")
        #expect(plan.takeFinished() == [b])
        #expect(take(&plan, 0...1, of: a) == [0, 0])
        #expect(plan.takeComplete() == [0, 1])
        #expect(plan.isComplete)
    }

    @Test func lanesDoNotWaitForEachOther() {
        var plan = ReplayPlan([pending(a.lane, (a, 0, 1)), pending(b.lane, (b, 0, 1))])
        _ = (begin(&plan, a), begin(&plan, b))
        _ = take(&plan, 0...1, of: b)
        #expect(plan.takeComplete() == [1])
        #expect(!plan.isComplete)
        _ = take(&plan, 0...1, of: a)
        #expect(plan.takeComplete() == [0])
        #expect(plan.isComplete)
    }

    @Test func offsetsWithoutARecordDoNotHoldABatchUp() {
        // Compaction or a transaction's marker: the last offset of a range never comes.
        var plan = ReplayPlan([pending(a.lane, (a, 0, 5)), pending(a.lane, (a, 6, 9))])
        _ = begin(&plan, a)
        #expect(take(&plan, [0, 2], of: a) == [0, 0])
        #expect(plan.takeComplete().isEmpty)
        #expect(take(&plan, [7], of: a) == [1])
        #expect(plan.takeComplete() == [0])
        var gone: [ClosedRange<Int64>] = []
        plan.ended(a, at: 10) { gone.append($0) }
        #expect(gone.isEmpty, "the end of the partition lies behind the range: nothing is missing")
        #expect(plan.takeComplete() == [1])
        #expect(plan.isComplete)
    }

    @Test(
        arguments: [
            // The oldest offset; where to begin; what is gone.
            (0, 5, []), (5, 5, []), (7, 7, [5...6]), (8, 10, [5...7]), (11, 11, [5...7, 10...10]), (13, nil, [5...7, 10...12]),
            (99, nil, [5...7, 10...12]),
        ] as [(Int64, Int64?, [ClosedRange<Int64>])])
    func retention(low: Int64, expected: Int64?, gone: [ClosedRange<Int64>]) {
        var plan = ReplayPlan([pending(a.lane, (a, 5, 7)), pending(a.lane, (a, 10, 12))])
        let (first, told) = begin(&plan, a, low: low)
        #expect(first == expected)
        #expect(told == gone)
        // A batch of which nothing is left goes out empty: its token is settled.
        #expect(plan.takeComplete() == (low > 12 ? [0, 1] : low > 7 ? [0] : []))
        #expect(plan.takeFinished() == (low > 12 ? [a] : []))
    }

    @Test(arguments: [(3, [3...4, 5...9]), (0, [0...4, 5...9]), (7, [7...9])] as [(Int64, [ClosedRange<Int64>])])
    func aPartitionThatEndsEarly(end: Int64, gone: [ClosedRange<Int64>]) {
        var plan = ReplayPlan([pending(a.lane, (a, 0, 4)), pending(a.lane, (a, 5, 9))])
        _ = begin(&plan, a)
        if end > 0 { _ = take(&plan, 0..<end, of: a) }
        var told: [ClosedRange<Int64>] = []
        plan.ended(a, at: end) { told.append($0) }
        #expect(told == gone)
        #expect(plan.takeComplete() == [0, 1])
        #expect(plan.isComplete)
    }
}
