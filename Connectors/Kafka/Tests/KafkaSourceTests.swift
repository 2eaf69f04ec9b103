import CRdKafka
import FoundationEssentials
import KafkaConnector
import PipeCore
import PipeTesting
import Testing

@Suite(.timeLimit(.minutes(2)))
struct KafkaSourceTests {
    private let log = RecordingLog()

    private func source(
        _ cluster: MockCluster, topics: String = "t", exactlyOnce: Bool = false, group: String = "g", replicas: Int = 1,
        offset: JSONValue? = nil, wait: Int64 = 500, memory: Double = 0.5
    ) throws -> KafkaSource {
        try source(
            brokers: cluster.brokers, topics: topics, exactlyOnce: exactlyOnce, group: group, replicas: replicas, offset: offset,
            wait: wait,
            memory: memory)
    }

    private func source(
        brokers: String, topics: String = "t", exactlyOnce: Bool = false, group: String = "g", replicas: Int = 1,
        offset: JSONValue? = nil, wait: Int64 = 500, memory: Double = 0.5
    ) throws -> KafkaSource {
        var document: JSONValue = [
            "type": "kafka", "format": "JSONEachRow", "brokers": .string(brokers), "topics": .string(topics),
            "consumerGroup": .string(group), "exactlyOnce": .bool(exactlyOnce),
        ]
        document["offset"] = offset
        let settings = LiveSettings(PipeSettings(["streaming_max_insert_wait_ms": .integer(wait)]))
        return try document.decode(KafkaConfiguration.self).makeSource(
            SourceContext(
                pipe: PipeID(rawValue: "p"), settings: settings, clock: ContinuousClock(), log: log,
                scaling: PipeScaling(replicas: replicas, replicaMemoryGb: memory)))
    }

    private func records(_ count: Int, partitions: Int32, from first: Int = 0, topic: String = "t") -> [MockCluster.Record] {
        (first..<(first + count)).map { MockCluster.Record(topic, Int32($0) % partitions, "{\"id\":\($0)}") }
    }

    typealias Output = RecordingOutput<KafkaExtent>

