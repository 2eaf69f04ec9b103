import KafkaConnector
import PipeCore

/// A message whose bytes a test owns.
struct TestMessage {
    var value: [UInt8]?
    var key: [UInt8]?
    var headers: [(name: String, value: [UInt8])] = []
    var topic = "events"
    var partition: Int32 = 0
    var offset: Int64 = 0
    var timestamp: Int64? = 1_700_000_000_123

    init(_ value: [UInt8]?, offset: Int64 = 0) {
        self.value = value
        self.offset = offset
    }

    init(_ text: String, offset: Int64 = 0) { self.init(Array(text.utf8), offset: offset) }
}

extension MessageFramer {
    mutating func append(_ message: TestMessage) -> FramingOutcome<Need> {
        let empty: [UInt8] = []
        return (message.value ?? empty).withUnsafeBytes { value in
            (message.key ?? empty).withUnsafeBytes { key in
                append(
                    KafkaMessage(
                        topic: message.topic, partition: message.partition, offset: message.offset, timestamp: message.timestamp,
                        key: message.key == nil ? nil : key, value: message.value == nil ? nil : value,
                        headers: message.headers.isEmpty ? .none : KafkaMessage.Headers(message.headers)))
            }
        }
    }
}

extension FramingOutcome {
    var isAppended: Bool {
        if case .appended = self { true } else { false }
    }
    var needsFlush: Bool {
        if case .needsFlush = self { true } else { false }
    }
    var isSkipped: Bool {
        if case .skipped = self { true } else { false }
    }
    var rejection: RejectedRecord? {
        if case .rejected(let record) = self { record } else { nil }
    }
    var need: Need? {
        if case .needs(let need) = self { need } else { nil }
    }
}

extension EncodedRows {
    /// The bytes of each row.
    var pieces: [String] {
        (0..<rowCount).map { row in layout.map { String(decoding: bytes[$0.range(of: row)], as: UTF8.self) } ?? "" }
    }
}
