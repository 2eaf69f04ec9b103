public import PipeCore

/// Where a lane resumes: for each partition the offset of the next record to read.
public struct KafkaPosition: SourcePosition {
    /// Raised whenever offsets that were read before are read again on purpose; part of every batch id, so that the destination does
    /// not take the new batches for repetitions.
    public var epoch: Int
    public var offsets: [TopicPartition: Int64]

    public init(epoch: Int = 0, offsets: [TopicPartition: Int64] = [:]) {
        self.epoch = epoch
        self.offsets = offsets
    }

    private enum CodingKeys: String, CodingKey { case epoch, offsets }

    /// `{"epoch":0,"offsets":{"orders":[[0,17],[1,4]]}}`
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(epoch, forKey: .epoch)
        var topics: [String: [[Int64]]] = [:]
        for (place, next) in offsets { topics[place.topic, default: []].append([Int64(place.partition), next]) }
        try container.encode(topics.mapValues { $0.sorted { $0[0] < $1[0] } }, forKey: .offsets)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        epoch = try container.decode(Int.self, forKey: .epoch)
        offsets = [:]
        for (topic, pairs) in try container.decode([String: [[Int64]]].self, forKey: .offsets) {
            for pair in pairs {
                guard pair.count == 2, let partition = Int32(exactly: pair[0]) else {
                    throw DecodingError.dataCorruptedError(
                        forKey: .offsets, in: container, debugDescription: "not a pair of partition and offset")
                }
                offsets[TopicPartition(topic, partition)] = pair[1]
            }
        }
    }
}
