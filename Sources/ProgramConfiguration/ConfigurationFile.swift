private import FoundationEssentials
public import PipeCore
internal import Yams

/// Reads `penstock.yaml`: strict keys, then environment variables over it, then the command line over both.
public enum ConfigurationFile {
    /// - Parameters:
    ///   - yaml: Text of the file; empty means defaults.
    ///   - environment: Variables; `PENSTOCK_LOG_LEVEL` sets `log.level`, `PENSTOCK_SERVICES_<NAME>_PASSWORD` a service's field.
    ///   - overrides: Values of command line options by dotted key.
    /// - Throws: ``InvalidConfiguration`` with every problem under its key.
    public static func read(yaml: String, environment: [String: String] = [:], overrides: [String: JSONValue] = [:]) throws
        -> PenstockConfiguration
    {
        var document = try parse(yaml)
        applyEnvironment(environment, to: &document)
        for (key, value) in overrides.sorted(by: { $0.key < $1.key }) {
            set(value, at: key.split(separator: ".").map(String.init), in: &document)
        }
        var problems: [Problem] = []
        let checked = PenstockConfiguration.schema.checked(document, mode: .strict, problems: &problems)
        try InvalidConfiguration.check(problems)
        let configuration = try checked.decode(PenstockConfiguration.self)
        try InvalidConfiguration.check(configuration.problems())
        return configuration
    }

    static func parse(_ yaml: String) throws -> JSONValue {
        do {
            guard let node = try Yams.compose(yaml: yaml) else { return .object([:]) }
            return value(of: node)
        } catch let error as YamlError {
            throw InvalidConfiguration([Problem(.root, "is not valid YAML: \(error)")])
        }
    }

    /// YAML scalars by the core schema; quoted scalars stay strings.
    private static func value(of node: Node) -> JSONValue {
        switch node {
        case .mapping(let mapping):
            var members: [String: JSONValue] = [:]
            for (key, member) in mapping { members[key.string ?? ""] = value(of: member) }
            return .object(members)
        case .sequence(let sequence):
            return .array(sequence.map(value(of:)))
        case .scalar(let scalar):
            guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
            return plain(scalar.string)
        case .alias:
            return .null
        }
    }

    private static func plain(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null": .null
        case "true": true
        case "false": false
        default: Int64(text).map(JSONValue.integer) ?? Double(text).map(JSONValue.number) ?? .string(text)
        }
    }

    private static func applyEnvironment(_ environment: [String: String], to document: inout JSONValue) {
        for (path, schema) in leaves(of: PenstockConfiguration.schema) {
            guard let text = environment[variable(for: path)] else { continue }
            set(typed(text, schema), at: path, in: &document)
        }
        guard case .array(var services)? = document["services"],
            case .array(.object(let service), _, _)? = PenstockConfiguration.schema[field: "services"]?.schema
        else { return }
        for index in services.indices {
            guard let name = services[index]["name"]?.string else { continue }
            for field in service.fields {
                if let text = environment[variable(for: ["services", name, field.name])] {
                    services[index][field.name] = typed(text, field.schema)
                }
            }
        }
        document["services"] = .array(services)
    }

    /// `log.level` → `PENSTOCK_LOG_LEVEL`, `embedded.httpPort` → `PENSTOCK_EMBEDDED_HTTP_PORT`.
    public static func variable(for path: [String]) -> String {
        "PENSTOCK_"
            + path.map { part in
                var result = ""
                var previousWasLower = false
                for character in part {
                    if character.isUppercase, previousWasLower { result += "_" }
                    result += character.isLetter || character.isNumber ? character.uppercased() : "_"
                    previousWasLower = character.isLowercase || character.isNumber
                }
                return result
            }.joined(separator: "_")
    }

    /// Every key that holds a plain value, as a path.
    static func leaves(of object: ObjectSchema, under prefix: [String] = []) -> [(path: [String], schema: Schema)] {
        object.fields.flatMap { field -> [(path: [String], schema: Schema)] in
            switch field.schema {
            case .object(let inner): leaves(of: inner, under: prefix + [field.name])
            case .array, .map: []
            default: [(prefix + [field.name], field.schema)]
            }
        }
    }

    private static func typed(_ text: String, _ schema: Schema) -> JSONValue {
        switch schema {
        case .boolean: text == "true" || text == "1" ? true : text == "false" || text == "0" ? false : .string(text)
        case .integer: Int64(text).map(JSONValue.integer) ?? .string(text)
        case .number: Double(text).map(JSONValue.number) ?? .string(text)
        default: .string(text)
        }
    }

    private static func set(_ value: JSONValue, at path: [String], in document: inout JSONValue) {
        guard let first = path.first else {
            document = value
            return
        }
        var member = document[first] ?? .object([:])
        set(value, at: Array(path.dropFirst()), in: &member)
        document[first] = member
    }
}
