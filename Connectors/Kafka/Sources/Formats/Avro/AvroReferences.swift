internal import PipeCore

/// Puts the schemas that a schema names into it: a container of Avro has one schema, which must be whole.
enum AvroReferences {
    static func inlined(_ schema: RegisteredSchema) throws(AvroSchema.Fault) -> [UInt8] {
        if schema.dependencies.isEmpty { return Array(schema.text.utf8) }
        var inlining = Inlining()
        for dependency in schema.dependencies {
            inlining.waiting[dependency.name] = try parse(dependency.text, dependency.name)
        }
        let whole = try inlining.fill(try parse(schema.text, "the schema"), namespace: "", depth: 0)
        do { return Array(try JSONText.encode(whole)) } catch { throw AvroSchema.Fault(description: "the schema cannot be written") }
    }

    private static func parse(_ text: String, _ name: String) throws(AvroSchema.Fault) -> JSONValue {
        do { return try JSONValue(parsing: Array(text.utf8)) } catch {
            throw AvroSchema.Fault(description: "\(name) is not JSON: \(error)")
        }
    }

    private struct Inlining {
        /// Schemas that were not named yet; the first mention becomes the definition.
        var waiting: [String: JSONValue] = [:]

        mutating func fill(_ value: JSONValue, namespace: String, depth: Int) throws(AvroSchema.Fault) -> JSONValue {
            guard depth < 200 else { throw AvroSchema.Fault(description: "the schema is nested too deeply") }
            switch value {
            case .string(let name):
                for full in name.contains(".") || namespace.isEmpty ? [name] : ["\(namespace).\(name)", name] {
                    guard let definition = waiting.removeValue(forKey: full) else { continue }
                    // A definition keeps its own namespace where it is moved to.
                    var own = definition
                    if let object = definition.object, object["namespace"] == nil { own["namespace"] = "" }
                    return try fill(own, namespace: "", depth: depth + 1)
                }
                return value
            case .array(let branches):
                var filled: [JSONValue] = []
                for branch in branches { filled.append(try fill(branch, namespace: namespace, depth: depth + 1)) }
                return .array(filled)
            case .object(var object):
                var inner = namespace
                if let name = object["name"]?.string {
                    if let dot = name.lastIndex(of: ".") {
                        inner = String(name[..<dot])
                    } else if let space = object["namespace"]?.string {
                        inner = space
                    }
                }
                for member in ["type", "items", "values"] {
                    if let type = object[member] { object[member] = try fill(type, namespace: inner, depth: depth + 1) }
                }
                if case .array(let fields)? = object["fields"] {
                    var filled: [JSONValue] = []
                    for field in fields {
                        guard var members = field.object, let type = members["type"] else { return value }
                        members["type"] = try fill(type, namespace: inner, depth: depth + 1)
                        filled.append(.object(members))
                    }
                    object["fields"] = .array(filled)
                }
                return .object(object)
            default: return value
            }
        }
    }
}
