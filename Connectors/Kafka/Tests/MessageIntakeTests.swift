import KafkaConnector
import PipeCore
import PipeTesting
import Testing

/// Takes a message's text as it is. `bad …` is rejected, `skip …` skipped; a text with a schema, `2:…`, needs a batch of its schema,
/// and `9:…` one that must be fetched first.
private struct TextFraming: MessageFraming {
    let fetched = Watched<Set<Int>>([])

    func makeFramer() -> Framer { Framer(fetched: fetched) }
    func resolve(_ need: Int) async throws { fetched.update { _ = $0.insert(need) } }

    struct Framer: MessageFramer {
        let fetched: Watched<Set<Int>>
        private var schema: Int?
        private var texts: [UInt8] = []
        private(set) var rowCount = 0

        init(fetched: Watched<Set<Int>>) { self.fetched = fetched }

        var byteCount: Int { texts.count }

        mutating func append(_ message: borrowing KafkaMessage) -> FramingOutcome<Int> {
            let text = message.value.map { String(decoding: $0, as: UTF8.self) } ?? ""
            if text.hasPrefix("skip") { return .skipped }
            if text.hasPrefix("bad") {
                return .rejected(RejectedRecord(code: .dataParsing, reason: "it is bad", locator: message.locator, raw: Array(text.utf8)))
            }
            if let colon = text.firstIndex(of: ":"), let wanted = Int(text[..<colon]) {
                if wanted == 9, !fetched.value.contains(9) { return .needs(9) }
                if let schema, schema != wanted, rowCount > 0 { return .needsFlush }
                schema = wanted
            }
            texts += Array((text + "\n").utf8)
            rowCount += 1
            return .appended
        }

        mutating func finish() -> EncodedRows { EncodedRows(bytes: texts, rowCount: rowCount, format: "LineAsString") }
    }
}

@Suite(.timeLimit(.minutes(5)))
struct MessageIntakeTests {
    /// An intake with what it hands on, fed by a mock cluster.
    private final class Bench {
        let cluster: MockCluster
        let queue: MessageQueue
        let clock = ManualClock()
        let framing = TextFraming()
        let table: PartitionTable
        let outbox = Outbox(limit: 100)
        let intake: MessageIntake<TextFraming>
        var messages = ReceivedMessages()
        private let partitions: Int32

        /// The end of a client waits for messages that somebody still holds.
        deinit { messages = ReceivedMessages() }

        init(
            _ records: [MockCluster.Record], partitions: Int32 = 1, exactlyOnce: Bool = false, rows: Int = 100_000, bytes: Int = 1 << 20,
            tellsEnds: Bool = false
        ) async throws {
            cluster = try MockCluster(topics: ["t": partitions])
            self.partitions = partitions
            try await cluster.produce(records)
            queue = try MessageQueue(cluster, topic: "t", partitions: partitions, tellsEnds: tellsEnds)
            table = PartitionTable(Checkpoint(), isExactlyOnce: exactlyOnce)
            var sizes = KafkaSizes(PipeScaling())
            sizes.batchRows = rows
            sizes.batchBytes = bytes
            intake = MessageIntake(framing: framing, table: table, outbox: outbox, sizes: sizes, stopwatch: Stopwatch(clock))
        }

        func assign(_ offsets: Int64...) {
            let starts = Dictionary(uniqueKeysWithValues: offsets.enumerated().map { (TopicPartition("t", Int32($0)), $1) })
            for (place, next) in starts { table.start(place, at: next) }
            intake.assign(starts)
        }

        /// Takes until `count` messages were read; what was needed on the way is fetched.
        func take(_ count: Int) async throws -> [Int] {
            var (left, needs) = (count, [Int]())
            while left > 0 {
                queue.fill(&messages)
                let taken = intake.take(&messages)
                left -= taken.count
                if let need = taken.need {
                    needs.append(need)
                    try await framing.resolve(need)
                }
            }
            return needs
        }

        /// Takes until so many ends of partitions were seen.
        func takeToEnds(_ count: Int) {
            var left = count
            while left > 0 {
                queue.fill(&messages)
                left -= intake.take(&messages).faults.count
            }
        }

        /// Lets the intake see `count` messages, whatever it does with them.
        func show(_ count: Int) {
            var seen = 0
            while seen < count {
                seen += queue.fill(&messages)
                _ = intake.take(&messages)
            }
        }

        /// Everything handed on so far.
        func closed(_ count: Int) async throws -> [ClosedBatch] {
            var batches: [ClosedBatch] = []
            for _ in 0..<count { batches.append(try await outbox.next()) }
            return batches
        }
    }

