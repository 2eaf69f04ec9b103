/// The text of a glob, parsed: what is literal and what is a wildcard.
///
/// A character written as `%XX` is always literal, so that `%2A` is a star and `%7B` a brace.
package struct KeyGlobPattern: Hashable, Sendable {
    package indirect enum Node: Hashable, Sendable {
        case literal(Unicode.Scalar)
        /// `?`: one character that is not `/`.
        case one
        /// `*`: any run without `/`.
        case run
        /// `**`: any run.
        case anything
        /// `{a,b}` and `{1..3}`.
        case choice([[Node]])
    }

    /// Braces inside braces.
    package static let maximumDepth = 8
    /// Alternatives of all braces together, each number of a range counted.
    package static let maximumAlternatives = 10_000

    /// Of the pattern in UTF-8; keys themselves are at most 1024 bytes long.
    package static let maximumLength = 8192

    package var nodes: [Node]

    /// `text` is the part of a URL after the bucket, still percent-encoded.
    package init(parsing text: some StringProtocol) throws(KeyGlobError) {
        if text.utf8.count > Self.maximumLength { throw KeyGlobError("is longer than \(Self.maximumLength) bytes") }
        var parser = Parser(scalars: Array(text.unicodeScalars))
        nodes = try parser.sequence(depth: 0)
        if parser.position < parser.scalars.count { throw KeyGlobError("has a '}' without a '{'; write %7D for a literal brace") }
    }

    private struct Parser {
        var scalars: [Unicode.Scalar]
        var position = 0
        var alternatives = 0

        init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

        /// Up to the end, or to a `,` or `}` that belongs to the brace around this sequence.
        mutating func sequence(depth: Int) throws(KeyGlobError) -> [Node] {
            var nodes: [Node] = []
            while position < scalars.count {
                switch scalars[position] {
                case "*":
                    var stars = 0
                    while position < scalars.count, scalars[position] == "*" {
                        stars += 1
                        position += 1
                    }
                    nodes.append(stars == 1 ? .run : .anything)
                case "?":
                    position += 1
                    nodes.append(.one)
                case "{":
                    position += 1
                    nodes.append(try choice(depth: depth + 1))
                case "}": return nodes
                case "," where depth > 0: return nodes
                case "%": nodes += try percentEncoded().map { .literal($0) }
                default:
                    nodes.append(.literal(scalars[position]))
                    position += 1
                }
            }
            return nodes
        }

        /// After the opening brace; leaves the position after the closing one.
        private mutating func choice(depth: Int) throws(KeyGlobError) -> Node {
            if depth > KeyGlobPattern.maximumDepth { throw KeyGlobError("nests braces deeper than \(KeyGlobPattern.maximumDepth) levels") }
            if let range = try range() { return range }
            var branches: [[Node]] = []
            while true {
                branches.append(try sequence(depth: depth))
                try count(1)
                guard position < scalars.count else {
                    throw KeyGlobError("has a '{' without a '}'; write %7B for a literal brace")
                }
                position += 1
                if scalars[position - 1] == "}" { break }
            }
            if branches == [[]] { throw KeyGlobError("has empty braces '{}'; write %7B%7D for literal braces") }
            return .choice(branches)
        }

        /// `N..M}` at the position, or nil.
        private mutating func range() throws(KeyGlobError) -> Node? {
            guard let close = scalars[position...].firstIndex(of: "}") else { return nil }
            let body = String(String.UnicodeScalarView(scalars[position..<close]))
            guard let dots = body.utf8.firstIndex(of: UInt8(ascii: ".")), body[dots...].hasPrefix("..") else { return nil }
            let (first, last) = (body[..<dots], body[dots...].dropFirst(2))
            if body.contains(where: { $0 == "," || $0 == "{" }) { return nil }
            guard let low = number(first), let high = number(last) else {
                throw KeyGlobError("has the range {\(body)}, which is not of the form {1..31} or {01..31}")
            }
            position = close + 1
            let bounds = low <= high ? (low, high) : (high, low)
            try count(bounds.1 - bounds.0 + 1)
            let isPadded = [first, last].contains { $0.utf8.count > 1 && $0.hasPrefix("0") }
            let width = isPadded ? max(first.utf8.count, last.utf8.count) : 0
            return .choice(
                (bounds.0...bounds.1).map { value in
                    let digits = String(value)
                    let padded = String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
                    return padded.unicodeScalars.map { .literal($0) }
                })
        }

        private func number(_ text: Substring) -> Int? {
            guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
            return Int(text)
        }

        private mutating func count(_ more: Int) throws(KeyGlobError) {
            alternatives += more
            if alternatives > KeyGlobPattern.maximumAlternatives {
                throw KeyGlobError("has more than \(KeyGlobPattern.maximumAlternatives) alternatives in its braces; use a wildcard instead")
            }
        }

        /// A run of `%XX`, which together must be UTF-8.
        private mutating func percentEncoded() throws(KeyGlobError) -> [Unicode.Scalar] {
            var bytes: [UInt8] = []
            while position < scalars.count, scalars[position] == "%" {
                guard position + 2 < scalars.count, let high = hexDigit(scalars[position + 1]), let low = hexDigit(scalars[position + 2])
                else { throw KeyGlobError("has a '%' that is not followed by two hexadecimal digits; write %25 for a percent sign") }
                bytes.append(high << 4 | low)
                position += 3
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw KeyGlobError("has percent-encoded bytes that are not UTF-8")
            }
            return Array(text.unicodeScalars)
        }

        private func hexDigit(_ scalar: Unicode.Scalar) -> UInt8? {
            switch scalar {
            case "0"..."9": UInt8(scalar.value - 48)
            case "A"..."F": UInt8(scalar.value - 55)
            case "a"..."f": UInt8(scalar.value - 87)
            default: nil
            }
        }
    }
}

/// Why a glob cannot be used; `message` continues a sentence that names the field.
package struct KeyGlobError: Error, Hashable, Sendable, CustomStringConvertible {
    package var message: String
    package init(_ message: String) { self.message = message }
    package var description: String { message }
}
