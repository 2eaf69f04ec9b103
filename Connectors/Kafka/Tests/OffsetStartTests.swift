import KafkaConnector
import PipeCore
import PipeTesting
import Testing

@Suite struct OffsetStartTests {
    private let place = TopicPartition("t", 3)
    private let log = RecordingLog()

    private func start(exactlyOnce: Bool = false, offset: JSONValue? = nil) throws -> OffsetStart {
        var document: JSONValue = [
            "type": "kafka", "format": "JSONEachRow", "brokers": "b:1", "topics": "t", "exactlyOnce": .bool(exactlyOnce),
        ]
        document["offset"] = offset
        return OffsetStart(configuration: try document.decode(), log: log)
    }

    private func choice(
        _ standing: PartitionTable.Standing, committed: CommittedOffset? = nil, low: Int64 = 0, exactlyOnce: Bool = false
    ) throws -> OffsetStart.Choice? {
        try start(exactlyOnce: exactlyOnce).choose(
            [place: standing], committed: committed.map { [place: $0] } ?? [:], low: [place: low])[place]
    }

    @Test(
        arguments: [
            // Position, committed offset, without and with exactly-once.
            (10, nil, 10, 10), (10, 10, 10, 10), (10, 7, 10, 10), (10, 15, 15, 10), (nil, 15, 15, 15),
        ] as [(Int64?, Int64?, Int64, Int64)])
    func theFurtherOneCountsByDefaultAndTheOwnOneExactlyOnce(next: Int64?, committed: Int64?, byDefault: Int64, exactly: Int64) throws {
        for (exactlyOnce, expected) in [(false, byDefault), (true, exactly)] {
            let found = try choice(
                PartitionTable.Standing(next: next), committed: committed.map { CommittedOffset(offset: $0) }, exactlyOnce: exactlyOnce)
            #expect(found == OffsetStart.Choice(next: expected, isFirst: false))
        }
        #expect(log.lines.isEmpty)
    }

    @Test(
        arguments: [
            // The strategy's choice, the oldest offset, the start.
            (nil, 0, 0), (nil, 40, 40), (100, 40, 100), (20, 40, 40),
        ] as [(Int64?, Int64, Int64)])
    func withoutAnythingKnownTheStrategySays(chosen: Int64?, low: Int64, expected: Int64) throws {
        let found = try choice(PartitionTable.Standing(chosen: chosen), low: low)
        #expect(found == OffsetStart.Choice(next: expected, isFirst: true))
        #expect(log.lines.isEmpty, "nothing was lost")
    }

    @Test func whatTheGroupRemembersCountsBeforeTheStrategy() throws {
        let found = try choice(PartitionTable.Standing(chosen: 100), committed: CommittedOffset(offset: 12))
        #expect(found == OffsetStart.Choice(next: 12, isFirst: false))
    }

    @Test func whatWasCommittedBeforeARewindIsNoPosition() throws {
        let rewound = PartitionTable.Standing(next: 5, epoch: 2)
        #expect(try choice(rewound, committed: CommittedOffset(offset: 90, epoch: 1))?.next == 5)
        #expect(try choice(rewound, committed: CommittedOffset(offset: 90, epoch: 2))?.next == 90)
        #expect(
            try choice(PartitionTable.Standing(epoch: 1), committed: CommittedOffset(offset: 90))
                == OffsetStart.Choice(next: 0, isFirst: true))
    }

    @Test(arguments: [(false, 7), (true, 7), (false, nil)] as [(Bool, Int64?)])
    func recordsThatRetentionRemovedAreTold(exactlyOnce: Bool, next: Int64?) throws {
        let found = try choice(
            PartitionTable.Standing(next: next), committed: CommittedOffset(offset: 7), low: 30, exactlyOnce: exactlyOnce)
        #expect(found == OffsetStart.Choice(next: 30, isFirst: false))
        let line = try #require(log.lines.last)
        #expect(line.level == .warning && line.code == "SOURCE_RECORDS_GONE")
        #expect(line.message.contains("23 offsets of topic 't', partition 3, from 7 to 29"))
    }

    /// No broker at hand finds offsets by time: what it is asked for is tested here.
    @Test(
        arguments: [
            (nil, .beginning), (["strategy": "from_beginning"], .beginning), (["strategy": "from_latest"], .end),
            (["strategy": "from_timestamp", "timestamp": "1970-01-01T00:00"], .time(0)),
            (["strategy": "from_timestamp", "timestamp": "2023-11-14T22:16"], .time(1_700_000_160_000)),
            (["strategy": "from_timestamp", "timestamp": "2024-02-29T23:59"], .time(1_709_251_140_000)),
        ] as [(JSONValue?, KafkaClient.Moment)])
    func theMomentOfTheStrategy(offset: JSONValue?, expected: KafkaClient.Moment) throws {
        #expect(try start(offset: offset).moment == expected)
    }

    @Test func partitionsAreChosenOneByOne() throws {
        let (known, new) = (TopicPartition("t", 0), TopicPartition("u", 0))
        let found = try start().choose(
            [known: PartitionTable.Standing(next: 4), new: PartitionTable.Standing(chosen: 9)], committed: [:], low: [:])
        #expect(found == [known: OffsetStart.Choice(next: 4, isFirst: false), new: OffsetStart.Choice(next: 9, isFirst: true)])
    }
}