    private func records(_ texts: [String], partition: Int32 = 0) -> [MockCluster.Record] {
        texts.map { MockCluster.Record("t", partition, $0) }
    }

    private func range(_ partition: Int32, _ first: Int64, _ last: Int64) -> KafkaExtent.Range {
        KafkaExtent.Range(TopicPartition("t", partition), first: first, last: last)
    }

    @Test func aBatchIsFullAfterSoManyRows() async throws {
        let bench = try await Bench(records((0..<25).map { "m\($0)" }), rows: 10)
        bench.assign(0)
        _ = try await bench.take(25)
        let full = try await bench.closed(2)
        #expect(full.map(\.ranges) == [[range(0, 0, 9)], [range(0, 10, 19)]])
        #expect(full.map(\.reason) == [.rows, .rows] && full.map(\.rows.rowCount) == [10, 10])
        #expect(String(decoding: full[1].rows.bytes.prefix(4), as: UTF8.self) == "m10\n")
        #expect(bench.intake.closeDue(now: .seconds(4), wait: .seconds(5)) == .seconds(5), "the third is young")
        #expect(bench.intake.closeDue(now: .seconds(5), wait: .seconds(5)) == nil)
        let last = try await bench.closed(1)[0]
        #expect(last.ranges == [range(0, 20, 24)] && last.reason == .time)
        #expect(bench.intake.nextOffsets == [TopicPartition("t", 0): 25])
    }

    @Test func atTheEndsHalfABatchIsEnough() async throws {
        let bench = try await Bench(records((0..<5).map { "m\($0)" }), partitions: 2, rows: 10, tellsEnds: true)
        bench.assign(0, 0)
        bench.intake.closeAtEnd()
        bench.takeToEnds(2)
        #expect(bench.table.isSettled)
        bench.intake.closeAtEnd()
        #expect(bench.intake.closeDue(now: .zero, wait: .seconds(5)) == nil, "nothing is open any more")
        let batch = try await bench.closed(1)[0]
        #expect(batch.ranges == [range(0, 0, 4)] && batch.reason == .caughtUp)
        #expect(!bench.table.isSettled)
        bench.table.settled.update { $0[TopicPartition("t", 0)] = 5 }
        #expect(bench.table.isSettled)
    }

    @Test func lessThanHalfABatchWaits() async throws {
        let bench = try await Bench(records((0..<4).map { "m\($0)" }), rows: 10, tellsEnds: true)
        bench.assign(0)
        bench.takeToEnds(1)
        bench.intake.closeAtEnd()
        #expect(bench.intake.closeDue(now: .zero, wait: .seconds(5)) == .seconds(5))
    }

    @Test func aBatchIsFullAfterSoManyBytes() async throws {
        let bench = try await Bench(records((0..<8).map { _ in String(repeating: "x", count: 99) }), bytes: 350)
        bench.assign(0)
        _ = try await bench.take(8)
        let full = try await bench.closed(2)
        #expect(full.map(\.ranges) == [[range(0, 0, 3)], [range(0, 4, 7)]])
        #expect(full.allSatisfy { $0.reason == .bytes })
    }

    @Test func partitionsShareABatch() async throws {
        let bench = try await Bench(records(["a", "b"]) + records(["c"], partition: 1), partitions: 2)
        bench.assign(0, 0)
        _ = try await bench.take(3)
        bench.intake.release(keeping: true)
        let batch = try await bench.closed(1)[0]
        #expect(batch.ranges == [range(0, 0, 1), range(1, 0, 0)] && batch.rows.rowCount == 3 && batch.reason == .end)
        #expect(bench.intake.nextOffsets.isEmpty)
    }

    @Test func exactlyOnceEachPartitionHasItsOwnAndTheLargestGoesFirst() async throws {
        let long = String(repeating: "x", count: 99)
        let bench = try await Bench(
            records([long, long, long]) + records(["small"], partition: 1), partitions: 2, exactlyOnce: true, bytes: 306)
        bench.assign(0, 0)
        _ = try await bench.take(4)
        let first = try await bench.closed(1)[0]
        #expect(first.ranges == [range(0, 0, 2)] && first.reason == .bytes)
        bench.intake.release(keeping: true)
        #expect(try await bench.closed(1)[0].ranges == [range(1, 0, 0)])
    }

