internal import CRdKafka
import PipeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A handle of librdkafka: with `KafkaClient+Requests.swift` the only place that calls it.
///
/// Messages of assigned partitions go to a queue of their own, so that everything else, rebalances above all, is seen however long the
/// messages wait: librdkafka takes every poll for a sign of life.
package final class KafkaClient: Sendable {
    // librdkafka's handles may be used from any thread (INTRODUCTION.md, "Threads and callbacks").
    nonisolated(unsafe) let handle: OpaquePointer  // allowed: librdkafka guards its handles
    /// Rebalances, errors, results of commits, requests for tokens.
    private nonisolated(unsafe) let events: OpaquePointer  // allowed: librdkafka guards its handles
    nonisolated(unsafe) let messages: OpaquePointer  // allowed: librdkafka guards its handles
    /// Something may have happened.
    let eventSignal = WakeSignal()
    /// Messages may have come.
    let messageSignal = WakeSignal()
    private let isMember: Bool
    private let hasLeft = Atomic(false)

    /// - Parameter properties: with `group.id`, the client becomes a member once it has subscribed.
    init(_ properties: KafkaProperties) throws {
        let configuration = rd_kafka_conf_new()
        var text = [CChar](repeating: 0, count: 512)
        // In the order of names: some properties are checked against others when set.
        for (name, value) in properties.values.sorted(by: { $0.key < $1.key }) {
            guard rd_kafka_conf_set(configuration, name, value, &text, text.count) == RD_KAFKA_CONF_OK else {
                rd_kafka_conf_destroy(configuration)
                // The text may repeat a value, and a value may be a secret.
                throw KafkaFault(RD_KAFKA_RESP_ERR__INVALID_ARG, "the value for \(name) is refused")
            }
        }
        rd_kafka_conf_set_events(
            configuration,
            RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_OFFSET_COMMIT
                | RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH)
        // What matters comes as an event; librdkafka would write to stderr.
        rd_kafka_conf_set_log_cb(configuration) { _, _, _, _ in }
        guard let handle = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, &text, text.count) else {
            rd_kafka_conf_destroy(configuration)
            throw KafkaFault(rd_kafka_last_error(), Self.startFailure(text))
        }
        self.handle = handle
        isMember = properties["group.id"] != nil
        if isMember { rd_kafka_poll_set_consumer(handle) }
        events = isMember ? rd_kafka_queue_get_consumer(handle) : rd_kafka_queue_get_main(handle)
        messages = rd_kafka_queue_new(handle)
        // The signals live until the handle is gone: both are retained here and released after its end.
        rd_kafka_queue_cb_event_enable(events, Self.wake, Unmanaged.passRetained(eventSignal).toOpaque())
        rd_kafka_queue_cb_event_enable(messages, Self.wake, Unmanaged.passRetained(messageSignal).toOpaque())
    }

    private static let wake: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Void = { _, signal in
        if let signal { Unmanaged<WakeSignal>.fromOpaque(signal).takeUnretainedValue().wake() }
    }

    /// Certificates are read when a handle is made: librdkafka's text names the property, and OpenSSL's the reason.
    private static func startFailure(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        nonisolated(unsafe) let (handle, events, messages) = (handle, events, messages)  // allowed: librdkafka guards its handles
        let signals = [Unmanaged.passUnretained(eventSignal), Unmanaged.passUnretained(messageSignal)].map {
            UInt(bitPattern: $0.toOpaque())
        }
        let closes = isMember && !hasLeft.load(ordering: .relaxed)
        // Both may wait for brokers that do not answer.
        BlockingCalls.begin {
            if closes { rd_kafka_consumer_close(handle) }
            rd_kafka_queue_cb_event_enable(events, nil, nil)
            rd_kafka_queue_cb_event_enable(messages, nil, nil)
            rd_kafka_queue_destroy(events)
            rd_kafka_queue_destroy(messages)
            rd_kafka_destroy(handle)
            for signal in signals {
                if let pointer = UnsafeMutableRawPointer(bitPattern: signal) { Unmanaged<WakeSignal>.fromOpaque(pointer).release() }
            }
        }
    }

    /// Leaves the group, so that its partitions go to others at once. Waits for the brokers, and not for a cancellation.
    func leave() async {
        guard isMember, !hasLeft.exchange(true, ordering: .relaxed) else { return }
        await BlockingCalls.finish(within: 3) { [self] in rd_kafka_consumer_close(handle) }
    }

    /// The next event, without waiting.
    func nextEvent() -> KafkaEvent? {
        guard let event = rd_kafka_queue_poll(events, 0) else { return nil }
        defer { rd_kafka_event_destroy(event) }
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_REBALANCE:
            let places = PartitionList.entries(rd_kafka_event_topic_partition_list(event)).map(\.place)
            if rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS { return .assigned(places) }
            return .revoked(places, isLost: rd_kafka_assignment_lost(handle) != 0)
        case RD_KAFKA_EVENT_ERROR:
            let isFatal = rd_kafka_event_error_is_fatal(event) != 0
            return .fault(
                KafkaFault(rd_kafka_event_error(event), rd_kafka_event_error_string(event).map { String(cString: $0) } ?? ""),
                isFatal: isFatal)
        case RD_KAFKA_EVENT_OFFSET_COMMIT:
            let code = rd_kafka_event_error(event)
            if code.rawValue != 0 { return .committed(KafkaFault(code)) }
            return .committed(PartitionList.entries(rd_kafka_event_topic_partition_list(event)).compactMap(\.fault).first)
        case RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH: return .tokenWanted
        default: return .other
        }
    }

    // MARK: Membership

    func subscribe(_ topics: [String]) throws { try check(PartitionList(topics: topics).with { rd_kafka_subscribe(handle, $0) }) }

    /// Begins to read these partitions, and these only.
    func assign(_ starts: [TopicPartition: Int64]) throws {
        for place in starts.keys {
            // Before the assignment: from then on their messages go where they were told to go first.
            guard let queue = rd_kafka_queue_get_partition(handle, place.topic, place.partition) else { continue }
            rd_kafka_queue_forward(queue, messages)
            rd_kafka_queue_destroy(queue)
        }
        try check(PartitionList(starts.keys) { starts[$0] ?? 0 }.with { rd_kafka_assign(handle, $0) })
    }

    func unassign() throws { try check(rd_kafka_assign(handle, nil)) }

    /// Hands offsets to the group; the result comes as an event.
    func commit(_ offsets: [TopicPartition: CommittedOffset]) throws {
        let list = PartitionList(offsets.keys) { offsets[$0]?.offset ?? 0 }
        try list.with { pointer in
            for index in 0..<Int(pointer.pointee.cnt) {
                let element = pointer.pointee.elems + index
                let place = TopicPartition(String(cString: element.pointee.topic), element.pointee.partition)
                guard let metadata = offsets[place]?.metadata else { continue }
                // librdkafka frees it with the list.
                element.pointee.metadata = UnsafeMutableRawPointer(strdup(metadata))
                element.pointee.metadata_size = metadata.utf8.count
            }
            // Only a commit that names a queue is answered by an event.
            try check(rd_kafka_commit_queue(handle, pointer, events, nil, nil))
        }
    }

    /// The ends of a partition as the last answer of its broker had them; nil before the first.
    func watermarks(_ place: TopicPartition) -> (low: Int64, high: Int64)? {
        var (low, high): (Int64, Int64) = (-1, -1)
        guard rd_kafka_get_watermark_offsets(handle, place.topic, place.partition, &low, &high).rawValue == 0, high >= 0 else { return nil }
        return (low, high)
    }

    // MARK: Tokens

    func setToken(_ token: KafkaToken) throws {
        var text = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_oauthbearer_set_token(
            handle, token.value, token.endMilliseconds, token.principal, nil, 0, &text, text.count)
        if code.rawValue != 0 { throw KafkaFault(code, "the token is refused") }
    }

    /// librdkafka asks again after ten seconds.
    func setTokenFailure(_ reason: String) { rd_kafka_oauthbearer_set_token_failure(handle, reason) }

    func check(_ code: rd_kafka_resp_err_t) throws { if code.rawValue != 0 { throw KafkaFault(code) } }
}
