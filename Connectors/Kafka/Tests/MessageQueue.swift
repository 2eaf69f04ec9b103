import CRdKafka
import KafkaConnector

/// Messages of a mock cluster's topic as librdkafka hands them over, without a group.
final class MessageQueue {
    private let handle: OpaquePointer
    private let queue: OpaquePointer
    private var topics: [OpaquePointer] = []

    /// - Parameter tellsEnds: the ends of partitions come as messages, too.
    init(_ cluster: MockCluster, topic: String, partitions: Int32, tellsEnds: Bool = false) throws {
        let configuration = rd_kafka_conf_new()
        var text = [CChar](repeating: 0, count: 256)
        for (name, value) in ["bootstrap.servers": cluster.brokers, "fetch.wait.max.ms": "10", "enable.partition.eof": "\(tellsEnds)"] {
            rd_kafka_conf_set(configuration, name, value, &text, text.count)
        }
        rd_kafka_conf_set_log_cb(configuration) { _, _, _, _ in }
        guard let handle = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, &text, text.count) else {
            throw MockCluster.Failure(text: "no consumer")
        }
        self.handle = handle
        queue = rd_kafka_queue_new(handle)
        for partition in 0..<partitions {
            guard let reference = rd_kafka_topic_new(handle, topic, nil),
                rd_kafka_consume_start_queue(reference, partition, 0, queue) == 0
            else { throw MockCluster.Failure(text: "not started") }
            topics.append(reference)
        }
    }

    deinit {
        for (partition, topic) in topics.enumerated() {
            rd_kafka_consume_stop(topic, Int32(partition))
            rd_kafka_topic_destroy(topic)
        }
        rd_kafka_queue_destroy(queue)
        rd_kafka_destroy(handle)
    }

    /// Waits in librdkafka until something is there; how many messages came.
    @discardableResult
    func fill(_ messages: inout ReceivedMessages) -> Int {
        guard messages.isEmpty else { return 0 }
        while true {
            let count = messages.fill(from: queue)
            if count > 0 { return count }
            rd_kafka_poll(handle, 5)
        }
    }
}
