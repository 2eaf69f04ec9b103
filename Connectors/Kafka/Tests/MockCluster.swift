import CRdKafka
import Dispatch
import Synchronization

/// librdkafka's cluster within the process: real connections, the real protocol, no storage. Each partition keeps 5 MB.
final class MockCluster: Sendable {
    struct Record: Sendable {
        var topic: String
        var partition: Int32
        var value: String?
        var key: String?
        init(_ topic: String, _ partition: Int32, _ value: String?, key: String? = nil) {
            self.topic = topic
            self.partition = partition
            self.value = value
            self.key = key
        }
    }

    struct Failure: Error {
        var text: String
    }

    // librdkafka's handles may be used from any thread.
    private nonisolated(unsafe) let host: OpaquePointer  // allowed: librdkafka guards its handles
    private nonisolated(unsafe) let cluster: OpaquePointer  // allowed: librdkafka guards its handles
    private nonisolated(unsafe) let producer: OpaquePointer  // allowed: librdkafka guards its handles
    let brokers: String

    init(brokers count: Int32 = 1, topics: [String: Int32] = [:]) throws {
        host = try Self.producer([:])
        guard let cluster = rd_kafka_mock_cluster_new(host, count) else { throw Failure(text: "no cluster") }
        self.cluster = cluster
        brokers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
        producer = try Self.producer(["bootstrap.servers": brokers, "linger.ms": "1", "queue.buffering.max.messages": "10000000"])
        for (topic, partitions) in topics { rd_kafka_mock_topic_create(cluster, topic, partitions, count) }
    }

    deinit {
        nonisolated(unsafe) let (host, cluster, producer) = (host, cluster, producer)  // allowed: librdkafka guards its handles
        DispatchQueue.global().async {
            rd_kafka_destroy(producer)
            rd_kafka_mock_cluster_destroy(cluster)
            rd_kafka_destroy(host)
        }
    }

    private static func producer(_ properties: [String: String]) throws -> OpaquePointer {
        let configuration = rd_kafka_conf_new()
        var text = [CChar](repeating: 0, count: 256)
        for (name, value) in properties { rd_kafka_conf_set(configuration, name, value, &text, text.count) }
        rd_kafka_conf_set_log_cb(configuration) { _, _, _, _ in }
        guard let handle = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, &text, text.count) else { throw Failure(text: "no producer") }
        return handle
    }

    /// Returns once the brokers have all of them.
    func produce(_ records: [Record]) async throws {
        nonisolated(unsafe) let producer = producer  // allowed: librdkafka guards its handles
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue.global().async {
                var topics: [String: OpaquePointer] = [:]
                for record in records {
                    if topics[record.topic] == nil { topics[record.topic] = rd_kafka_topic_new(producer, record.topic, nil) }
                    var value = Array((record.value ?? "").utf8)
                    let key = record.key.map { Array($0.utf8) } ?? []
                    let isTombstone = record.value == nil
                    let code = value.withUnsafeMutableBytes { bytes in
                        rd_kafka_produce(
                            topics[record.topic], record.partition, RD_KAFKA_MSG_F_COPY, isTombstone ? nil : bytes.baseAddress, bytes.count,
                            key,
                            key.count, nil)
                    }
                    if code != 0 {
                        return continuation.resume(throwing: Failure(text: String(cString: rd_kafka_err2str(rd_kafka_last_error()))))
                    }
                }
                let left = rd_kafka_flush(producer, 20_000)
                for topic in topics.values { rd_kafka_topic_destroy(topic) }
                if left.rawValue != 0 { return continuation.resume(throwing: Failure(text: "not delivered")) }
                continuation.resume()
            }
        }
    }

    /// Returns once the group remembers this offset.
    func untilCommitted(_ offset: Int64, group: String, topic: String, partition: Int32) async throws {
        let brokers = brokers
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue.global().async {
                let configuration = rd_kafka_conf_new()
                var text = [CChar](repeating: 0, count: 256)
                for (name, value) in ["bootstrap.servers": brokers, "group.id": group] {
                    rd_kafka_conf_set(configuration, name, value, &text, text.count)
                }
                rd_kafka_conf_set_log_cb(configuration) { _, _, _, _ in }
                guard let handle = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, &text, text.count) else {
                    return continuation.resume(throwing: Failure(text: "no consumer"))
                }
                let list = rd_kafka_topic_partition_list_new(1)
                rd_kafka_topic_partition_list_add(list, topic, partition)
                var found: Int64 = -1
                // Each turn waits for an answer of the cluster.
                for _ in 0..<100_000 where found != offset {
                    if rd_kafka_committed(handle, list, 5000).rawValue == 0 { found = list?.pointee.elems?.pointee.offset ?? -1 }
                }
                rd_kafka_topic_partition_list_destroy(list)
                rd_kafka_destroy(handle)
                if found != offset { return continuation.resume(throwing: Failure(text: "committed is \(found)")) }
                continuation.resume()
            }
        }
    }

    func setDown(_ broker: Int32 = 1) { rd_kafka_mock_broker_set_down(cluster, broker) }
    func setUp(_ broker: Int32 = 1) { rd_kafka_mock_broker_set_up(cluster, broker) }
    func makeTopic(_ topic: String, partitions: Int32) { rd_kafka_mock_topic_create(cluster, topic, partitions, 1) }
    func setTopicError(_ topic: String, _ code: rd_kafka_resp_err_t) { rd_kafka_mock_topic_set_error(cluster, topic, code) }
}
