package import PipeCore

/// Renders ``PipeCore/Schema`` as JSON Schema 2020-12, the dialect of OpenAPI 3.1, and collects named objects as components.
package struct JSONSchema: Sendable {
    /// Which side of a conversation a schema is rendered for: they see different fields.
    package enum Use: String, Sendable, Hashable {
        /// No secrets, no fields of PATCH bodies only.
        case response = ""
        /// No read-only fields; required fields are demanded.
        case create = "Create"
        /// No read-only fields; null clears.
        case patch = "Update"
    }

    /// By component name.
    package private(set) var components: [String: JSONValue] = [:]
    /// Objects already rendered, so that shared ones are walked once.
    private var names: [Rendered: String] = [:]

    private struct Rendered: Hashable {
        var schema: ObjectSchema
        var use: Use
    }

    package init() {}

    package mutating func render(_ schema: Schema, for use: Use) -> JSONValue {
        switch schema {
        case .any: return [:]
        case .boolean: return ["type": "boolean"]
        case .string(let rule): return Self.string(rule)
        case .integer(let range):
            var result: JSONValue = ["type": "integer"]
            if range.lowerBound > Int64.min { result["minimum"] = .integer(range.lowerBound) }
            if range.upperBound < Int64.max { result["maximum"] = .integer(range.upperBound) }
            return result
        case .number(let range, let multiple):
            var result: JSONValue = ["type": "number"]
            let greatest = Double.greatestFiniteMagnitude
            if range.lowerBound > -greatest { result["minimum"] = .number(range.lowerBound) }
            if range.upperBound < greatest { result["maximum"] = .number(range.upperBound) }
            if let multiple { result["multipleOf"] = .number(multiple) }
            return result
        case .array(let element, let count, let unique):
            // The elements of a list are whole values even in a PATCH.
            var result: JSONValue = ["type": "array", "items": render(element, for: use == .patch ? .create : use)]
            if count.lowerBound > 0 { result["minItems"] = .integer(Int64(count.lowerBound)) }
            if count.upperBound < Int.max { result["maxItems"] = .integer(Int64(count.upperBound)) }
            if unique { result["uniqueItems"] = true }
            return result
        case .map(let element): return ["type": "object", "additionalProperties": render(element, for: use)]
        case .object(let object): return ["$ref": .string("#/components/schemas/\(component(object, for: use))")]
        }
    }

    /// The component of an object, made when it is new: its own name, or with a suffix where the same name already means
    /// something else.
    package mutating func component(_ object: ObjectSchema, for use: Use) -> String {
        if let name = names[Rendered(schema: object, use: use)] { return name }
        let rendered = self.object(object, for: use)
        let base = object.name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
        let suffixed = base.hasSuffix("Request") ? base : base + use.rawValue
        let candidates = [base, suffixed] + (2...9).map { "\(suffixed)\($0)" }
        let name = candidates.first { components[$0] == nil || components[$0] == rendered } ?? "\(suffixed)\(components.count)"
        components[name] = rendered
        names[Rendered(schema: object, use: use)] = name
        return name
    }

    /// An object in place, for envelopes.
    package mutating func object(_ object: ObjectSchema, for use: Use) -> JSONValue {
        var properties: [String: JSONValue] = [:]
        var required: [JSONValue] = []
        for field in object.fields where Self.isShown(field, use) {
            properties[field.name] = property(field, for: use)
            if field.traits.contains(.required), use != .patch, !field.traits.contains(.secret) || use == .create {
                if use == .create, field.defaultValue != nil { continue }
                required.append(.string(field.name))
            }
        }
        var result: JSONValue = ["type": "object", "properties": .object(properties)]
        if !object.summary.isEmpty { result["description"] = .string(object.summary) }
        if !required.isEmpty { result["required"] = .array(required) }
        return result
    }

    private static func isShown(_ field: Field, _ use: Use) -> Bool {
        switch use {
        case .response: !field.traits.contains(.secret) && !field.traits.contains(.patchOnly)
        case .create: !field.traits.contains(.readOnly) && !field.traits.contains(.patchOnly)
        case .patch: !field.traits.contains(.readOnly)
        }
    }

    private mutating func property(_ field: Field, for use: Use) -> JSONValue {
        var result = render(field.schema, for: use)
        if use == .patch, !field.traits.contains(.required), !field.traits.contains(.immutable) {
            result = ["anyOf": [result, ["type": "null"]]]
        }
        if !field.summary.isEmpty { result["description"] = .string(field.summary) }
        if use == .create, let value = field.defaultValue { result["default"] = value }
        if field.traits.contains(.secret) { result["writeOnly"] = true }
        if field.traits.contains(.readOnly) { result["readOnly"] = true }
        return result
    }

    private static func string(_ rule: StringRule) -> JSONValue {
        var result: JSONValue = ["type": "string"]
        if rule.length.lowerBound > 0 { result["minLength"] = .integer(Int64(rule.length.lowerBound)) }
        if rule.length.upperBound < Int.max { result["maxLength"] = .integer(Int64(rule.length.upperBound)) }
        if !rule.allowed.isEmpty { result["enum"] = .array(rule.allowed.map { .string($0) }) }
        switch rule.format {
        case .uuid, .dateTime: result["format"] = rule.format.map { .string($0.rawValue) }
        case .base64: result["contentEncoding"] = "base64"
        case .line: result["pattern"] = #"^[^\u0000-\u001F\u007F-\u009F\u2028\u2029]*$"#
        case .pem, nil: break
        }
        return result
    }
}
