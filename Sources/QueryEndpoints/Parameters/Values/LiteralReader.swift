import ClickHouse

/// Reads JSON and ClickHouse's literals alike: `[1,2]`, `['a','it\'s']`, `["a"]`, `(1,'x')`, `{'k':1}`, `{"k":null}`.
struct LiteralReader {
    private let bytes: [UInt8]
    private var position = 0

    static func read(_ text: String) throws(ValueProblem) -> GivenValue {
        var reader = LiteralReader(bytes: Array(text.utf8))
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.position == reader.bytes.count else { throw reader.problem("is not expected behind the value") }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    // MARK: Grammar

    private mutating func value(depth: Int) throws(ValueProblem) -> GivenValue {
        guard depth < GivenValue.deepest else { throw .tooDeep }
        skipBlanks()
        guard position < bytes.count else { throw ValueProblem("the value ends too early") }
        switch bytes[position] {
        case UInt8(ascii: "["): return .array(try list(closedBy: UInt8(ascii: "]"), depth: depth))
        case UInt8(ascii: "("): return .tuple(try list(closedBy: UInt8(ascii: ")"), depth: depth))
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "'"): return .string(try quoted())
        case UInt8(ascii: "\""): return .string(try jsonString())
        default: return try word()
        }
    }

    private mutating func list(closedBy end: UInt8, depth: Int) throws(ValueProblem) -> [GivenValue] {
        position += 1
        var elements: [GivenValue] = []
        if next(is: end) { return elements }
        while true {
            elements.append(try value(depth: depth + 1))
            if next(is: end) { return elements }
            guard next(is: UInt8(ascii: ",")) else { throw problem("stands where a comma or `\(Character(Unicode.Scalar(end)))` belongs") }
            // `(1,)` is how ClickHouse writes a tuple of one.
            if end == UInt8(ascii: ")"), elements.count == 1, next(is: end) { return elements }
        }
    }

    private mutating func members(depth: Int) throws(ValueProblem) -> [(key: GivenValue, value: GivenValue)] {
        position += 1
        var elements: [(key: GivenValue, value: GivenValue)] = []
        if next(is: UInt8(ascii: "}")) { return elements }
        while true {
            let key = try value(depth: depth + 1)
            guard next(is: UInt8(ascii: ":")) else { throw problem("stands where a colon belongs") }
            elements.append((key, try value(depth: depth + 1)))
            if next(is: UInt8(ascii: "}")) { return elements }
            guard next(is: UInt8(ascii: ",")) else { throw problem("stands where a comma or `}` belongs") }
        }
    }

    // MARK: Scalars

    /// `'…'` with `''` and backslash escapes.
    private mutating func quoted() throws(ValueProblem) -> String {
        var content: [UInt8] = []
        var index = position + 1
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\") {
                index = QuotedText.unescape(bytes, at: index, into: &content)
            } else if byte != UInt8(ascii: "'") {
                content.append(byte)
                index += 1
            } else if index + 1 < bytes.count, bytes[index + 1] == byte {
                content.append(byte)
                index += 2
            } else {
                position = index + 1
                return try text(content)
            }
        }
        throw ValueProblem("a text in single quotes is not closed")
    }

    private mutating func jsonString() throws(ValueProblem) -> String {
        var content: [UInt8] = []
        var index = position + 1
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                position = index
                return try text(content)
            case UInt8(ascii: "\\"):
                guard index < bytes.count else { break }
                let escape = bytes[index]
                index += 1
                switch escape {
                case UInt8(ascii: "n"): content.append(0x0A)
                case UInt8(ascii: "t"): content.append(0x09)
                case UInt8(ascii: "r"): content.append(0x0D)
                case UInt8(ascii: "b"): content.append(0x08)
                case UInt8(ascii: "f"): content.append(0x0C)
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(escape)
                case UInt8(ascii: "u"):
                    guard let scalar = unicodeEscape(&index) else {
                        throw ValueProblem("a \\u escape is not four hexadecimal digits of a character")
                    }
                    content.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                default: throw ValueProblem("a text in double quotes has an escape that JSON does not know")
                }
            default: content.append(byte)
            }
        }
        throw ValueProblem("a text in double quotes is not closed")
    }

    /// Reads the digits behind `\u`, of both halves of a surrogate pair.
    private func unicodeEscape(_ index: inout Int) -> Unicode.Scalar? {
        guard let first = fourDigits(index) else { return nil }
        index += 4
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xD800...0xDBFF).contains(first), index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u"), let second = fourDigits(index + 2), (0xDC00...0xDFFF).contains(second)
        else { return nil }
        index += 6
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }

    private func fourDigits(_ index: Int) -> UInt32? {
        guard index + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for byte in bytes[index..<index + 4] {
            guard let digit = QuotedText.hexadecimal(byte) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private mutating func word() throws(ValueProblem) -> GivenValue {
        let start = position
        while position < bytes.count, isWordByte(bytes[position]) { position += 1 }
        guard position > start else { throw problem("is not a value") }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        switch word {
        case "null", "NULL", "Null": return .null
        case "true", "TRUE", "True": return .bool(true)
        case "false", "FALSE", "False": return .bool(false)
        default:
            let isNumber = bytes[start] < UInt8(ascii: ":") || FloatText.isSpecial(word)
            guard isNumber else { throw ValueProblem(word, "is not a value; text inside a container stands in quotes") }
            return .number(word)
        }
    }

    // MARK: Bytes

    private func text(_ content: [UInt8]) throws(ValueProblem) -> String {
        guard let text = String(validating: content, as: UTF8.self) else { throw ValueProblem("a text is not UTF-8") }
        return text
    }

    private func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func next(is byte: UInt8) -> Bool {
        skipBlanks()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private func problem(_ reason: String) -> ValueProblem {
        guard position < bytes.count else { return ValueProblem("the value ends too early") }
        return ValueProblem(String(decoding: bytes[position...].prefix(40), as: UTF8.self), reason)
    }
}
