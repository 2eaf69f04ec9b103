/// Parts of a JSON text.
enum JSONBytes {
    /// The content of a string whose value is exactly these bytes, whatever they are: ClickHouse keeps bytes that are not UTF-8.
    static func append(escaped value: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        let source = value.bindMemory(to: UInt8.self)
        guard let base = source.baseAddress else { return }
        let count = source.count
        var position = 0
        while position < count {
            let end = plainEnd(base, position, count)
            bytes.append(contentsOf: UnsafeBufferPointer(start: base + position, count: end - position))
            position = end
            if position < count {
                append(escape: base[position], to: &bytes)
                position += 1
            }
        }
    }

    static func append(string value: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        append(escaped: value, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    static func append(string value: String, to bytes: inout [UInt8]) {
        var value = value
        value.withUTF8 { append(string: UnsafeRawBufferPointer($0), to: &bytes) }
    }

    /// The same object on one line: line breaks between tokens become blanks, those in strings `\n`. A row must not span lines, since
    /// ClickHouse looks for the next line to go on behind a bad row.
    static func append(onOneLine object: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        var isInString = false
        var isEscaped = false
        for byte in object {
            switch byte {
            case 0x0a:
                if isEscaped {
                    bytes.append(UInt8(ascii: "n"))
                } else if isInString {
                    bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
                } else {
                    bytes.append(0x20)
                }
                isEscaped = false
                continue
            case UInt8(ascii: "\"") where !isEscaped: isInString.toggle()
            case UInt8(ascii: "\\") where isInString && !isEscaped:
                isEscaped = true
                bytes.append(byte)
                continue
            default: break
            }
            isEscaped = false
            bytes.append(byte)
        }
    }

    private static func append(escape byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x0a: bytes.append(UInt8(ascii: "n"))
        case 0x0d: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            let digits = StaticString("0123456789abcdef").utf8Start
            bytes += [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }

    /// Where the next byte stands that a string cannot hold as it is. Eight bytes at a time.
    private static func plainEnd(_ base: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int {
        let low: UInt64 = 0x0101_0101_0101_0101
        var position = start
        while position + 8 <= count {
            let word = UInt64(littleEndian: UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self))
            let quotes = word ^ (low &* 0x22)
            let backslashes = word ^ (low &* 0x5c)
            // The high bit of each byte that matches; above the first of them, others may be set, too.
            let found =
                ((quotes &- low) & ~quotes) | ((backslashes &- low) & ~backslashes) | ((word &- low &* 0x20) & ~word)
            let mask = found & (low &* 0x80)
            if mask != 0 { return position + mask.trailingZeroBitCount >> 3 }
            position += 8
        }
        while position < count, base[position] >= 0x20, base[position] != 0x22, base[position] != 0x5c { position += 1 }
        return position
    }
}
