internal import CRdKafka

/// Messages taken from librdkafka and not dealt with yet, in order. Frees those that nobody took.
package struct ReceivedMessages: ~Copyable, Sendable {
    static let capacity = 1024
    // Nothing else leads there, so that whoever has this value has the messages, on whatever thread.
    private nonisolated(unsafe) let buffer: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>  // allowed: one owner
    private var next = 0
    private var count = 0

    package init() {
        buffer = .allocate(capacity: Self.capacity)
        buffer.initialize(repeating: nil, count: Self.capacity)
    }

    deinit {
        for index in next..<count { if let message = buffer[index] { rd_kafka_message_destroy(message) } }
        buffer.deallocate()
    }

    package var isEmpty: Bool { next == count }

    /// Takes what is there without waiting; how many it were. Must be empty before.
    package mutating func fill(from queue: OpaquePointer) -> Int {
        guard isEmpty else { return count - next }
        next = 0
        count = max(0, Int(rd_kafka_consume_batch_queue(queue, 0, buffer, Self.capacity)))
        return count
    }

    /// The first message, which is the caller's from now on.
    @inline(__always)
    mutating func takeFirst() -> ReceivedMessage? {
        guard next < count, let pointer = buffer[next] else { return nil }
        next += 1
        return ReceivedMessage(pointer)
    }

    /// Makes the message that was taken last the first again.
    mutating func putBack(_ message: consuming ReceivedMessage) {
        next -= 1
        buffer[next] = message.release()
    }
}

/// A message, or what librdkafka says of a partition in its place. Freed at the end of its life.
struct ReceivedMessage: ~Copyable, Sendable {
    /// Names a partition while its client lives.
    struct Source: Hashable, Sendable {
        var topic: Int
        var partition: Int32
    }

    private nonisolated(unsafe) let pointer: UnsafeMutablePointer<rd_kafka_message_t>  // allowed: one owner

    fileprivate init(_ pointer: UnsafeMutablePointer<rd_kafka_message_t>) { self.pointer = pointer }

    deinit { rd_kafka_message_destroy(pointer) }

    fileprivate consuming func release() -> UnsafeMutablePointer<rd_kafka_message_t> {
        let pointer = pointer
        discard self
        return pointer
    }

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

    /// The record as a view, good while this is.
    @inline(__always)
    func message(topic: String) -> KafkaMessage { KafkaMessage(pointer, topic: topic) }
}
