internal import CRdKafka

/// Messages taken from librdkafka and not dealt with yet, in order. Frees those that nobody took.
struct ReceivedMessages: ~Copyable {
    static let capacity = 1024
    private let buffer: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
    private var next = 0
    private var count = 0

    init() {
        buffer = .allocate(capacity: Self.capacity)
        buffer.initialize(repeating: nil, count: Self.capacity)
    }

    deinit {
        for index in next..<count { if let message = buffer[index] { rd_kafka_message_destroy(message) } }
        buffer.deallocate()
    }

    var isEmpty: Bool { next == count }

    /// Takes what is there without waiting; how many it were. Must be empty before.
    mutating func fill(from queue: OpaquePointer) -> Int {
        guard isEmpty else { return count - next }
        next = 0
        count = max(0, Int(rd_kafka_consume_batch_queue(queue, 0, buffer, Self.capacity)))
        return count
    }

    /// The first message.
    var first: ReceivedMessage? {
        @inline(__always) get { next == count ? nil : buffer[next].map { ReceivedMessage(pointer: $0) } }
    }

    /// Frees the first message.
    @inline(__always)
    mutating func drop() {
        if let message = buffer[next] { rd_kafka_message_destroy(message) }
        next += 1
    }
}

/// A message, or what librdkafka says of a partition in its place.
///
/// Unchecked: a message belongs to whoever took it, on whatever thread, and is only read.
struct ReceivedMessage: @unchecked Sendable {  // allowed: owned by one taker, only read
    /// Names a partition while its client lives.
    struct Source: Hashable, Sendable {
        var topic: Int
        var partition: Int32
    }

    let pointer: UnsafeMutablePointer<rd_kafka_message_t>

    var source: Source {
        @inline(__always) get { Source(topic: Int(bitPattern: pointer.pointee.rkt), partition: pointer.pointee.partition) }
    }
    var offset: Int64 { @inline(__always) get { pointer.pointee.offset } }
    /// Of the value.
    var byteCount: Int { @inline(__always) get { pointer.pointee.len } }
    var isFault: Bool { @inline(__always) get { pointer.pointee.err.rawValue != 0 } }

    var fault: KafkaFault {
        KafkaFault(pointer.pointee.err, rd_kafka_message_errstr(pointer).map { String(cString: $0) } ?? "")
    }
    var topic: String { pointer.pointee.rkt.flatMap { rd_kafka_topic_name($0) }.map { String(cString: $0) } ?? "" }

    @inline(__always)
    func message(topic: String) -> KafkaMessage { KafkaMessage(pointer, topic: topic) }
}
