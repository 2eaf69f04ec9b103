public import PipeCore

/// The records of one batch: for each of its partitions, everything between two offsets.
public struct KafkaExtent: SourceExtent {
    /// Offsets of a partition, both ends included. Contiguous, not dense: compaction, transaction markers and rejected records leave
    /// gaps.
    public struct Range: Codable, Hashable, Sendable {
        public var place: TopicPartition
        public var first: Int64
        public var last: Int64

        public init(_ place: TopicPartition, first: Int64, last: Int64) {
            self.place = place
            self.first = first
            self.last = last
        }

        /// `["orders",0,17,42]`
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.unkeyedContainer()
            try container.encode(place.topic)
            try container.encode(Int64(place.partition))
            try container.encode(first)
            try container.encode(last)
        }

        public init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            place = TopicPartition(try container.decode(String.self), try container.decode(Int32.self))
            first = try container.decode(Int64.self)
            last = try container.decode(Int64.self)
        }
    }

    /// In order of topic and partition; each partition once.
    public var ranges: [Range]
    public var end: KafkaPosition

    public init(ranges: [Range], end: KafkaPosition) {
        self.ranges = ranges
        self.end = end
    }

    /// The lane whose batches mix partitions.
    public static let sharedLane = Lane("messages")

    /// Names a batch by what it covers: a record is in one batch of an epoch, so that the first range alone makes the name unique; the
    /// hash of all of them makes it say the same of the whole content.
    package var batchID: BatchID {
        guard let first = ranges.first else { return BatchID("\(end.epoch):empty") }
        let name = "\(end.epoch):\(first.place):\(first.first)-\(first.last)"
        return BatchID(ranges.count == 1 ? name : "\(name)+\(ranges.count - 1):\(String(fingerprint, radix: 16))")
    }

    /// FNV-1a, 64 bits, of the ranges.
    private var fingerprint: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for range in ranges {
            for byte in "\(range.place):\(range.first)-\(range.last);".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return hash
    }
}
