import PipeCore

extension QueryParameter {
    /// Texts longer than this are refused; the limit also bounds what a literal can expand to.
    package static let longestText = 1 << 20

    /// The text for `param_<name>`: one field of TabSeparated, containers as ClickHouse literals. An Identifier is taken literally.
    func bind(_ value: ParameterValue) throws(InvalidParameter) -> String {
        do throws(ValueProblem) {
            let text =
                switch value {
                case .text(let text): try bind(text: text)
                case .json(let json): try bind(json: json)
                }
            guard text.utf8.count <= Self.longestText else { throw ValueProblem("the value is longer than \(Self.longestText) bytes") }
            if text.utf8.contains(0) { throw ValueEscapes.nul }
            return text
        } catch {
            throw InvalidParameter(name: name, type: type, reason: error.description)
        }
    }

    private func bind(text: String) throws(ValueProblem) -> String {
        guard text.utf8.count <= Self.longestText else { throw ValueProblem("the value is longer than \(Self.longestText) bytes") }
        if dataType.isNullable, isNull(text) { return Self.null }
        switch dataType.unwrapped {
        case .array, .map, .tuple: return try ContainerWriter.text(LiteralReader.read(text), dataType.unwrapped)
        case let scalar: return try escaped(ScalarText.of(text, scalar), scalar)
        }
    }

    private func bind(json: JSONValue) throws(ValueProblem) -> String {
        let scalar = dataType.unwrapped
        switch json {
        case .null:
            guard dataType.isNullable else { throw ValueProblem("null is not possible; the type is not Nullable") }
            return Self.null
        case .string(let text):
            guard text.utf8.count <= Self.longestText else { throw ValueProblem("the value is longer than \(Self.longestText) bytes") }
            switch scalar {
            case .array, .map, .tuple: return try ContainerWriter.text(LiteralReader.read(text), scalar)
            default: return try escaped(ScalarText.of(text, scalar), scalar)
            }
        case .integer(let value): return try escaped(ScalarText.of(.number(String(value)), scalar), scalar)
        case .bool, .number, .exactNumber: return try escaped(ScalarText.of(GivenValue(json), scalar), scalar)
        case .array, .object:
            let value = try GivenValue(json)
            switch scalar {
            case .array, .map, .tuple: return try ContainerWriter.text(value, scalar)
            case .other: return try ValueEscapes.field(ContainerWriter.text(value, scalar))
            default: return try escaped(ScalarText.of(value, scalar), scalar)
            }
        }
    }

    private static let null = "\\N"

    /// `\N`, and for types without such a value also the word.
    private func isNull(_ text: String) -> Bool {
        if text == Self.null { return true }
        guard text == "NULL" || text == "null" else { return false }
        switch dataType.unwrapped {
        case .string, .fixedString, .enumeration, .other: return false
        default: return true
        }
    }

    private func escaped(_ text: String, _ type: DataType) -> String {
        if case .identifier = type { return text }
        return ValueEscapes.field(text)
    }
}
