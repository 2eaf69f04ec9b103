/// A framer whose rows come from the value of a message, without compression.
package protocol PayloadFramer: MessageFramer {
    var reader: PayloadReader { get set }
    var rows: RowCollector { get }

    /// - Parameter value: the message's own bytes, or what compression had hidden; good during the call only.
    mutating func append(_ message: borrowing KafkaMessage, _ value: UnsafeRawBufferPointer) -> FramingOutcome<Need>
}

extension PayloadFramer {
    package var byteCount: Int { rows.bytes.count }
    package var rowCount: Int { rows.rowCount }

    package mutating func append(_ message: borrowing KafkaMessage) -> FramingOutcome<Need> {
        switch reader.open(message) {
        case .plain(let value): return append(message, value)
        case .unfolded(let value):
            let copy = copy message
            let outcome = value.withUnsafeBytes { append(copy, $0) }
            reader.reuse(value)
            return outcome
        case .absent: return .skipped
        case .refused(let record): return .rejected(record)
        }
    }
}
