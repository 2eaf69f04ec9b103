internal import CRdKafka

/// librdkafka's list of partitions, owned.
final class PartitionList {
    private let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    /// The list for the time of a call. A pointer alone would not keep it alive: Swift frees an object behind its last use.
    func with<Result>(_ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(pointer) }
    }

    init(_ places: some Collection<TopicPartition>, offset: (TopicPartition) -> Int64 = { _ in Int64(RD_KAFKA_OFFSET_INVALID) }) {
        pointer = rd_kafka_topic_partition_list_new(Int32(clamping: places.count))
        for place in places {
            rd_kafka_topic_partition_list_add(pointer, place.topic, place.partition).pointee.offset = offset(place)
        }
    }

    /// Whole topics, for a subscription.
    init(topics: [String]) {
        pointer = rd_kafka_topic_partition_list_new(Int32(clamping: topics.count))
        for topic in topics { rd_kafka_topic_partition_list_add(pointer, topic, -1) }
    }

    /// Takes over a list that librdkafka made.
    init(owning pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) { self.pointer = pointer }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    struct Entry {
        var place: TopicPartition
        var offset: Int64
        var metadata: String
        var fault: KafkaFault?
    }

    static func entries(_ pointer: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [Entry] {
        guard let pointer, let elements = pointer.pointee.elems else { return [] }
        return (0..<Int(pointer.pointee.cnt)).map { index in
            let element = elements[index]
            let bytes = UnsafeRawBufferPointer(start: element.metadata, count: element.metadata == nil ? 0 : element.metadata_size)
            return Entry(
                place: TopicPartition(element.topic.map { String(cString: $0) } ?? "", element.partition), offset: element.offset,
                metadata: String(decoding: bytes, as: UTF8.self),
                fault: element.err.rawValue == 0 ? nil : KafkaFault(element.err))
        }
    }

    var entries: [Entry] { with { Self.entries(UnsafePointer($0)) } }
}