    @Test func whatIsRejectedOrSkippedCountsAsRead() async throws {
        let bench = try await Bench(records(["skip 0", "bad 1", "good", "bad 3"]))
        bench.assign(0)
        _ = try await bench.take(4)
        bench.intake.release(keeping: true)
        let batch = try await bench.closed(1)[0]
        #expect(batch.ranges == [range(0, 0, 3)] && batch.rows.rowCount == 1)
        #expect(batch.rejected.map { $0.locator["offset"] } == ["1", "3"])
    }

    @Test func badRecordsAloneFillABatch() async throws {
        // Each counts what the error table gets, and 256 bytes.
        let bench = try await Bench(records((0..<6).map { "bad \($0)" }), bytes: 700)
        bench.assign(0)
        _ = try await bench.take(6)
        let full = try await bench.closed(2)
        #expect(full.map(\.ranges) == [[range(0, 0, 2)], [range(0, 3, 5)]] && full.map(\.rejected.count) == [3, 3])
    }

    @Test(arguments: [false, true])
    func anotherSchemaBeginsAnotherBatch(exactlyOnce: Bool) async throws {
        let bench = try await Bench(records(["1:a", "1:b", "2:c", "1:d"]), exactlyOnce: exactlyOnce)
        bench.assign(0)
        _ = try await bench.take(4)
        bench.intake.release(keeping: true)
        let batches = try await bench.closed(3)
        #expect(batches.map(\.ranges) == [[range(0, 0, 1)], [range(0, 2, 2)], [range(0, 3, 3)]])
    }

    @Test func anotherSchemaOfAnotherPartitionLeavesNoEmptyRange() async throws {
        let bench = try await Bench(records(["1:a"]) + records(["2:b"], partition: 1), partitions: 2)
        bench.assign(0, 0)
        _ = try await bench.take(2)
        bench.intake.release(keeping: true)
        let batches = try await bench.closed(2)
        #expect(Set(batches.map(\.ranges)) == [[range(0, 0, 0)], [range(1, 0, 0)]])
    }

    @Test func aMessageWaitsForWhatItNeeds() async throws {
        let bench = try await Bench(records(["9:a", "9:b"]))
        bench.assign(0)
        #expect(try await bench.take(2) == [9], "asked for once")
        bench.intake.release(keeping: true)
        #expect(try await bench.closed(1)[0].ranges == [range(0, 0, 1)])
    }

    @Test func nothingIsOpenWhileTheFirstMessageWaits() async throws {
        let bench = try await Bench(records(["9:a"]))
        bench.assign(0)
        bench.queue.fill(&bench.messages)
        let taken = bench.intake.take(&bench.messages)
        #expect(taken.need == 9 && taken.count == 0 && !bench.messages.isEmpty)
        #expect(bench.intake.closeDue(now: .zero, wait: .seconds(1)) == nil)
        #expect(bench.intake.nextOffsets == [TopicPartition("t", 0): 0])
    }

    @Test func whatWasLostToAnotherMemberIsForgotten() async throws {
        let bench = try await Bench(records(["a", "b", "c"]))
        bench.assign(0)
        _ = try await bench.take(3)
        bench.intake.release(keeping: false)
        #expect(bench.table.standing(TopicPartition("t", 0)).next == 0, "whoever is next reads it again")
        bench.assign(0)
        #expect(bench.intake.closeDue(now: .seconds(9), wait: .zero) == nil)
    }

    @Test func recordsBeforeTheStartAndOfForeignPartitionsAreLeftOut() async throws {
        let bench = try await Bench(records(["a", "b", "c", "d"]) + records(["x", "y"], partition: 1), partitions: 2)
        bench.assign(2)
        bench.show(6)
        #expect(bench.intake.nextOffsets == [TopicPartition("t", 0): 4])
        bench.intake.release(keeping: true)
        let batch = try await bench.closed(1)[0]
        #expect(batch.ranges == [range(0, 2, 3)])
        #expect(String(decoding: batch.rows.bytes, as: UTF8.self) == "c\nd\n")
    }

    @Test func aRestartedPartitionHasAnotherEpoch() async throws {
        let bench = try await Bench(records(["a"]), exactlyOnce: true)
        let place = TopicPartition("t", 0)
        bench.table.start(place, at: 0)
        bench.table.restart(place, at: 0)
        bench.intake.assign([place: 0])
        _ = try await bench.take(1)
        bench.intake.release(keeping: true)
        #expect(try await bench.closed(1)[0].epoch == 1)
        #expect(bench.table.standing(place) == PartitionTable.Standing(next: 1, epoch: 1))
    }
}
