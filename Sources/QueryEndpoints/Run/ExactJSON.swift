public import PipeCore

/// Reads JSON (RFC 8259) without losing digits: a number that neither Int64 nor Double holds exactly becomes its text, which a parameter of a
/// wider type takes as it is.
public enum ExactJSON {
    /// Throws 400 naming the place of the first fault, without quoting the text.
    public static func value(of bytes: some Sequence<UInt8>) throws(QueryFailure) -> JSONValue {
        var reader = Reader(bytes: Array(bytes))
        do {
            return try reader.document()
        } catch {
            throw QueryFailure(400, "INVALID_BODY", "the body is not valid JSON: \(error.rawValue) at byte \(reader.index + 1)")
        }
    }

    private enum Fault: String, Error {
        case end = "the text ends too early"
        case character = "unexpected character"
        case text = "text that is not UTF-8"
        case deep = "nested too deeply"
        case twice = "an object has a name twice"
        case number = "a number out of range"
    }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0
        var depth = 0

        mutating func document() throws(Fault) -> JSONValue {
            let value = try value()
            skipSpace()
            guard index == bytes.count else { throw .character }
            return value
        }

        private mutating func skipSpace() {
            while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 || bytes[index] == 0x0A || bytes[index] == 0x0D {
                index += 1
            }
        }

        private func peek() throws(Fault) -> UInt8 {
            guard index < bytes.count else { throw .end }
            return bytes[index]
        }

        private mutating func expect(_ byte: UInt8) throws(Fault) {
            guard try peek() == byte else { throw .character }
            index += 1
        }

        private mutating func word(_ text: StaticString, _ value: JSONValue) throws(Fault) -> JSONValue {
            for byte in text.description.utf8 { try expect(byte) }
            return value
        }

        private mutating func value() throws(Fault) -> JSONValue {
            skipSpace()
            switch try peek() {
            case UInt8(ascii: "{"): return try object()
            case UInt8(ascii: "["): return try array()
            case UInt8(ascii: "\""): return .string(try string())
            case UInt8(ascii: "t"): return try word("true", true)
            case UInt8(ascii: "f"): return try word("false", false)
            case UInt8(ascii: "n"): return try word("null", .null)
            default: return try number()
            }
        }

        private mutating func enter() throws(Fault) {
            depth += 1
            guard depth <= 200 else { throw .deep }
            index += 1
            skipSpace()
        }

        private mutating func object() throws(Fault) -> JSONValue {
            try enter()
            var members: [String: JSONValue] = [:]
            if try peek() == UInt8(ascii: "}") {
                index += 1
            } else {
                while true {
                    skipSpace()
                    guard try peek() == UInt8(ascii: "\"") else { throw .character }
                    let name = try string()
                    skipSpace()
                    try expect(UInt8(ascii: ":"))
                    guard members.updateValue(try value(), forKey: name) == nil else { throw .twice }
                    skipSpace()
                    guard try peek() == UInt8(ascii: ",") else { break }
                    index += 1
                }
                try expect(UInt8(ascii: "}"))
            }
            depth -= 1
            return .object(members)
        }

        private mutating func array() throws(Fault) -> JSONValue {
            try enter()
            var elements: [JSONValue] = []
            if try peek() == UInt8(ascii: "]") {
                index += 1
            } else {
                while true {
                    elements.append(try value())
                    skipSpace()
                    guard try peek() == UInt8(ascii: ",") else { break }
                    index += 1
                }
                try expect(UInt8(ascii: "]"))
            }
            depth -= 1
            return .array(elements)
        }

        private mutating func string() throws(Fault) -> String {
            index += 1
            let start = index
            while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\"), bytes[index] >= 0x20 {
                index += 1
            }
            if try peek() == UInt8(ascii: "\"") {
                defer { index += 1 }
                guard let text = String(validating: bytes[start..<index], as: UTF8.self) else { throw .text }
                return text
            }
            var text = Array(bytes[start..<index])
            while true {
                let byte = try peek()
                index += 1
                switch byte {
                case UInt8(ascii: "\""):
                    guard let result = String(validating: text, as: UTF8.self) else { throw .text }
                    return result
                case 0..<0x20: throw .character
                case UInt8(ascii: "\\"): try escape(into: &text)
                default: text.append(byte)
                }
            }
        }

        private mutating func escape(into text: inout [UInt8]) throws(Fault) {
            let byte = try peek()
            index += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                var code = UInt32(try unit())
                if (0xD800..<0xDC00).contains(code) {
                    try expect(UInt8(ascii: "\\"))
                    try expect(UInt8(ascii: "u"))
                    let low = UInt32(try unit())
                    guard (0xDC00..<0xE000).contains(low) else { throw .character }
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                }
                guard let scalar = Unicode.Scalar(code) else { throw .character }
                text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            default: throw .character
            }
        }

        private mutating func unit() throws(Fault) -> UInt16 {
            var result: UInt16 = 0
            for _ in 0..<4 {
                let byte = try peek()
                let digit: UInt8
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
                case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
                case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
                default: throw .character
                }
                result = result << 4 | UInt16(digit)
                index += 1
            }
            return result
        }

        private mutating func digits() throws(Fault) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(try peek()) else { throw .character }
            while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
        }

        private mutating func number() throws(Fault) -> JSONValue {
            let start = index
            if try peek() == UInt8(ascii: "-") { index += 1 }
            if try peek() == UInt8(ascii: "0") { index += 1 } else { try digits() }
            var isWhole = true
            if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
                isWhole = false
                index += 1
                try digits()
            }
            if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
                isWhole = false
                index += 1
                let sign = try peek()
                if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { index += 1 }
                try digits()
            }
            guard index - start <= 400 else { throw .number }
            let text = String(decoding: bytes[start..<index], as: UTF8.self)
            if isWhole { return Int64(text).map { .integer($0) } ?? .string(text) }
            // Fifteen significant digits survive the way through a Double and back.
            let significant = bytes[start..<index].prefix { $0 | 0x20 != UInt8(ascii: "e") }
                .filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.drop { $0 == UInt8(ascii: "0") }.count
            guard let number = Double(text), number.isFinite, significant <= 15 else { return .string(text) }
            return .number(number)
        }
    }
}
