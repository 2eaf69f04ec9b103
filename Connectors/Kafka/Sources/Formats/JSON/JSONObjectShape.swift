#if canImport(Glibc)
    private import Glibc
#else
    private import Musl
#endif

/// Whether a text is one JSON object as far as its boundaries go, so that no two messages behind each other can be read as one row,
/// or one as two: strings are closed, every brace and bracket is closed by its like, and nothing but blanks stands around the object.
///
/// What stands between the boundaries, such as `{"a":nope}`, is for ClickHouse's parser to judge, which ends strings and objects where
/// this does. The text is read eight bytes at a time.
struct JSONObjectShape: Hashable, Sendable {
    /// The object without the blanks around it.
    var range: Range<Int>
    /// `{}`: a field spliced in must not be followed by a comma.
    var isEmpty: Bool
    /// A line break stands somewhere in the object.
    var hasLineBreaks: Bool

    enum Fault: Error, Hashable, Sendable {
        case empty
        case notAnObject
        case nul
        case openString
        case openObject
        case wrongClosing(Int)
        case trailing(Int)
        case deep
    }

    /// Deeper nesting is refused; ClickHouse's own limit for JSON is 1000 (`input_format_json_max_depth`).
    static let maximumDepth = 1000

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    init(_ text: UnsafeRawBufferPointer) throws(Fault) {
        let bytes = text.bindMemory(to: UInt8.self)
        guard let base = bytes.baseAddress, !bytes.isEmpty else { throw .empty }
        let count = bytes.count
        var start = 0
        // A byte order mark counts as a blank.
        if count >= 3, base[0] == 0xef, base[1] == 0xbb, base[2] == 0xbf { start = 3 }
        while start < count, Self.isBlank(base[start]) { start += 1 }
        guard start < count else { throw .empty }
        guard base[start] == UInt8(ascii: "{") else { throw .notAnObject }

        hasLineBreaks = false
        if Self.hasControls(base, count) {
            for index in 0..<count {
                if base[index] == 0 { throw .nul }
                if base[index] == 0x0a { hasLineBreaks = true }
            }
        }

        var position = start + 1
        while position < count, Self.isBlank(base[position]) { position += 1 }
        isEmpty = position < count && base[position] == UInt8(ascii: "}")

        // One bit for each open brace (1) or bracket (0), the innermost lowest; what does not fit waits in `outer`.
        var depth = 1
        var kinds: UInt64 = 1
        var outer: [UInt64] = []
        while true {
            position = Self.nextStructural(base, position, count)
            guard position < count else { throw .openObject }
            let byte = base[position]
            position += 1
            if byte == Self.quote {
                guard let end = Self.closingQuote(base, position, count) else { throw .openString }
                position = end + 1
                continue
            }
            let isBrace: UInt64 = byte >= 0x7b ? 1 : 0
            if byte & 0x06 == 0x02 {
                // An opening: { is 7b, [ is 5b.
                if depth % 64 == 0 { outer.append(kinds) }
                kinds = kinds << 1 | isBrace
                depth += 1
                if depth > Self.maximumDepth { throw .deep }
            } else {
                guard kinds & 1 == isBrace else { throw .wrongClosing(position - 1) }
                depth -= 1
                if depth == 0 { break }
                kinds >>= 1
                if depth % 64 == 0, let waiting = outer.popLast() { kinds = waiting }
            }
        }
        range = start..<position
        while position < count {
            if !Self.isBlank(base[position]) { throw .trailing(position) }
            position += 1
        }
    }

    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }

    /// True when some byte is smaller than a blank. Written so that the compiler takes a vector of bytes at a time.
    private static func hasControls(_ base: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        var smallest = UInt8.max
        for position in 0..<count { smallest = min(smallest, base[position]) }
        return smallest < 0x20
    }

    private static let high: UInt64 = 0x8080_8080_8080_8080
    private static let low: UInt64 = 0x0101_0101_0101_0101

    /// The high bit of each byte that is zero; above the first of them, others may be set, too.
    @inline(__always)
    private static func zeros(_ word: UInt64) -> UInt64 { (word &- low) & ~word & high }

    /// The next quote, brace or bracket at or behind `position`.
    @inline(__always)
    private static func nextStructural(_ base: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int {
        var position = start
        while position + 8 <= count {
            let word = UInt64(littleEndian: UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self))
            // Brackets and braces differ in the bit 0x20 only.
            let folded = word | 0x2020_2020_2020_2020
            let found = zeros(word ^ (low &* 0x22)) | zeros(folded ^ (low &* 0x7b)) | zeros(folded ^ (low &* 0x7d))
            if found != 0 { return position + found.trailingZeroBitCount >> 3 }
            position += 8
        }
        while position < count {
            let byte = base[position]
            if byte == quote || byte | 0x20 == 0x7b || byte | 0x20 == 0x7d { return position }
            position += 1
        }
        return count
    }

    /// Where the quote stands that closes a string whose content begins at `start`; nil: there is none.
    @inline(__always)
    private static func closingQuote(_ base: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int? {
        var position = start
        let near = min(count, start + 32)
        while position + 8 <= near {
            let word = UInt64(littleEndian: UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self))
            let found = zeros(word ^ (low &* 0x22)) | zeros(word ^ (low &* 0x5c))
            if found != 0 {
                position += found.trailingZeroBitCount >> 3
                if base[position] == quote { return position }
                break
            }
            position += 8
        }
        return distantClosingQuote(base, position, count)
    }

    /// The same for long strings and such with backslashes: libc looks at a vector of bytes at a time.
    private static func distantClosingQuote(_ base: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int? {
        func next(_ byte: UInt8, from position: Int, to end: Int) -> Int? {
            guard position < end, let found = memchr(base + position, Int32(byte), end - position) else { return nil }
            return UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
        }
        var position = start
        guard var end = next(quote, from: position, to: count) else { return nil }
        while let escape = next(backslash, from: position, to: end) {
            position = escape + 2
            if position > end {
                guard let later = next(quote, from: position, to: count) else { return nil }
                end = later
            }
        }
        return end
    }
}

extension JSONObjectShape.Fault: CustomStringConvertible {
    /// For the error table: what is wrong with the message; positions count bytes from 0.
    var description: String {
        switch self {
        case .empty: "the message is empty, not a JSON object"
        case .notAnObject: "the message is not a JSON object: it does not begin with '{'"
        case .nul: "the message holds a NUL byte"
        case .openString: "the message ends within a string"
        case .openObject: "the message ends before its JSON object does"
        case .wrongClosing(let position): "a brace is closed by a bracket, or a bracket by a brace, at byte \(position)"
        case .trailing(let position): "something stands behind the JSON object, at byte \(position): a message must be one object"
        case .deep: "the JSON object is nested more than \(JSONObjectShape.maximumDepth) deep"
        }
    }
}
