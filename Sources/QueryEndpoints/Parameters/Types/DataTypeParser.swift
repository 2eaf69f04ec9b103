import ClickHouse

/// Reads a type from tokens that have no blanks among them.
struct DataTypeParser {
    struct Problem: Error, Hashable {
        var reason: String
    }

    /// Types nested deeper are refused; it bounds the recursion here and in every value.
    static let deepest = 32

    private var tokens: ArraySlice<SQLToken>

    static func parse(_ tokens: ArraySlice<SQLToken>) throws(Problem) -> DataType {
        var parser = DataTypeParser(tokens: tokens)
        let type = try parser.type(depth: 0)
        if let token = parser.tokens.first { throw Problem(reason: "`\(String(token.text).clipped(to: 40))` does not belong to the type") }
        return type
    }

    static func parse(_ text: String) throws(Problem) -> DataType {
        try parse(SQLToken.all(in: text).filter { !$0.isBlank }[...])
    }

    // MARK: Grammar

    private mutating func type(depth: Int) throws(Problem) -> DataType {
        guard depth < Self.deepest else { throw Problem(reason: "the type is nested deeper than \(Self.deepest) levels") }
        guard let first = tokens.first, var name = first.identifier else {
            throw Problem(reason: tokens.first.map { "`\(String($0.text).clipped(to: 40))` is not a type" } ?? "the type is missing")
        }
        tokens.removeFirst()
        if first.kind == .word {
            let words = wordsAhead
            // The longest alias of several words: CHARACTER LARGE OBJECT before CHARACTER.
            for count in stride(from: min(words.count, 3), to: 0, by: -1) {
                let alias = ([name] + words.prefix(count)).joined(separator: " ")
                if DataTypeNames.folded[alias.uppercased()] != nil {
                    name = alias
                    tokens.removeFirst(count)
                    break
                }
            }
        }
        guard tokens.first?.isPunctuation("(") == true else {
            return try checked(DataTypeNames.type(named: name) ?? .other(name), name, depth: depth)
        }
        tokens.removeFirst()
        let arguments = try arguments(name, depth: depth)
        guard tokens.first?.isPunctuation(")") == true else { throw Problem(reason: "the parenthesis after \(name) is not closed") }
        tokens.removeFirst()
        return try checked(arguments, name, depth: depth)
    }

    /// Refuses what no parameter can be.
    private func checked(_ type: DataType, _ name: String, depth: Int) throws(Problem) -> DataType {
        if case .identifier = type, depth > 0 { throw Problem(reason: "Identifier stands alone, inside no other type") }
        if name == "AggregateFunction" || name == "Nothing" { throw Problem(reason: "a value of \(name) has no text") }
        if name == "FixedString", case .other = type { throw Problem(reason: "FixedString needs a length: FixedString(16)") }
        return type
    }

    /// The words that come next, at most three.
    private var wordsAhead: [String] { tokens.prefix(3).prefix { $0.kind == .word }.map { String($0.text) } }

    private mutating func arguments(_ name: String, depth: Int) throws(Problem) -> DataType {
        switch name {
        case "Array": return .array(try type(depth: depth + 1))
        case "Nullable": return .nullable(try type(depth: depth + 1))
        case "LowCardinality": return .lowCardinality(try type(depth: depth + 1))
        case "Tuple": return .tuple(try elements(depth: depth))
        case "Nested": return .array(.tuple(try elements(depth: depth)))
        case "Map":
            let key = try type(depth: depth + 1)
            guard next(is: ",") else { throw Problem(reason: "Map needs a type for its values") }
            return .map(key, try type(depth: depth + 1))
        case "SimpleAggregateFunction":
            var level = 0
            while let token = tokens.first, level > 0 || !token.isPunctuation(",") {
                level += token.isPunctuation("(") ? 1 : token.isPunctuation(")") ? -1 : 0
                guard level >= 0 else { throw Problem(reason: "SimpleAggregateFunction needs a function and a type") }
                tokens.removeFirst()
            }
            guard next(is: ",") else { throw Problem(reason: "SimpleAggregateFunction needs a function and a type") }
            return try type(depth: depth + 1)
        case "Enum8", "Enum16": return .enumeration(try enumElements(name == "Enum8" ? 8 : 16))
        default: return try plainArguments(name)
        }
    }

