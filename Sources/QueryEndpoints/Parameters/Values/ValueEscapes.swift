/// The two escapings of parameter texts.
enum ValueEscapes {
    static let nul = ValueProblem("the value holds a NUL character")

    /// One field of TabSeparated, for a value that stands alone.
    static func field(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\\") }) else { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 { append(byte, quote: nil, to: &bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A text in single quotes, for a value inside a container.
    static func quoted(_ text: String, into bytes: inout [UInt8]) throws(ValueProblem) {
        bytes.append(UInt8(ascii: "'"))
        for byte in text.utf8 {
            if byte == 0 { throw nul }
            append(byte, quote: UInt8(ascii: "'"), to: &bytes)
        }
        bytes.append(UInt8(ascii: "'"))
    }

    private static func append(_ byte: UInt8, quote: UInt8?, to bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\\"): bytes += [byte, byte]
        case 0x09: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
        case 0x0A: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
        case 0x0D: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
        case quote: bytes += [UInt8(ascii: "\\"), byte]
        default: bytes.append(byte)
        }
    }
}
