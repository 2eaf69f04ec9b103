internal import CRdKafka

/// One record of a topic as a view: its bytes belong to librdkafka, or to whoever made it, and are good only during the call that
/// gets it.
package struct KafkaMessage {
    /// Parallel lists of names and values.
    package struct Headers {
        fileprivate enum Storage {
            case none
            case native(UnsafePointer<rd_kafka_message_t>)
            case list([(name: String, value: [UInt8])])
        }
        fileprivate var storage: Storage

        package static var none: Headers { Headers(storage: .none) }
        package init(_ list: [(name: String, value: [UInt8])]) { storage = .list(list) }
        fileprivate init(storage: Storage) { self.storage = storage }

        /// In the order of the record. A header without a value has an empty one.
        package func forEach(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
            switch storage {
            case .none: return
            case .list(let list):
                for (name, value) in list {
                    Array(name.utf8).withUnsafeBytes { name in value.withUnsafeBytes { body(name, $0) } }
                }
            case .native(let message):
                var headers: OpaquePointer?
                guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else { return }
                var (index, name, value, size) = (0, UnsafePointer<CChar>?.none, UnsafeRawPointer?.none, 0)
                while rd_kafka_header_get_all(headers, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
                    var length = 0
                    if let name { while name[length] != 0 { length += 1 } }
                    body(
                        UnsafeRawBufferPointer(start: name, count: length),
                        UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size))
                    index += 1
                }
            }
        }
    }

    package var topic: String
    package var partition: Int32
    package var offset: Int64
    /// Milliseconds since 1970; nil where the record has none.
    package var timestamp: Int64?
    package var key: UnsafeRawBufferPointer?
    /// Nil is a tombstone.
    package var value: UnsafeRawBufferPointer?
    package var headers: Headers

    package init(
        topic: String, partition: Int32, offset: Int64, timestamp: Int64? = nil, key: UnsafeRawBufferPointer? = nil,
        value: UnsafeRawBufferPointer?, headers: Headers = .none
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers
    }

    @inline(__always)
    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>, topic: String) {
        self.topic = topic
        partition = message.pointee.partition
        offset = message.pointee.offset
        let time = rd_kafka_message_timestamp(message, nil)
        timestamp = time < 0 ? nil : time
        key = message.pointee.key.map { UnsafeRawBufferPointer(start: $0, count: message.pointee.key_len) }
        value = message.pointee.payload.map { UnsafeRawBufferPointer(start: $0, count: message.pointee.len) }
        headers = Headers(storage: .native(UnsafePointer(message)))
    }

    /// What names the record in the error table.
    package var locator: [String: String] { ["topic": topic, "partition": String(partition), "offset": String(offset)] }
}
