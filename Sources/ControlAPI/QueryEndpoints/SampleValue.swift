internal import QueryEndpoints

/// Values that a statement can be tried with when nobody has given any.
enum SampleValue {
    /// Text that every server takes for this type, as it would stand in a URL; nil for types of which it is not known, and for
    /// `Identifier`: whether a table exists says nothing about the statement.
    ///
    /// Numbers are 1, because 0 is what statements divide by.
    static func text(of type: DataType) -> String? {
        switch type {
        case .string, .fixedString: "x"
        case .integer, .float, .decimal: "1"
        case .bool: "true"
        case .uuid: "00000000-0000-4000-8000-000000000000"
        case .ipv4: "127.0.0.1"
        case .ipv6: "::1"
        case .date, .date32: "2020-01-01"
        case .dateTime, .dateTime64: "2020-01-01 00:00:00"
        case .time, .time64: "00:00:01"
        case .enumeration(let elements): elements.first?.name
        case .array: "[]"
        case .map, .json: "{}"
        case .tuple(let elements): tuple(elements)
        case .nullable(let inner), .lowCardinality(let inner): text(of: inner)
        case .identifier, .other: nil
        }
    }

    /// A literal, in which texts stand in quotes.
    private static func tuple(_ elements: [DataType.TupleElement]) -> String? {
        let texts = elements.map { element -> String? in
            guard let text = text(of: element.type) else { return nil }
            return isBare(element.type) ? text : "'\(text.replacing("'", with: "\\'"))'"
        }
        if texts.contains(nil) { return nil }
        return "(" + texts.compactMap { $0 }.joined(separator: ",") + (texts.count == 1 ? ",)" : ")")
    }

    private static func isBare(_ type: DataType) -> Bool {
        switch type {
        case .integer, .float, .decimal, .bool, .array, .map, .tuple: true
        case .nullable(let inner), .lowCardinality(let inner): isBare(inner)
        default: false
        }
    }
}
