/// The canonical, unescaped text of one value of a type that is no container.
enum ScalarText {
    /// From text, however it came.
    static func of(_ text: String, _ type: DataType) throws(ValueProblem) -> String {
        switch type {
        case .string, .other: return text
        case .fixedString(let length):
            guard text.utf8.count <= length else {
                throw ValueProblem(text, "has \(text.utf8.count) bytes, more than \(length)")
            }
            return text
        case .identifier:
            guard !text.isEmpty else { throw ValueProblem("a name cannot be empty") }
            return text
        case .integer(let type): return try IntegerText.check(text, type)
        case .float(let type): return try FloatText.check(text, type)
        case .decimal(let precision, let scale): return try DecimalText.check(text, precision: precision, scale: scale)
        case .bool: return try bool(text)
        case .uuid: return try AddressText.uuid(text)
        case .ipv4: return try AddressText.ipv4(text)
        case .ipv6: return try AddressText.ipv6(text)
        case .date: return try TimeText.date(text)
        case .date32: return try TimeText.date32(text)
        case .dateTime(let zone): return try TimeText.dateTime(text, zone: zone)
        case .dateTime64(let precision, let zone): return try TimeText.dateTime64(text, precision: precision, zone: zone)
        case .time: return try TimeText.time(text, precision: 0)
        case .time64(let precision): return try TimeText.time(text, precision: precision)
        case .enumeration(let elements): return try element(text, of: elements)
        case .json: return try JSONObjectText.check(text)
        case .array, .map, .tuple: throw ValueProblem(text, "is a text, not \(shape(of: type))")
        case .nullable(let inner), .lowCardinality(let inner): return try of(text, inner)
        }
    }

    /// From a value of JSON or of a literal.
    static func of(_ value: GivenValue, _ type: DataType) throws(ValueProblem) -> String {
        switch (value, type) {
        case (.string(let text), _): return try of(text, type)
        case (.number(let text), .dateTime): return try TimeText.dateTime(seconds: seconds(text).whole, text)
        case (.number(let text), .dateTime64(let precision, let zone)):
            let instant = try seconds(text)
            return try TimeText.dateTime64(
                instant.whole, instant.fraction, instant.isNegative, precision, zone, text)
        case (.double(let value), .dateTime64(let precision, let zone)):
            let text = try digits(value)
            let instant = try seconds(text)
            return try TimeText.dateTime64(instant.whole, instant.fraction, instant.isNegative, precision, zone, text)
        case (.number(let text), .enumeration(let elements)): return try element(number: text, of: elements)
        case (.number(let text), .string), (.number(let text), .fixedString), (.number(let text), .integer), (.number(let text), .float),
            (.number(let text), .decimal), (.number(let text), .bool), (.number(let text), .other):
            return try of(text, type)
        case (.double(let value), .integer):
            guard value.magnitude < 9_007_199_254_740_992, value.rounded(.towardZero) == value else {
                let isWhole = value.rounded(.towardZero) == value
                throw ValueProblem(
                    value.description, isWhole ? "is too large for a JSON number; write it in quotes" : "is not a whole number")
            }
            return try of(String(Int64(value)), type)
        case (.double(let value), .float), (.double(let value), .other): return try of(value.description, type)
        case (.double(let value), .decimal): return try of(digits(value), type)
        case (.double, .string), (.double, .fixedString):
            throw ValueProblem("a number with a fraction or exponent has no certain text; write it in quotes")
        case (.bool(let value), .bool), (.bool(let value), .string), (.bool(let value), .other): return value ? "true" : "false"
        case (.object, .json): return try JSONObjectText.text(value)
        case (.null, _): throw ValueProblem("null is not possible; the type is not Nullable")
        default: throw ValueProblem("\(value.kindName) cannot be \(shape(of: type))")
        }
    }

    /// Whether the value stands in quotes inside a container.
    static func isQuoted(_ type: DataType) -> Bool {
        switch type {
        case .integer, .float, .decimal, .bool: false
        default: true
        }
    }

    // MARK: Kinds

    private static func bool(_ text: String) throws(ValueProblem) -> String {
        guard text.utf8.count <= 5 else { throw notBool(text) }
        switch text.lowercased() {
        case "true", "1", "t", "yes", "y", "on": return "true"
        case "false", "0", "f", "no", "n", "off": return "false"
        default: throw notBool(text)
        }
    }

    private static func notBool(_ text: String) -> ValueProblem { ValueProblem(text, "is neither true nor false") }

    /// By name; by number only where no name is meant.
    private static func element(_ text: String, of elements: [DataType.EnumElement]) throws(ValueProblem) -> String {
        if elements.contains(where: { $0.name == text }) { return text }
        if let value = Int(text), String(value) == text, let element = elements.first(where: { $0.value == value }) { return element.name }
        throw notElement(text, elements)
    }

    private static func element(number text: String, of elements: [DataType.EnumElement]) throws(ValueProblem) -> String {
        let named = elements.first { $0.name == text }
        let numbered = Int(text).flatMap { value in elements.first { $0.value == value } }
        if let named, let numbered, named != numbered {
            throw ValueProblem(text, "is the name of one element and the number of another; write the name in quotes")
        }
        guard let element = named ?? numbered else { throw notElement(text, elements) }
        return element.name
    }

    private static func notElement(_ text: String, _ elements: [DataType.EnumElement]) -> ValueProblem {
        let names = elements.prefix(10).map { "'\($0.name.clipped(to: 40))'" }.joined(separator: ", ")
        return ValueProblem(text, "is none of \(names)\(elements.count > 10 ? ", …" : "")")
    }

    /// Seconds since 1970 from digits.
    private static func seconds(_ text: String) throws(ValueProblem) -> (whole: Int, fraction: String, isNegative: Bool) {
        guard let number = DecimalText(text) else { throw ValueProblem(text, "is neither a time nor a number of seconds since 1970") }
        guard number.pointPosition <= 11 else { throw ValueProblem(text, "is out of range; a number means seconds since 1970") }
        let parts = number.plain.split(separator: ".")
        let fraction = parts.count == 2 ? String(parts[1]) : ""
        guard let whole = parts.first.flatMap({ Int($0) }), fraction.utf8.count <= 9 else {
            throw ValueProblem(text, "has more than nine digits behind the seconds")
        }
        return (whole.magnitude == 0 ? 0 : Int(whole.magnitude), fraction, number.isNegative)
    }

    /// The decimal digits of a JSON number; refused where a Double holds fewer than may have been written.
    private static func digits(_ value: Double) throws(ValueProblem) -> String {
        guard let number = DecimalText(value.description), number.digits.count <= 15 else {
            throw ValueProblem(value.description, "has too many digits for a JSON number; write it in quotes")
        }
        return number.plain
    }

    static func shape(of type: DataType) -> String {
        switch type {
        case .array: "an array like [1,2]"
        case .map: "a map like {\"k\":1}"
        case .tuple: "a tuple like (1,'x')"
        case .json: "a JSON object"
        default: "a value of this type"
        }
    }
}