    private mutating func plainArguments(_ name: String) throws(Problem) -> DataType {
        switch name.uppercased() {
        case "ENUM": return .enumeration(try enumElements(16))
        case "FIXEDSTRING" where name == "FixedString", "BINARY":
            return .fixedString(try number(1...0xFF_FFFF, "the length of \(name)"))
        case "DECIMAL", "DEC", "FIXED", "NUMERIC":
            let precision = try number(1...76, "the precision of \(name)")
            return .decimal(precision: precision, scale: next(is: ",") ? try number(0...precision, "the scale of \(name)") : 0)
        case "DECIMAL32": return .decimal(precision: 9, scale: try number(0...9, "the scale of \(name)"))
        case "DECIMAL64": return .decimal(precision: 18, scale: try number(0...18, "the scale of \(name)"))
        case "DECIMAL128": return .decimal(precision: 38, scale: try number(0...38, "the scale of \(name)"))
        case "DECIMAL256": return .decimal(precision: 76, scale: try number(0...76, "the scale of \(name)"))
        case "DATETIME", "DATETIME32", "TIMESTAMP":
            if tokens.first?.kind == .string { return .dateTime(zone: try zone()) }
            return .dateTime64(
                precision: try number(0...9, "the precision of \(name)"), zone: next(is: ",") ? try zone() : nil)
        case "DATETIME64":
            let precision = try number(0...9, "the precision of \(name)")
            return .dateTime64(precision: precision, zone: next(is: ",") ? try zone() : nil)
        case "TIME64": return .time64(precision: try number(0...9, "the precision of \(name)"))
        default:
            let rest = try restOfArguments(name)
            // `VARCHAR(10)` holds any text; `JSON(max_dynamic_paths = 2)` is an object all the same.
            return DataTypeNames.type(named: name) ?? .other("\(name)(\(rest))")
        }
    }

    private mutating func elements(depth: Int) throws(Problem) -> [DataType.TupleElement] {
        var elements: [DataType.TupleElement] = []
        guard tokens.first?.isPunctuation(")") != true else { return elements }
        repeat {
            var name: String?
            if let second = tokens.dropFirst().first, second.identifier != nil, let first = tokens.first,
                first.kind == .quotedName || !isAlias(of: wordsAhead)
            {
                name = first.identifier
                tokens.removeFirst()
            }
            elements.append(DataType.TupleElement(name: name, type: try type(depth: depth + 1)))
        } while next(is: ",")
        return elements
    }

    private func isAlias(of words: [String]) -> Bool {
        (2...3).contains { count in
            words.count >= count && DataTypeNames.folded[words.prefix(count).joined(separator: " ").uppercased()] != nil
        }
    }

    private mutating func enumElements(_ bits: Int) throws(Problem) -> [DataType.EnumElement] {
        var elements: [DataType.EnumElement] = []
        let range = bits == 8 ? -128...127 : -32768...32767
        repeat {
            guard let token = tokens.first, let name = token.stringValue else {
                throw Problem(reason: "an Enum is a list of names in single quotes")
            }
            tokens.removeFirst()
            var value = elements.last.map { $0.value + 1 } ?? 1
            if next(is: "=") {
                let isNegative = next(is: "-")
                let magnitude = try number(0...32768, "the value of '\(name.clipped(to: 40))'")
                value = isNegative ? -magnitude : magnitude
            }
            guard range.contains(value) else { throw Problem(reason: "\(value) is out of the range of an Enum\(bits)") }
            elements.append(DataType.EnumElement(name: name, value: value))
        } while next(is: ",")
        return elements
    }

    // MARK: Pieces

    private mutating func next(is mark: Unicode.Scalar) -> Bool {
        guard tokens.first?.isPunctuation(mark) == true else { return false }
        tokens.removeFirst()
        return true
    }

    private mutating func number(_ range: ClosedRange<Int>, _ what: String) throws(Problem) -> Int {
        guard let token = tokens.first, token.kind == .number, let value = Int(token.text), range.contains(value) else {
            throw Problem(reason: "\(what) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        tokens.removeFirst()
        return value
    }

    private mutating func zone() throws(Problem) -> String {
        guard let zone = tokens.first?.stringValue else { throw Problem(reason: "a time zone is a text in single quotes") }
        tokens.removeFirst()
        return zone
    }

    /// Everything up to the closing parenthesis, which stays.
    private mutating func restOfArguments(_ name: String) throws(Problem) -> String {
        var parts: [String] = []
        var level = 0
        while let token = tokens.first, level > 0 || !token.isPunctuation(")") {
            if token.kind == .invalid { throw Problem(reason: "`\(String(token.text).clipped(to: 40))` is not SQL") }
            level += token.isPunctuation("(") ? 1 : token.isPunctuation(")") ? -1 : 0
            parts.append(String(token.text))
            tokens.removeFirst()
        }
        return parts.joined(separator: " ")
    }
}
