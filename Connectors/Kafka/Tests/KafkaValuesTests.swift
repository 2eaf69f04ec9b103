import KafkaConnector
import PipeCore
import Testing

@Suite struct KafkaValuesTests {
    let place = TopicPartition("orders", 3)

    @Test func positionsAndExtentsSurviveTheCatalog() throws {
        let position = KafkaPosition(epoch: 2, offsets: [place: 17, TopicPartition("orders", 1): 4, TopicPartition("a.b", 0): 9])
        let text = try JSONValue(encoding: position)
        #expect(text == ["epoch": 2, "offsets": ["orders": [[1, 4], [3, 17]], "a.b": [[0, 9]]]])
        #expect(try text.decode(KafkaPosition.self) == position)
        let extent = KafkaExtent(ranges: [KafkaExtent.Range(place, first: 5, last: 16)], end: position)
        let stored = try JSONValue(encoding: extent)
        #expect(stored["ranges"] == [["orders", 3, 5, 16]])
        #expect(try stored.decode(KafkaExtent.self) == extent)
    }

    @Test func idsSayWhatIsInABatch() {
        let one = KafkaExtent(ranges: [KafkaExtent.Range(place, first: 5, last: 16)], end: KafkaPosition(epoch: 2))
        #expect(one.batchID.rawValue == "2:orders:3:5-16")
        var two = one
        two.ranges.append(KafkaExtent.Range(TopicPartition("orders", 4), first: 0, last: 1))
        var three = two
        three.ranges[1].last = 2
        #expect(two.batchID.rawValue.hasPrefix("2:orders:3:5-16+1:"))
        #expect(two.batchID != three.batchID)
        #expect(two.batchID == two.batchID)
    }

    @Test func aRewindOfSomePartitionsLeavesOtherLanesAlone() throws {
        let other = TopicPartition("orders", 4)
        func batch(_ place: TopicPartition, _ first: Int64, _ last: Int64) throws -> StoredBatch {
            let extent = KafkaExtent(
                ranges: [KafkaExtent.Range(place, first: first, last: last)], end: KafkaPosition(offsets: [place: last + 1]))
            return StoredBatch(id: extent.batchID, lane: place.lane, extent: try JSONValue(encoding: extent))
        }
        let stored = StoredCheckpoint(
            positions: [
                place.lane: try JSONValue(encoding: KafkaPosition(offsets: [place: 10])),
                other.lane: try JSONValue(encoding: KafkaPosition(offsets: [other: 10])),
            ], pending: [try batch(place, 10, 19), try batch(other, 10, 19)])
        let rewound = try KafkaConfiguration.rewound(stored, to: [place: 2], isExactlyOnce: true)
        #expect(try rewound.positions[place.lane]?.decode(KafkaPosition.self) == KafkaPosition(epoch: 1, offsets: [place: 2]))
        #expect(rewound.positions[other.lane] == stored.positions[other.lane])
        #expect(rewound.pending.map(\.lane) == [other.lane])
    }

    @Test func aRewindOfTheSharedLaneForgetsWhatIsOnTheWay() throws {
        let other = TopicPartition("orders", 4)
        let extent = KafkaExtent(
            ranges: [KafkaExtent.Range(place, first: 10, last: 19), KafkaExtent.Range(other, first: 7, last: 9)],
            end: KafkaPosition(epoch: 4, offsets: [place: 20, other: 10]))
        let stored = StoredCheckpoint(
            positions: [KafkaExtent.sharedLane: try JSONValue(encoding: KafkaPosition(epoch: 4, offsets: [place: 10]))],
            pending: [StoredBatch(id: extent.batchID, lane: KafkaExtent.sharedLane, extent: try JSONValue(encoding: extent))])
        let rewound = try KafkaConfiguration.rewound(stored, to: [place: 2], isExactlyOnce: false)
        #expect(rewound.pending.isEmpty)
        let position = try rewound.positions[KafkaExtent.sharedLane]?.decode(KafkaPosition.self)
        #expect(position == KafkaPosition(epoch: 5, offsets: [place: 2, other: 7]), "the other one goes back to what is settled")
    }

    @Test(arguments: [
        (Int32(1), PipeError.Code.sourceUnreachable, Disposition.retry), (3, .sourceMissing, .user), (29, .sourceDenied, .user),
        (30, .sourceDenied, .user), (58, .sourceDenied, .user), (-169, .sourceDenied, .user), (-195, .sourceUnreachable, .retry),
        (-187, .sourceUnreachable, .retry), (-193, .sourceUnreachable, .retry), (-185, .sourceUnreachable, .retry),
        (7, .sourceUnreachable, .retry),
    ])
    func faultsSayWhoMustAct(code: Int32, expected: PipeError.Code, disposition: Disposition) {
        let error = KafkaFault(code: code).pipeError("b:1", topic: "t")
        #expect(error.code == expected)
        #expect(error.disposition == disposition)
        #expect(error.message.contains("failed to access topic 't' at b:1"))
    }

    @Test func anUntrustedCertificateIsTheUsersToRepair() {
        let error = KafkaFault(code: -181, reason: "SSL handshake failed: certificate verify failed").pipeError("b:1")
        #expect(error.disposition == .user)
        #expect(error.message.contains("caCertificate"))
        #expect(KafkaFault(code: -181, reason: "SSL handshake failed: unexpected eof").pipeError("b:1").disposition == .retry)
    }
}
