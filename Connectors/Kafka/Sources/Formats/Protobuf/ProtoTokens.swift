/// The words of a `.proto` file.
struct ProtoTokens {
    enum Token: Hashable {
        /// An identifier, with dots where it has them.
        case word(String)
        case integer(UInt64)
        case float
        case text(String)
        case symbol(UInt8)
        case end
    }

    private let bytes: [UInt8]
    private var position = 0
    private(set) var line = 1
    private(set) var next = Token.end

    init(_ bytes: [UInt8]) throws(ProtoFile.Fault) {
        self.bytes = bytes
        next = try read()
    }

    /// The next token, which is passed.
    mutating func take() throws(ProtoFile.Fault) -> Token {
        let token = next
        next = try read()
        return token
    }

    func fault(_ what: String) -> ProtoFile.Fault { ProtoFile.Fault(description: "the Protobuf schema has \(what), line \(line)") }

    /// True and passed when the next token is this symbol.
    mutating func skip(_ symbol: Character) throws(ProtoFile.Fault) -> Bool {
        guard next == .symbol(symbol.asciiValue ?? 0) else { return false }
        _ = try take()
        return true
    }

    mutating func expect(_ symbol: Character) throws(ProtoFile.Fault) {
        guard try skip(symbol) else { throw fault("something else where '\(symbol)' should be") }
    }

    mutating func word() throws(ProtoFile.Fault) -> String {
        guard case .word(let word) = try take() else { throw fault("no name where one should be") }
        return word
    }

    mutating func text() throws(ProtoFile.Fault) -> String {
        guard case .text(var text) = try take() else { throw fault("no quoted text where one should be") }
        while case .text(let more) = next {
            text += more
            _ = try take()
        }
        return text
    }

    mutating func integer() throws(ProtoFile.Fault) -> Int64 {
        let isNegative = try skip("-")
        guard case .integer(let value) = try take(), value <= UInt64(Int64.max) else { throw fault("no number where one should be") }
        return isNegative ? -Int64(value) : Int64(value)
    }

    /// Passes everything up to and including `close`, nested brackets of all kinds included.
    mutating func skip(through close: Character) throws(ProtoFile.Fault) {
        var open: [UInt8] = []
        let end = close.asciiValue ?? 0
        while true {
            let token = try take()
            if open.isEmpty, token == .symbol(end) { return }
            switch token {
            case .symbol(UInt8(ascii: "{")): open.append(UInt8(ascii: "}"))
            case .symbol(UInt8(ascii: "[")): open.append(UInt8(ascii: "]"))
            case .symbol(let byte) where byte == open.last: open.removeLast()
            case .end: throw fault("no '\(close)' before its end")
            default: break
            }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private mutating func skipBlanks() throws(ProtoFile.Fault) {
        while position < bytes.count {
            let byte = bytes[position]
            let following = position + 1 < bytes.count ? bytes[position + 1] : 0
            if byte == 0x0a { line += 1 }
            if byte <= 0x20 || byte == 0xef || byte == 0xbb || byte == 0xbf {
                position += 1
            } else if byte == UInt8(ascii: "/"), following == UInt8(ascii: "/") {
                while position < bytes.count, bytes[position] != 0x0a { position += 1 }
            } else if byte == UInt8(ascii: "/"), following == UInt8(ascii: "*") {
                position += 2
                while position + 1 < bytes.count, bytes[position] != UInt8(ascii: "*") || bytes[position + 1] != UInt8(ascii: "/") {
                    if bytes[position] == 0x0a { line += 1 }
                    position += 1
                }
                guard position + 1 < bytes.count else { throw fault("a comment without an end") }
                position += 2
            } else {
                return
            }
        }
    }

    private mutating func read() throws(ProtoFile.Fault) -> Token {
        try skipBlanks()
        guard position < bytes.count else { return .end }
        let start = position
        let byte = bytes[position]
        if Self.isLetter(byte) || (byte == UInt8(ascii: ".") && position + 1 < bytes.count && Self.isLetter(bytes[position + 1])) {
            position += 1
            while position < bytes.count,
                Self.isLetter(bytes[position]) || Self.isDigit(bytes[position]) || bytes[position] == UInt8(ascii: ".")
            {
                position += 1
            }
            return .word(String(decoding: bytes[start..<position], as: UTF8.self))
        }
        if Self.isDigit(byte) || byte == UInt8(ascii: ".") { return number() }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return try quoted(byte) }
        position += 1
        return .symbol(byte)
    }

    private mutating func number() -> Token {
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            let isSign = (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")) && bytes[position - 1] | 0x20 == UInt8(ascii: "e")
            guard Self.isLetter(byte) || Self.isDigit(byte) || byte == UInt8(ascii: ".") || isSign else { break }
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let lowered = text.lowercased()
        if lowered.hasPrefix("0x") { return UInt64(lowered.dropFirst(2), radix: 16).map(Token.integer) ?? .float }
        if lowered.count > 1, lowered.hasPrefix("0"), let octal = UInt64(lowered, radix: 8) { return .integer(octal) }
        return UInt64(lowered).map(Token.integer) ?? .float
    }

    /// Escapes matter nowhere but in texts that are skipped; they are kept as they stand.
    private mutating func quoted(_ quote: UInt8) throws(ProtoFile.Fault) -> Token {
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != quote {
            if bytes[position] == 0x0a { throw fault("a text that goes over the end of its line") }
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < bytes.count else { throw fault("a text without an end") }
        defer { position += 1 }
        return .text(String(decoding: bytes[start..<position], as: UTF8.self))
    }
}
