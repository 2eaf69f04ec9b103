internal import PipeCore
internal import Yams

/// A YAML document with the line of every member.
struct LocatedYAML {
    private(set) var document: JSONValue = .object([:])
    private var lines: [FieldPath: Int] = [:]
    private let firstLine: Int
    /// Objects whose members are texts, however they are spelled: `year: 2010` means the text 2010.
    private let textMaps: Set<FieldPath>

    /// - Parameter firstLine: of `yaml` in its file.
    init(_ yaml: String, file: String, firstLine: Int, textMaps: Set<FieldPath>) throws(FileProblem) {
        self.firstLine = firstLine
        self.textMaps = textMaps
        let root: Node?
        do { root = try Yams.compose(yaml: yaml) } catch { throw Self.problem(error, file: file, firstLine: firstLine) }
        guard let root, root != "" else { return }
        guard case .mapping = root else { throw FileProblem(file, line: firstLine, "the settings must be 'name: value' lines") }
        document = value(of: root, at: .root)
    }

    /// The line of a member, or of the nearest one around it.
    func line(of field: FieldPath) -> Int {
        var text = field.description[...]
        while !text.isEmpty {
            if let line = lines[FieldPath(String(text))] { return line }
            guard let cut = text.lastIndex(where: { $0 == "." || $0 == "[" }) else { break }
            text = text[..<cut]
        }
        return firstLine
    }

    private mutating func value(of node: Node, at path: FieldPath) -> JSONValue {
        switch node {
        case .mapping(let mapping):
            var members: [String: JSONValue] = [:]
            for (key, member) in mapping {
                let name = key.string ?? ""
                lines[path[name]] = firstLine + (key.mark?.line ?? 1) - 1
                members[name] = value(of: member, at: path[name], isText: textMaps.contains(path))
            }
            return .object(members)
        case .sequence(let sequence):
            var elements: [JSONValue] = []
            for (index, element) in sequence.enumerated() {
                lines[path[index]] = firstLine + (element.mark?.line ?? 1) - 1
                elements.append(value(of: element, at: path[index]))
            }
            return .array(elements)
        case .scalar(let scalar):
            return scalar.style == .plain || scalar.style == .any ? Self.plain(scalar.string) : .string(scalar.string)
        case .alias: return .null
        }
    }

    private mutating func value(of node: Node, at path: FieldPath, isText: Bool) -> JSONValue {
        let read = value(of: node, at: path)
        guard isText, !read.isNull, case .scalar(let scalar) = node else { return read }
        return .string(scalar.string)
    }

    /// By the core schema.
    private static func plain(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null": .null
        case "true": true
        case "false": false
        default: Int64(text).map(JSONValue.integer) ?? Double(text).map(JSONValue.number) ?? .string(text)
        }
    }

    private static func problem(_ error: any Error, file: String, firstLine: Int) -> FileProblem {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            FileProblem(file, line: firstLine + mark.line - 1, "the settings are not YAML: \(problem)")
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            FileProblem(file, line: firstLine + context.mark.line - 1, "\(keys.joined(separator: ", ")) stands here twice")
        default: FileProblem(file, line: firstLine, "the settings are not YAML")
        }
    }
}
