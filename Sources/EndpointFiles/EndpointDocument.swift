package import PipeCore

/// What an endpoint is, in one form for files and for what the API shows, so that equal endpoints are equal values.
///
/// Lists of names are sets; nothing, null and empty are the same. Never holds the secret of tokens, which the API does not show.
package struct EndpointDocument: Hashable, Sendable {
    package let value: JSONValue

    private static let fields = [
        "name", "database", "roles", "apiKeyIds", "allowedOrigins", "parameters", "format", "cacheSeconds", "limits", "tokens",
        "answerVersion", "sql",
    ]

    /// From an answer or a body of the API.
    init(_ document: JSONValue) {
        var members: [String: JSONValue] = [:]
        for field in Self.fields { members[field] = document[field].flatMap(Self.canonical) }
        members["tokens"]?["secret"] = nil
        if members["answerVersion"] == nil { members["answerVersion"] = 2 }
        value = .object(members)
    }

    private static func canonical(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .null: return nil
        case .array(let elements): return elements.isEmpty ? nil : .array(elements.sorted { ($0.string ?? "") < ($1.string ?? "") })
        case .object(let members):
            let kept = members.compactMapValues(canonical)
            return kept.isEmpty ? nil : .object(kept)
        case .bool, .integer, .number, .exactNumber, .string: return value
        }
    }

    /// For people and for diffs: a line for each setting, then the SQL.
    ///
    /// - Parameter keyNames: names of keys by id.
    func lines(keyNames: [String: String]) -> [String] {
        var result: [String] = []
        for field in Self.fields where field != "sql" {
            guard var member = value[field] else { continue }
            if field == "apiKeyIds", let ids = member.array {
                member = .array(ids.map { .string(keyNames[$0.string ?? ""] ?? $0.string ?? "") })
            }
            Self.append(member, at: FieldPath(field == "apiKeyIds" ? "apiKeys" : field), to: &result)
        }
        let sql = value["sql"]?.string ?? ""
        return result + [""] + sql.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
    }

    private static func append(_ value: JSONValue, at path: FieldPath, to lines: inout [String]) {
        switch value {
        case .object(let members):
            for (name, member) in members.sorted(by: { $0.key < $1.key }) { append(member, at: path[name], to: &lines) }
        case .string(let text) where text.contains(where: \.isNewline):
            lines.append("\(path): |")
            lines += text.split(whereSeparator: \.isNewline).map { "  \($0)" }
        case .string(let text): lines.append("\(path): \(text)")
        case .array(let elements): lines.append("\(path): \(elements.map { $0.string ?? "" }.joined(separator: ", "))")
        case .null, .bool, .integer, .number, .exactNumber: lines.append("\(path): \((try? JSONText.string(value)) ?? "")")
        }
    }
}
