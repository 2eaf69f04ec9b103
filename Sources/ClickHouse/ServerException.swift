/// An exception as ClickHouse writes it: `Code: 60. DB::Exception: Unknown table … (UNKNOWN_TABLE) (version 25.8.2.1)`.
package struct ServerException: Sendable, Hashable {
    package var code: Int
    /// `UNKNOWN_TABLE`; nil when the text has none.
    package var name: String?
    /// Without code, class, name, version and stack.
    package var message: String

    /// Returns nil when the text does not begin like an exception.
    package init?(_ text: String) {
        guard let start = text.firstRange(of: "Code: "), text.distance(from: text.startIndex, to: start.lowerBound) < 200 else {
            return nil
        }
        let digits = text[start.upperBound...].prefix { $0.isASCII && $0.isNumber }
        guard let code = Int(digits), code >= 0 else { return nil }
        self.code = code
        var rest = text[digits.endIndex...]
        if let stack = rest.firstRange(of: "Stack trace") { rest = rest[..<stack.lowerBound] }
        // The class is `DB::Exception: `, `DB::NetException: `, `Coordination::Exception: ` or, for foreign ones, `, e.what() = …`.
        if let kind = rest.firstRange(of: "Exception: "), rest.distance(from: rest.startIndex, to: kind.lowerBound) < 60 {
            rest = rest[kind.upperBound...]
        } else if rest.hasPrefix(". ") || rest.hasPrefix(", ") {
            rest = rest.dropFirst(2)
        }
        rest = rest.trimmed
        // `(version 25.8.2.1)` and `(version 25.8.2.1 (official build))`, with a comma behind when a stack followed.
        if rest.hasSuffix(",") { rest = rest.dropLast().trimmed }
        if rest.hasSuffix(")"), let version = rest.ranges(of: "(version ").last { rest = rest[..<version.lowerBound].trimmed }
        if rest.hasSuffix(")"), let open = rest.lastIndex(of: "(") {
            let word = rest[rest.index(after: open)...].dropLast()
            let isName = !word.isEmpty && word.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
            if isName {
                name = String(word)
                rest = rest[..<open].trimmed
            }
        }
        message = String(rest)
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var part = self
        while let first = part.first, first.isWhitespace { part = part.dropFirst() }
        while let last = part.last, last.isWhitespace { part = part.dropLast() }
        return part
    }
}
