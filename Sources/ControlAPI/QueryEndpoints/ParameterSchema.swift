package import PipeCore
package import QueryEndpoints

/// JSON Schema of the values that a ClickHouse type takes.
package enum ParameterSchema {
    /// For a member of `queryVariables`.
    package static func json(_ type: DataType) -> JSONValue {
        switch type {
        case .string, .identifier, .time, .time64: ["type": "string"]
        case .fixedString(let length): ["type": "string", "maxLength": .integer(Int64(length))]
        case .integer(let integer): Self.integer(integer)
        case .float: ["type": "number"]
        case .decimal(let precision, let scale): decimal(precision: precision, scale: scale)
        case .bool: ["type": "boolean"]
        case .uuid: ["type": "string", "format": "uuid"]
        case .ipv4: ["type": "string", "format": "ipv4"]
        case .ipv6: ["type": "string", "format": "ipv6"]
        case .date, .date32: ["type": "string", "format": "date"]
        case .dateTime, .dateTime64:
            ["type": "string", "description": "`2026-01-31 12:00:00` or RFC 3339.", "examples": ["2026-01-31T12:00:00Z"]]
        case .enumeration(let elements): ["type": "string", "enum": .array(elements.map { .string($0.name) })]
        case .array(let element): ["type": "array", "items": json(element)]
        case .tuple(let elements): tuple(elements)
        case .map(_, let value): ["type": "object", "additionalProperties": json(value)]
        case .nullable(let inner): nullable(json(inner))
        case .lowCardinality(let inner): json(inner)
        case .json: ["type": "object"]
        case .other: [:]
        }
    }

    /// For `param_<name>` in a URL: lists, maps and tuples are ClickHouse literals there, and NULL is `\N`.
    package static func url(_ type: DataType) -> JSONValue {
        switch type {
        case .array: ["type": "string", "description": "A literal such as `['a','b']`."]
        case .map: ["type": "string", "description": "A literal such as `{'key':1}`."]
        case .tuple: ["type": "string", "description": "A literal such as `(1,'a')`."]
        case .json: ["type": "string", "description": "A JSON object."]
        case .nullable(let inner): ["anyOf": [url(inner), ["const": "\\N", "description": "NULL"]]]
        case .lowCardinality(let inner): url(inner)
        default: json(type)
        }
    }

    /// The JSON form of a stored default, where it has one that fits ``json(_:)``.
    package static func defaultValue(_ text: String, _ type: DataType) -> JSONValue? {
        switch type {
        case .string, .identifier, .fixedString, .time, .time64, .dateTime, .dateTime64, .other: .string(text)
        case .uuid, .ipv4, .ipv6, .date, .date32: .string(text)
        case .integer(let integer): number(text) ?? (integer.bits > 32 ? .string(text) : nil)
        case .float: Double(text).flatMap { $0.isFinite ? .number($0) : nil }
        case .decimal: .string(text)
        case .bool: ["true": true, "1": true, "false": false, "0": false][text.lowercased()]
        case .enumeration(let elements): elements.contains { $0.name == text } ? .string(text) : nil
        case .nullable(let inner): text == "\\N" ? .null : defaultValue(text, inner)
        case .lowCardinality(let inner): defaultValue(text, inner)
        case .array, .tuple, .map, .json: nil
        }
    }

    /// The same for ``url(_:)``, where literals and NULL are texts.
    package static func urlDefault(_ text: String, _ type: DataType) -> JSONValue? {
        switch type {
        case .array, .map, .tuple, .json: .string(text)
        case .nullable(let inner): text == "\\N" ? .string(text) : urlDefault(text, inner)
        case .lowCardinality(let inner): urlDefault(text, inner)
        default: defaultValue(text, type)
        }
    }

    private static func number(_ text: String) -> JSONValue? { Int64(text).map { .integer($0) } }

    /// Numbers of more than 53 bits get hurt in JSON readers, so texts are taken too.
    private static func integer(_ type: DataType.IntegerType) -> JSONValue {
        guard type.bits > 32 else {
            let (low, high): (Int64, Int64) =
                type.isSigned ? (-(1 << (type.bits - 1)), (1 << (type.bits - 1)) - 1) : (0, (1 << type.bits) - 1)
            return ["type": "integer", "minimum": .integer(low), "maximum": .integer(high)]
        }
        var schema: JSONValue = ["type": ["integer", "string"], "pattern": .string(type.isSigned ? "^[+-]?[0-9]+$" : "^[+]?[0-9]+$")]
        if !type.isSigned { schema["minimum"] = 0 }
        return schema
    }

    private static func decimal(precision: Int, scale: Int) -> JSONValue {
        let fraction = scale == 0 ? "" : "([.][0-9]{0,\(scale)})?"
        return ["type": ["string", "number"], "pattern": .string("^[+-]?[0-9]{1,\(max(precision - scale, 1))}\(fraction)$")]
    }

    private static func tuple(_ elements: [DataType.TupleElement]) -> JSONValue {
        let names = elements.compactMap(\.name)
        let list: JSONValue = [
            "type": "array", "prefixItems": .array(elements.map { json($0.type) }), "items": false,
            "minItems": .integer(Int64(elements.count)), "maxItems": .integer(Int64(elements.count)),
        ]
        guard names.count == elements.count, !names.isEmpty else { return list }
        let members = Dictionary(elements.compactMap { element in element.name.map { ($0, json(element.type)) } }) { first, _ in first }
        let object: JSONValue = [
            "type": "object", "properties": .object(members), "required": .array(names.map { .string($0) }),
            "additionalProperties": false,
        ]
        return ["anyOf": [list, object]]
    }

    private static func nullable(_ schema: JSONValue) -> JSONValue { ["anyOf": [schema, ["type": "null"]]] }
}
