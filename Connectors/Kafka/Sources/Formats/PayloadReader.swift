internal import PipeCore

/// Takes compression off messages and refuses those that are too large.
package struct PayloadReader: Sendable {
    enum Payload {
        /// The message as it is.
        case plain(UnsafeRawBufferPointer)
        /// What compression had hidden; give the array back with ``reuse(_:)``.
        case unfolded([UInt8])
        /// A tombstone: no value.
        case absent
        case refused(RejectedRecord)
    }

    /// Most bytes of a message, uncompressed.
    let largestMessage: Int
    private var scratch: [UInt8] = []

    /// Whatever is configured, no message may unfold to more.
    static let largestUnfolded = 64 << 20

    init(largestMessage: Int) { self.largestMessage = largestMessage }

    @inline(__always)
    mutating func open(_ message: borrowing KafkaMessage) -> Payload {
        guard let value = message.value else { return .absent }
        if value.count > largestMessage { return tooLarge(message, "\(value.count) bytes") }
        guard let compression = PayloadCompression.detect(value) else { return .plain(value) }
        return unfold(message, value, compression)
    }

    mutating func reuse(_ array: consuming [UInt8]) { scratch = array }

    private mutating func unfold(
        _ message: borrowing KafkaMessage, _ value: UnsafeRawBufferPointer, _ compression: PayloadCompression
    ) -> Payload {
        let limit = min(largestMessage, Self.largestUnfolded)
        do throws(PayloadCompression.Fault) {
            try compression.decompress(value, into: &scratch, limit: limit)
        } catch {
            switch error {
            case .tooLarge: return tooLarge(message, "\(compression.rawValue) that unfolds to more than \(limit) bytes")
            case .broken:
                return .refused(message.rejection("the message begins like \(compression.rawValue) and cannot be decompressed"))
            }
        }
        var unfolded: [UInt8] = []
        swap(&unfolded, &scratch)
        return .unfolded(unfolded)
    }

    private func tooLarge(_ message: borrowing KafkaMessage, _ what: String) -> Payload {
        .refused(
            RejectedRecord(
                code: .messageTooLarge,
                reason: "the message has \(what); the limit is \(min(largestMessage, Self.largestUnfolded)) bytes",
                locator: message.locator, raw: message.value.map { Array($0.prefix(1 << 20)) } ?? []))
    }
}

extension KafkaMessage {
    /// The message as a row of the error table.
    borrowing func rejection(_ reason: String, code: PipeError.Code = .dataParsing, field: String = "") -> RejectedRecord {
        RejectedRecord(code: code, reason: reason, field: field, locator: locator, raw: value.map { Array($0) } ?? [])
    }
}
