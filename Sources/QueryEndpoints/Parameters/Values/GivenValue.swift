import PipeCore

/// A value before its type is looked at, from JSON or from a ClickHouse literal.
indirect enum GivenValue {
    case null
    case bool(Bool)
    /// The digits as they were written, also `nan` and `inf`.
    case number(String)
    /// A number of a JSON body whose digits are no longer known.
    case double(Double)
    case string(String)
    case array([GivenValue])
    case tuple([GivenValue])
    case object([(key: GivenValue, value: GivenValue)])

    /// Values nested deeper are refused; it bounds every recursion over values.
    static let deepest = 64

    /// Throws for a document nested deeper than ``deepest``.
    init(_ json: JSONValue, depth: Int = 0) throws(ValueProblem) {
        guard depth < Self.deepest else { throw .tooDeep }
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .number(String(value))
        case .number(let value): self = .double(value)
        case .exactNumber(let text): self = .number(text)
        case .string(let value): self = .string(value)
        case .array(let values):
            var elements: [GivenValue] = []
            elements.reserveCapacity(values.count)
            for value in values { elements.append(try GivenValue(value, depth: depth + 1)) }
            self = .array(elements)
        case .object(let members):
            var elements: [(key: GivenValue, value: GivenValue)] = []
            elements.reserveCapacity(members.count)
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                elements.append((.string(key), try GivenValue(value, depth: depth + 1)))
            }
            self = .object(elements)
        }
    }

    /// What a person calls it.
    var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number, .double: "a number"
        case .string: "a text"
        case .array: "an array"
        case .tuple: "a tuple"
        case .object: "an object"
        }
    }
}
