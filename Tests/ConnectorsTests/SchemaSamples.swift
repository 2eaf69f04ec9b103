import PipeCore

/// Values made from a schema alone, so that a field added tomorrow is tested tomorrow.
extension Schema {
    /// A value of the right type within the ranges. Every piece of free text holds `marker`, where the format allows any.
    func sample(_ marker: String) -> JSONValue {
        switch self {
        case .string(let rule):
            if let first = rule.allowed.first { return .string(first) }
            switch rule.format {
            case .uuid: return "5ec5c0a1-3c6b-4c5c-9a51-0d1f6a3e9b01"
            case .dateTime: return "2026-01-31T12:00:00Z"
            case .pem: return .string("-----BEGIN \(marker)-----END")
            case .base64, .line, nil: return .string(marker)
            }
        case .integer(let range): return .integer(Swift.max(range.lowerBound, Swift.min(range.upperBound, 7)))
        case .number(let range, _): return .number(range.lowerBound)
        case .boolean: return true
        case .array(let element, _, _): return [element.sample(marker)]
        case .object(let object): return object.sample(marker)
        case .map: return ["enabled": true]
        case .any: return .string(marker)
        }
    }

    /// A value of a type this schema cannot take; nil where it takes anything.
    var wrongType: JSONValue? {
        switch self {
        case .any: nil
        case .string, .integer, .number, .boolean: ["not": "this"]
        case .array, .object, .map: "not this"
        }
    }
}

extension ObjectSchema {
    func sample(_ marker: String) -> JSONValue {
        .object(
            Dictionary(
                uniqueKeysWithValues: fields.filter { !$0.traits.contains(.patchOnly) }.map { ($0.name, $0.schema.sample(marker)) }))
    }
}

/// One field somewhere inside a schema, and how to put a value there.
struct Site: Sendable {
    var path: FieldPath
    var field: Field
    /// A document that is a sample except for the value at this place.
    var document: @Sendable (JSONValue) -> JSONValue

    /// Every field of `schema`, those of nested objects and of list elements included.
    static func all(of schema: ObjectSchema, at path: FieldPath) -> [Site] {
        schema.fields.flatMap { field -> [Site] in
            let here = Site(path: path[field.name], field: field) { value in
                var document = schema.sample("c2FtcGxl")
                document[field.name] = value
                return document
            }
            switch field.schema {
            case .object(let object):
                return [here] + all(of: object, at: path[field.name]).map { $0.wrapped(by: here) { $0 } }
            case .array(.object(let object), _, _):
                return [here] + all(of: object, at: path[field.name][0]).map { $0.wrapped(by: here) { [$0] } }
            default:
                return [here]
            }
        }
    }

    private func wrapped(by outer: Site, _ nest: @escaping @Sendable (JSONValue) -> JSONValue) -> Site {
        let inner = document
        return Site(path: path, field: field) { outer.document(nest(inner($0))) }
    }
}
