internal import CRdKafka

/// What waits for an answer of the brokers, each on a thread of its own.
extension KafkaClient {
    /// For one request.
    static let timeout: Int32 = 10_000

    /// The partitions of a topic.
    func partitions(of topic: String, timeout: Int32 = timeout) async throws -> [TopicPartition] {
        try await BlockingCalls.run { [self] in
            guard let reference = rd_kafka_topic_new(handle, topic, nil) else { throw KafkaFault(rd_kafka_last_error()) }
            defer { rd_kafka_topic_destroy(reference) }
            var answer: UnsafePointer<rd_kafka_metadata>?
            try check(rd_kafka_metadata(handle, 0, reference, &answer, timeout))
            guard let answer else { return [] }
            defer { rd_kafka_metadata_destroy(answer) }
            guard answer.pointee.topic_cnt > 0, let found = answer.pointee.topics?.pointee else {
                throw KafkaFault(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            }
            try check(found.err)
            if found.partition_cnt == 0 { throw KafkaFault(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) }
            return (0..<Int(found.partition_cnt)).compactMap { index in
                found.partitions.map { TopicPartition(topic, $0[index].id) }
            }
        }
    }

    /// What the group remembers; partitions without an offset are absent.
    func committed(_ places: [TopicPartition]) async throws -> [TopicPartition: CommittedOffset] {
        try await BlockingCalls.run { [self] in
            let list = PartitionList(places)
            try check(list.with { rd_kafka_committed(handle, $0, Self.timeout) })
            var found: [TopicPartition: CommittedOffset] = [:]
            for entry in list.entries {
                if let fault = entry.fault { throw fault }
                if entry.offset >= 0 { found[entry.place] = CommittedOffset(offset: entry.offset, metadata: entry.metadata) }
            }
            return found
        }
    }

    /// A point in the life of a partition.
    package enum Moment: Hashable, Sendable {
        case beginning, end
        /// The first record that is not older, in milliseconds since 1970.
        case time(Int64)
    }

    /// One request to each broker, however many partitions. Where no record is that young, the end.
    func offsets(at moment: Moment, of places: [TopicPartition]) async throws -> [TopicPartition: Int64] {
        if places.isEmpty { return [:] }
        let query: Int64 =
            switch moment {
            // ListOffsets takes these for the two ends (protocol guide, "ListOffsets").
            case .beginning: -2
            case .end: -1
            case .time(let time): time
            }
        let found = try await BlockingCalls.run { [self] in
            let list = PartitionList(places) { _ in query }
            try check(list.with { rd_kafka_offsets_for_times(handle, $0, Self.timeout) })
            var found: [TopicPartition: Int64] = [:]
            for entry in list.entries {
                if let fault = entry.fault { throw fault }
                found[entry.place] = entry.offset
            }
            return found
        }
        guard case .time = moment else { return found }
        let young = found.filter { $0.value < 0 }.map(\.key)
        return found.merging(try await offsets(at: .end, of: young)) { $1 }
    }

    // MARK: Reading without a group

    /// Begins to read one partition into ``messages``.
    func start(_ place: TopicPartition, at offset: Int64) throws -> PartitionReading {
        guard let topic = rd_kafka_topic_new(handle, place.topic, nil) else { throw KafkaFault(rd_kafka_last_error()) }
        let reading = PartitionReading(client: self, topic: topic, partition: place.partition)
        if rd_kafka_consume_start_queue(topic, place.partition, offset, messages) != 0 { throw KafkaFault(rd_kafka_last_error()) }
        return reading
    }
}

/// A partition that is being read without a group.
final class PartitionReading: Sendable {
    private let client: KafkaClient
    // See KafkaClient.handle.
    private nonisolated(unsafe) let topic: OpaquePointer  // allowed: librdkafka guards its handles
    private let partition: Int32

    fileprivate init(client: KafkaClient, topic: OpaquePointer, partition: Int32) {
        self.client = client
        self.topic = topic
        self.partition = partition
    }

    deinit { rd_kafka_topic_destroy(topic) }

    /// Fetches no more; what is in the queue is dropped.
    func stop() async throws {
        try await BlockingCalls.run { [self] in _ = rd_kafka_consume_stop(topic, partition) }
    }
}
