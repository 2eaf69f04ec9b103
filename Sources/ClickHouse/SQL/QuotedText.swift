/// The content of quoted SQL text.
package enum QuotedText {
    /// Without its quotes, with escapes resolved; nil when the bytes are not UTF-8 (`'\xFF'`) or the quotes do not close.
    package static func content(of text: Substring) -> String? {
        let bytes = Array(text.utf8)
        guard let quote = bytes.first else { return nil }
        if quote >= 0x80 {
            guard bytes.count >= 6 else { return nil }
            return String(validating: bytes[3..<bytes.count - 3], as: UTF8.self)
        }
        guard bytes.count >= 2, bytes.last == quote else { return nil }
        var content: [UInt8] = []
        content.reserveCapacity(bytes.count)
        var index = 1
        while index < bytes.count - 1 {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\") {
                index = unescape(bytes, at: index, into: &content)
            } else {
                content.append(byte)
                // A doubled quote stands for one.
                index += byte == quote ? 2 : 1
            }
        }
        return String(validating: content, as: UTF8.self)
    }

    /// Resolves the escape sequence whose backslash is at `index` and returns the index behind it. An unknown one stands for itself.
    package static func unescape(_ bytes: [UInt8], at index: Int, into content: inout [UInt8]) -> Int {
        guard index + 1 < bytes.count else {
            content.append(UInt8(ascii: "\\"))
            return index + 1
        }
        let byte = bytes[index + 1]
        switch byte {
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "0"): content.append(0x00)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "a"): content.append(0x07)
        case UInt8(ascii: "v"): content.append(0x0B)
        case UInt8(ascii: "e"): content.append(0x1B)
        case UInt8(ascii: "N"): break
        case UInt8(ascii: "x"):
            guard index + 3 < bytes.count, let high = hexadecimal(bytes[index + 2]), let low = hexadecimal(bytes[index + 3]) else {
                content.append(contentsOf: [UInt8(ascii: "\\"), byte])
                return index + 2
            }
            content.append(high << 4 | low)
            return index + 4
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "/"), UInt8(ascii: "="):
            content.append(byte)
        default: content.append(contentsOf: [UInt8(ascii: "\\"), byte])
        }
        return index + 2
    }

    package static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