    /// Reads until `condition` holds.
    private func read(
        _ source: KafkaSource, from checkpoint: Checkpoint<KafkaExtent> = Checkpoint(), into output: Output = Output(),
        until condition: @escaping @Sendable (Output.Recorded) -> Bool
    ) async throws -> Output.Recorded {
        let task = StoppableTask()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await task.run { try await source.read(from: checkpoint, into: output) }
                } catch is CancellationError {}
            }
            group.addTask {
                try await output.wait(until: condition)
                task.stop()
            }
            try await group.waitForAll()
            return output.current
        }
    }

    @Test func everyRecordOfEveryPartitionOnce() async throws {
        let cluster = try MockCluster(topics: ["t": 4, "u": 2])
        try await cluster.produce(records(1000, partitions: 4) + records(500, partitions: 2, from: 1000, topic: "u"))
        let result = try await read(source(cluster, topics: "t, u")) { $0.rows == 1500 }
        #expect(result.ids == Array(0..<1500))
        #expect(Set(result.batches.map(\.lane)) == [Lane("messages")])
        let end = try #require(result.batches.last?.extent.end)
        #expect(end.offsets.filter { $0.key.topic == "t" }.values.allSatisfy { $0 == 250 })
        #expect(end.offsets.filter { $0.key.topic == "u" }.values.allSatisfy { $0 == 250 })
        #expect(end.offsets.count == 6)
        #expect(result.events.contains("rebalance"))
    }

    /// The wait is longer than the test may take: only the acknowledgement can let the second batch go.
    @Test func whatIsHalfFullLeavesOnceNothingIsBeingWritten() async throws {
        let cluster = try MockCluster(topics: ["t": 4])
        try await cluster.produce(records(160_000, partitions: 4))
        let source = try source(cluster, wait: 600_000)
        let output = Output()
        async let reading = read(source, into: output) { $0.rows == 160_000 }
        try await output.wait { $0.rows >= 100_000 }
        let first = try #require(output.current.batches.first)
        try await source.acknowledge(first.extent.end, in: first.lane)
        #expect(try await reading.batches.map(\.reason) == [.rows, .caughtUp])
    }

    @Test func lanesOfPartitionsInExactlyOnceMode() async throws {
        let cluster = try MockCluster(topics: ["t": 4])
        try await cluster.produce(records(1000, partitions: 4))
        let result = try await read(source(cluster, exactlyOnce: true)) { $0.rows == 1000 }
        #expect(Set(result.batches.map(\.lane.rawValue)) == ["t:0", "t:1", "t:2", "t:3"])
        for batch in result.batches {
            let range = try #require(batch.extent.ranges.first)
            #expect(batch.extent.ranges.count == 1)
            #expect(batch.id.rawValue == "0:\(range.place):\(range.first)-\(range.last)")
            #expect(batch.extent.end.offsets == [range.place: range.last + 1])
        }
    }

    @Test(arguments: [false, true])
    func goesOnAfterThePositions(exactlyOnce: Bool) async throws {
        let cluster = try MockCluster(topics: ["t": 4])
        try await cluster.produce(records(400, partitions: 4))
        let first = try await read(source(cluster, exactlyOnce: exactlyOnce)) { $0.rows == 400 }
        try await cluster.produce(records(40, partitions: 4, from: 400))
        let rest = try await read(source(cluster, exactlyOnce: exactlyOnce), from: Checkpoint(positions: first.positions)) { $0.rows >= 40 }
        #expect(rest.ids == Array(400..<440))
    }

    @Test(arguments: [false, true])
    func journaledBatchesComeFirstWithTheirBoundaries(exactlyOnce: Bool) async throws {
        let cluster = try MockCluster(topics: ["t": 4])
        try await cluster.produce(records(400, partitions: 4))
        let first = try await read(source(cluster, exactlyOnce: exactlyOnce)) { $0.rows == 400 }
        try await cluster.produce(records(400, partitions: 4, from: 400))
        let second = try await read(source(cluster, exactlyOnce: exactlyOnce), from: Checkpoint(positions: first.positions)) {
            $0.rows >= 400
        }
        try await cluster.produce(records(40, partitions: 4, from: 800))
        let pending = second.batches.map { PendingBatch(id: $0.id, lane: $0.lane, extent: $0.extent) }
        let again = try await read(
            source(cluster, exactlyOnce: exactlyOnce), from: Checkpoint(positions: first.positions, pending: pending)
        ) {
            $0.rows >= 440
        }
        #expect(again.ids == Array(400..<840))
        let repeated = Array(again.batches.prefix(pending.count))
        #expect(Set(repeated.map(\.id)) == Set(pending.map(\.id)))
        #expect(repeated.allSatisfy { $0.reason == .replay })
        for batch in repeated {
            let before = second.batches.first { $0.id == batch.id }
            #expect(before?.extent == batch.extent)
            #expect(before?.rowCount == batch.rowCount)
        }
    }

    @Test(arguments: [1, 3])
    func committedOffsetsOfTheGroupCountWithoutACheckpoint(replicas: Int) async throws {
        let cluster = try MockCluster(topics: ["t": 4])
        try await cluster.produce(records(400, partitions: 4))
        let first = try source(cluster, replicas: replicas)
        let output = Output()
        let task = StoppableTask()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await task.run { try await first.read(from: Checkpoint(), into: output) } }
            try await output.wait { $0.rows == 400 }
            let end = try #require(output.current.batches.last?.extent.end)
            try await first.acknowledge(end, in: Lane("messages"))
            let second = try source(cluster, replicas: replicas)
            try await cluster.produce(records(40, partitions: 4, from: 400))
            try await output.wait { $0.rows == 440 }
            try await first.acknowledge(try #require(output.current.batches.last?.extent.end), in: Lane("messages"))
            for partition in 0..<Int32(4) { try await cluster.untilCommitted(110, group: "g", topic: "t", partition: partition) }
            task.stop()
            try await group.waitForAll()
            try await cluster.produce(records(4, partitions: 4, from: 440))
            let rest = try await read(second) { $0.rows >= 4 }
            #expect(rest.ids == Array(440..<444), "what was committed is not read again")
        }
    }

    @Test(arguments: [false, true])
    func aGroupOfMembersSharesThePartitions(exactlyOnce: Bool) async throws {
        let cluster = try MockCluster(topics: ["t": 16])
        try await cluster.produce(records(3200, partitions: 16))
        let result = try await read(source(cluster, exactlyOnce: exactlyOnce, replicas: 3)) { $0.rows >= 3200 }
        #expect(result.ids == Array(0..<3200))
        #expect(result.events.filter { $0 == "rebalance" }.count >= 3)
    }

    @Test func aMemberThatIsHeldUpStaysInItsGroup() async throws {
        let cluster = try MockCluster(topics: ["t": 2])
        try await cluster.produce(records(100, partitions: 2))
        let output = Output(capacity: 0)
        let task = StoppableTask()
        let source = try source(cluster)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) {
                    try await task.run { try await source.read(from: Checkpoint(), into: output) }
                }
            }
            group.addTask {
                try await output.wait { !$0.batches.isEmpty }
                // While the first batch is held up: the group is answered and the lag is told.
                try await output.wait { $0.lags.count >= 2 }
                task.stop()
            }
        }
        #expect(output.current.batches.count == 1)
    }

    @Test func theLagIsTold() async throws {
        let cluster = try MockCluster(topics: ["t": 2])
        try await cluster.produce(records(10, partitions: 2))
        let result = try await read(source(cluster)) { $0.rows == 10 && $0.lags.contains { $0?.items == 0 } }
        let lag = try #require(result.lags.last { $0?.items == 0 } ?? nil)
        #expect(lag.lanes == [Lane("t:0"): 0, Lane("t:1"): 0])
    }

    @Test func recordsFromNowOn() async throws { try await skipsWhatWasThere(["strategy": "from_latest"]) }

    /// The mock cluster finds no offsets by time, as if no record were that young.
    @Test func recordsFromATimeOnWhereNoneIsThatYoung() async throws {
        try await skipsWhatWasThere(["strategy": "from_timestamp", "timestamp": "2100-01-01T00:00"])
    }

    private func skipsWhatWasThere(_ offset: JSONValue) async throws {
        let cluster = try MockCluster(topics: ["t": 2])
        try await cluster.produce(records(10, partitions: 2))
        let source = try source(cluster, offset: offset)
        let output = Output()
        let task = StoppableTask()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await task.run { try await source.read(from: Checkpoint(), into: output) } }
            try await output.wait { $0.lags.contains { $0?.lanes.count == 2 } }
            try await cluster.produce(records(10, partitions: 2, from: 10))
            try await output.wait { $0.rows >= 10 }
            task.stop()
            try await group.waitForAll()
        }
        #expect(output.current.ids == Array(10..<20))
    }

    @Test func recordsThatAreNoRowsAreRejectedWithTheirPlace() async throws {
        let cluster = try MockCluster(topics: ["t": 1])
        try await cluster.produce([
            MockCluster.Record("t", 0, "{\"id\":0}"), MockCluster.Record("t", 0, "garbage"), MockCluster.Record("t", 0, "{\"id\":1}"),
        ])
        let result = try await read(source(cluster)) { $0.rows == 2 }
        #expect(result.ids == [0, 1])
        #expect(result.rejected.map(\.locator) == [["topic": "t", "partition": "0", "offset": "1"]])
        #expect(result.batches.last?.extent.end.offsets == [TopicPartition("t", 0): 3])
    }

    @Test func brokersThatComeBack() async throws {
        let cluster = try MockCluster(topics: ["t": 2])
        try await cluster.produce(records(10, partitions: 2))
        let source = try source(cluster)
        let output = Output()
        let task = StoppableTask()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await task.run { try await source.read(from: Checkpoint(), into: output) } }
            try await output.wait { $0.rows == 10 }
            cluster.setDown()
            cluster.setUp()
            try await cluster.produce(records(10, partitions: 2, from: 10))
            try await output.wait { $0.rows >= 20 }
            task.stop()
            try? await group.waitForAll()
        }
        #expect(output.current.ids == Array(0..<20))
    }

    @Test func brokersThatStayAway() async throws {
        let cluster = try MockCluster(topics: ["t": 2])
        try await cluster.produce(records(10, partitions: 2))
        let source = try source(cluster)
        let output = Output()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let error = await #expect(throws: PipeError.self) { try await source.read(from: Checkpoint(), into: output) }
                #expect(error?.code == .sourceUnreachable)
                #expect(error?.disposition == .retry)
            }
            try await output.wait { $0.rows == 10 }
            cluster.setDown()
            try await group.waitForAll()
        }
    }

    @Test func aBrokerThatIsNotThere() async throws {
        let source = try source(brokers: "127.0.0.1:1")
        let error = await #expect(throws: PipeError.self) { try await source.read(from: Checkpoint(), into: Output()) }
        #expect(error?.code == .sourceUnreachable)
        #expect(error?.disposition == .retry)
        #expect(error?.message.contains("127.0.0.1:1") == true)
    }

    @Test func aTopicThatIsNotThere() async throws {
        let cluster = try MockCluster(topics: ["t": 2])
        cluster.setTopicError("gone", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        let error = await #expect(throws: PipeError.self) {
            try await source(cluster, topics: "t,gone").read(from: Checkpoint(), into: Output())
        }
        #expect(error?.code == .sourceMissing)
        #expect(error?.disposition == .user)
        #expect(error?.message.contains("'gone'") == true)
        let known = KafkaPosition(offsets: [TopicPartition("gone", 0): 5])
        let later = await #expect(throws: PipeError.self) {
            try await source(cluster, topics: "t,gone").read(from: Checkpoint(positions: [Lane("messages"): known]), into: Output())
        }
        #expect(later?.disposition == .retry, "a topic that was read before may come back")
    }

    @Test func offsetsThatRetentionRemoved() async throws {
        let cluster = try MockCluster(topics: ["t": 1])
        try await cluster.produce(records(10, partitions: 1))
        let ahead = KafkaPosition(offsets: [TopicPartition("t", 0): 500])
        let result = try await read(source(cluster, exactlyOnce: true), from: Checkpoint(positions: [Lane("t:0"): ahead])) { $0.rows == 10 }
        #expect(result.batches.allSatisfy { $0.extent.end.epoch == 1 }, "other records at offsets that were read before")
        #expect(log.lines.contains { $0.code == "SOURCE_RECORDS_GONE" && $0.message.contains("500") })
    }

    @Test(arguments: SourceContract<KafkaSource>.Rule.allCases, [false, true])
    func contract(_ rule: SourceContract<KafkaSource>.Rule, exactlyOnce: Bool) async throws {
        // One partition: batches that mix several are read again in another order of rows.
        let cluster = try MockCluster(topics: ["t": exactlyOnce ? 3 : 1])
        try await cluster.produce(records(300, partitions: exactlyOnce ? 3 : 1))
        let groups = WatchedCounter()
        try await SourceContract(batches: exactlyOnce ? 3 : 1) {
            try source(cluster, exactlyOnce: exactlyOnce, group: "g\(groups.next())")
        }.verify(rule)
    }
}

private final class WatchedCounter: Sendable {
    private let count = Watched(0)
    func next() -> Int {
        count.update { count in
            count += 1
            return count
        }
    }
}

extension Batch<KafkaExtent> {
    var rowCount: Int {
        guard case .rows(let rows) = payload else { return 0 }
        return rows.rowCount
    }
}

extension RecordingOutput<KafkaExtent>.Recorded {
    var rows: Int { batches.reduce(0) { $0 + $1.rowCount } }

    /// Values of `id`, sorted, each as often as it came.
    var ids: [Int] {
        var ids: [Int] = []
        for batch in batches {
            guard case .rows(let rows) = batch.payload else { continue }
            for line in rows.bytes.split(separator: UInt8(ascii: "\n")) {
                ids.append(Int(String(decoding: line.dropFirst(6).dropLast(), as: UTF8.self)) ?? -1)
            }
        }
        return ids.sorted()
    }

    /// Where the lanes stand.
    var positions: [Lane: KafkaPosition] { Dictionary(batches.map { ($0.lane, $0.extent.end) }) { $1 } }
}
