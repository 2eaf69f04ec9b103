/// Where and why a text is not JSON. Never quotes the text: it may hold secrets.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Fault: String, Sendable, Hashable {
        case end = "the text ends too early"
        case character = "unexpected character"
        case deep = "nested too deeply"
        case range = "a number out of range"
        case encoding = "text that is not UTF-8"
        case repeated = "a name that the object has already"
    }

    public var fault: Fault
    /// Both count from 1; columns are bytes.
    public var line: Int
    public var column: Int

    public var description: String { "\(fault.rawValue) at line \(line), column \(column)" }
}

extension JSONValue {
    /// Reads JSON (RFC 8259, UTF-8, nested at most 500 deep), strictly: decoders forgive more than the standard does, such as a comma
    /// before a brace, round numbers, and take one of two members with the same name.
    public init(parsing text: some Sequence<UInt8>) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: Array(text))
        do {
            self = try parser.document()
        } catch {
            let before = parser.bytes[..<min(parser.index, parser.bytes.count)]
            let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            throw JSONSyntaxError(
                fault: error.fault, line: before.count { $0 == UInt8(ascii: "\n") } + 1, column: before.count - lineStart + 1)
        }
    }
}

private struct JSONParser {
    struct Failure: Error {
        var fault: JSONSyntaxError.Fault
        init(_ fault: JSONSyntaxError.Fault) { self.fault = fault }
    }

    let bytes: [UInt8]
    var index = 0
    private var depth = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(Failure) -> JSONValue {
        let value = try value()
        skipSpace()
        if index < bytes.count { throw Failure(.character) }
        return value
    }

    private mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    private func peek() throws(Failure) -> UInt8 {
        guard index < bytes.count else { throw Failure(.end) }
        return bytes[index]
    }

    private mutating func expect(_ text: StaticString) throws(Failure) {
        for offset in 0..<text.utf8CodeUnitCount {
            guard try peek() == text.utf8Start[offset] else { throw Failure(.character) }
            index += 1
        }
    }

    private mutating func value() throws(Failure) -> JSONValue {
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try expect("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw Failure(.character)
        }
    }

    private mutating func enter() throws(Failure) {
        depth += 1
        if depth > 500 { throw Failure(.deep) }
        index += 1
        skipSpace()
    }

    /// Whether another element follows; else consumes `close`.
    private mutating func hasMore(before close: UInt8) throws(Failure) -> Bool {
        skipSpace()
        let byte = try peek()
        guard byte == UInt8(ascii: ",") || byte == close else { throw Failure(.character) }
        index += 1
        return byte == UInt8(ascii: ",")
    }

    private mutating func object() throws(Failure) -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var members: [String: JSONValue] = [:]
        if try peek() == UInt8(ascii: "}") {
            index += 1
            return .object(members)
        }
        repeat {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw Failure(.character) }
            let name = try string()
            skipSpace()
            try expect(":")
            guard members.updateValue(try value(), forKey: name) == nil else { throw Failure(.repeated) }
        } while try hasMore(before: UInt8(ascii: "}"))
        return .object(members)
    }

    private mutating func array() throws(Failure) -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var elements: [JSONValue] = []
        if try peek() == UInt8(ascii: "]") {
            index += 1
            return .array(elements)
        }
        repeat { elements.append(try value()) } while try hasMore(before: UInt8(ascii: "]"))
        return .array(elements)
    }

    private mutating func string() throws(Failure) -> String {
        index += 1
        let start = index
        while try peek() != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\") {
            if bytes[index] < 0x20 { throw Failure(.character) }
            index += 1
        }
        var unescaped = bytes[start..<index]
        while bytes[index] != UInt8(ascii: "\"") {
            if bytes[index] == UInt8(ascii: "\\") {
                index += 1
                try escape(into: &unescaped)
            } else if bytes[index] < 0x20 {
                throw Failure(.character)
            } else {
                unescaped.append(bytes[index])
                index += 1
            }
            _ = try peek()
        }
        guard let text = String(validating: unescaped, as: UTF8.self) else { throw Failure(.encoding) }
        index += 1
        return text
    }

    private mutating func escape(into text: inout ArraySlice<UInt8>) throws(Failure) {
        let letter = try peek()
        index += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = UInt32(try hexadecimal())
            if (0xD800...0xDBFF).contains(code) {
                try expect("\\u")
                let low = UInt32(try hexadecimal())
                guard (0xDC00...0xDFFF).contains(low) else { throw Failure(.encoding) }
                code = 0x10000 + ((code - 0xD800) << 10 | (low - 0xDC00))
            }
            guard let scalar = UnicodeScalar(code) else { throw Failure(.encoding) }
            text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default:
            index -= 1
            throw Failure(.character)
        }
    }

    private mutating func hexadecimal() throws(Failure) -> UInt16 {
        var code: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = Character(UnicodeScalar(try peek())).hexDigitValue else { throw Failure(.character) }
            code = code << 4 | UInt16(digit)
            index += 1
        }
        return code
    }

    private mutating func digits() throws(Failure) {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(try peek()) else { throw Failure(.character) }
        while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let start = index
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        if try peek() == UInt8(ascii: "0") { index += 1 } else { try digits() }
        let whole = index
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            try digits()
        }
        let mantissa = index
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if try [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(peek()) { index += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if whole == index { return Int64(text).map(JSONValue.integer) ?? .exactNumber(text) }
        guard let value = Double(text), value.isFinite else { throw Failure(.range) }
        // Fifteen digits survive a Double; of more, some may not.
        let digits = bytes[start..<mantissa].filter { $0 >= UInt8(ascii: "0") }.drop { $0 == UInt8(ascii: "0") }
        let trailing = mantissa > whole ? digits.reversed().prefix { $0 == UInt8(ascii: "0") }.count : 0
        guard digits.count - trailing <= 15 else { return .exactNumber(text) }
        return value.rounded() == value && value.magnitude < 0x1p53 ? .integer(Int64(value)) : .number(value)
    }
}
