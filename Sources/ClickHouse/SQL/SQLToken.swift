/// A piece of SQL text by ClickHouse's lexical rules.
///
/// The tokens of a text, put together again, are the text: blanks and comments are tokens too. What ClickHouse cannot read is a token of
/// kind ``Kind/invalid``; nothing is refused here.
public struct SQLToken: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// White space, also that of Unicode.
        case space
        /// `-- …`, `// …`, `# …`, `#! …` up to the end of the line, `/* … */`, which nests.
        case comment
        /// A bare name or keyword; may begin with a digit or `$`.
        case word
        case number
        /// `'…'` with `''` and `\'`, or `‘…’`.
        case string
        /// `$tag$ … $tag$`.
        case heredoc
        /// `"…"`, `` `…` `` or `“…”`.
        case quotedName
        /// One character; `::` and the like are two tokens.
        case punctuation
        /// A quote or comment that never ends, a NUL, a letter that is not ASCII outside of quotes.
        case invalid
    }

    public var kind: Kind
    public var text: Substring

    /// White space or a comment.
    public var isBlank: Bool { kind == .space || kind == .comment }

    /// Whether this is the bare word, whatever its case. `word` is written in capitals.
    public func isWord(_ word: StaticString) -> Bool {
        guard kind == .word, text.utf8.count == word.utf8CodeUnitCount else { return false }
        var index = 0
        for byte in text.utf8 {
            let capital = (0x61...0x7A).contains(byte) ? byte - 0x20 : byte
            if capital != word.utf8Start[index] { return false }
            index += 1
        }
        return true
    }

    /// Whether this is the one character `mark`.
    public func isPunctuation(_ mark: Unicode.Scalar) -> Bool {
        kind == .punctuation && text.utf8.count == 1 && text.utf8.first == UInt8(ascii: mark)
    }

    /// The name, for a bare word or a quoted name.
    public var identifier: String? {
        switch kind {
        case .word: String(text)
        case .quotedName: QuotedText.content(of: text)
        default: nil
        }
    }

    /// What a string or heredoc says; nil for other tokens and for bytes that are not UTF-8.
    public var stringValue: String? {
        switch kind {
        case .string: return QuotedText.content(of: text)
        case .heredoc:
            let bytes = text.utf8
            guard let tagEnd = bytes.dropFirst().firstIndex(of: 0x24) else { return nil }
            let tagLength = bytes.distance(from: bytes.startIndex, to: tagEnd) + 1
            return String(bytes.dropFirst(tagLength).dropLast(tagLength))
        default: return nil
        }
    }

    /// All tokens of a text, in order.
    public static func all(in sql: String) -> [SQLToken] {
        var sql = sql
        sql.makeContiguousUTF8()
        var scanner = SQLScanner(count: sql.utf8.count)
        var tokens: [SQLToken] = []
        var start = sql.utf8.startIndex
        let bytes = Array(sql.utf8)
        while let (kind, end) = scanner.next(bytes) {
            let endIndex = sql.utf8.index(sql.utf8.startIndex, offsetBy: end)
            tokens.append(SQLToken(kind: kind, text: sql[start..<endIndex]))
            start = endIndex
        }
        return tokens
    }
}
