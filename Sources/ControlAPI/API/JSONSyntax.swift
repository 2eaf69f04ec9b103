/// Finds where a text stops being JSON (RFC 8259, nested at most 500 deep), so that the answer can name the place.
package enum JSONSyntax {
    /// For example `unexpected character at line 3, column 14`; nil when the text is JSON. Never quotes the text: it may hold
    /// secrets.
    package static func problem(in text: some Collection<UInt8>) -> String? {
        var scanner = Scanner(bytes: Array(text))
        do {
            try scanner.document()
        } catch {
            let before = scanner.bytes[..<min(scanner.index, scanner.bytes.count)]
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            return "\(error.rawValue) at line \(line), column \(before.count - lineStart + 1)"
        }
        return nil
    }

    private enum Fault: String, Error {
        case end = "the text ends too early"
        case character = "unexpected character"
        case deep = "nested too deeply"
    }

    private struct Scanner {
        let bytes: [UInt8]
        var index = 0
        var depth = 0

        mutating func document() throws(Fault) {
            try value()
            skipSpace()
            if index < bytes.count { throw .character }
        }

        private mutating func skipSpace() {
            while index < bytes.count {
                switch bytes[index] {
                case 0x20, 0x09, 0x0A, 0x0D: index += 1
                default: return
                }
            }
        }

        private func peek() throws(Fault) -> UInt8 {
            guard index < bytes.count else { throw .end }
            return bytes[index]
        }

        private mutating func expect(_ text: StaticString) throws(Fault) {
            for byte in text.description.utf8 {
                guard try peek() == byte else { throw .character }
                index += 1
            }
        }

        private mutating func value() throws(Fault) {
            skipSpace()
            switch try peek() {
            case UInt8(ascii: "{"): try members()
            case UInt8(ascii: "["): try elements()
            case UInt8(ascii: "\""): try string()
            case UInt8(ascii: "t"): try expect("true")
            case UInt8(ascii: "f"): try expect("false")
            case UInt8(ascii: "n"): try expect("null")
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
            default: throw .character
            }
        }

        private mutating func enter() throws(Fault) {
            depth += 1
            if depth > 500 { throw .deep }
            index += 1
            skipSpace()
        }

        private mutating func members() throws(Fault) {
            try enter()
            if try peek() != UInt8(ascii: "}") {
                while true {
                    skipSpace()
                    guard try peek() == UInt8(ascii: "\"") else { throw .character }
                    try string()
                    skipSpace()
                    try expect(":")
                    try value()
                    skipSpace()
                    guard try peek() == UInt8(ascii: ",") else { break }
                    index += 1
                }
                try expect("}")
            } else {
                index += 1
            }
            depth -= 1
        }

        private mutating func elements() throws(Fault) {
            try enter()
            if try peek() != UInt8(ascii: "]") {
                while true {
                    try value()
                    skipSpace()
                    guard try peek() == UInt8(ascii: ",") else { break }
                    index += 1
                }
                try expect("]")
            } else {
                index += 1
            }
            depth -= 1
        }

        private mutating func string() throws(Fault) {
            index += 1
            while true {
                switch try peek() {
                case UInt8(ascii: "\""):
                    index += 1
                    return
                case 0..<0x20: throw .character
                case UInt8(ascii: "\\"):
                    index += 1
                    let escape = try peek()
                    guard "\"\\/bfnrtu".utf8.contains(escape) else { throw .character }
                    index += 1
                    if escape == UInt8(ascii: "u") {
                        for _ in 0..<4 {
                            guard Character(UnicodeScalar(try peek())).isHexDigit else { throw .character }
                            index += 1
                        }
                    }
                default: index += 1
                }
            }
        }

        private mutating func digits() throws(Fault) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(try peek()) else { throw .character }
            while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
        }

        private mutating func number() throws(Fault) {
            if bytes[index] == UInt8(ascii: "-") { index += 1 }
            if try peek() == UInt8(ascii: "0") {
                index += 1
            } else {
                try digits()
            }
            if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
                index += 1
                try digits()
            }
            if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
                index += 1
                if try [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(peek()) { index += 1 }
                try digits()
            }
        }
    }
}
