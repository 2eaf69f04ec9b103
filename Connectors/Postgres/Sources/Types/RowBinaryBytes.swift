/// Values in ClickHouse's RowBinary, appended to what is there.
extension [UInt8] {
    @inline(__always)
    mutating func appendLittle(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    @inline(__always)
    mutating func appendCount(_ count: Int) {
        var rest = UInt64(truncatingIfNeeded: count)
        while rest > 0x7f {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    @inline(__always)
    mutating func appendString(_ bytes: some Collection<UInt8>) {
        appendCount(bytes.count)
        append(contentsOf: bytes)
    }

    /// JSON text of a string, quotes included.
    mutating func appendJSON(_ text: some Sequence<UInt8>) {
        append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(contentsOf: [UInt8(ascii: "\\"), byte])
            case UInt8(ascii: "\n"): append(contentsOf: Array("\\n".utf8))
            case UInt8(ascii: "\r"): append(contentsOf: Array("\\r".utf8))
            case UInt8(ascii: "\t"): append(contentsOf: Array("\\t".utf8))
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                append(contentsOf: Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}
