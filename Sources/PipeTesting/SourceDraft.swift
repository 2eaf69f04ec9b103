public import PipeCore

/// A source document taken through the steps the API takes it through: schema, completion, decoding, rules.
public struct SourceDraft<Configuration: SourceConfiguration>: Sendable {
    /// As it would be stored, secrets included.
    public var document: JSONValue
    /// Nil when the document does not even decode.
    public var configuration: Configuration?
    public var problems: [Problem]
    private let pipe: PipeID

    /// What POST does.
    public init(creating body: JSONValue, pipe: PipeID = PipeID("5ec5c0a1-3c6b-4c5c-9a51-0d1f6a3e9b01")) {
        var problems: [Problem] = []
        let checked = Configuration.schema.checked(body, at: Configuration.path, mode: .create, problems: &problems)
        self.init(document: Configuration.completed(checked, patch: nil, pipe: pipe), problems: problems, pipe: pipe)
        self.problems += configuration?.problems() ?? []
    }

    private init(document: JSONValue, problems: [Problem], pipe: PipeID) {
        self.document = document
        self.problems = problems
        self.pipe = pipe
        guard problems.isEmpty else { return }
        do {
            configuration = try document.decode(Configuration.self)
        } catch {
            self.problems.append(Problem(Configuration.path, "does not decode: \(error)"))
        }
    }

    /// What PATCH does to a stored pipe.
    public func patched(_ body: JSONValue, isAtRest: Bool = true) -> SourceDraft {
        var problems: [Problem] = []
        let patch = Configuration.schema.checked(body, at: Configuration.path, mode: .patch, problems: &problems)
        let merged = Configuration.schema.patched(document, with: patch, at: Configuration.path, problems: &problems)
        let completed = Configuration.completed(merged, patch: patch, pipe: pipe)
        var draft = SourceDraft(document: completed, problems: problems, pipe: pipe)
        if let new = draft.configuration, let old = configuration {
            draft.problems += new.problems() + new.problems(updating: old, patch: patch, isAtRest: isAtRest)
        }
        return draft
    }

    /// What GET shows.
    public var visible: JSONValue { Configuration.schema.separated(document).visible }

    /// The field paths at fault, without `source.<kind>.`, sorted.
    public var fields: [String] {
        let prefix = "\(Configuration.path)."
        return problems.map { problem in
            let field = problem.field.description
            return field.hasPrefix(prefix) ? String(field.dropFirst(prefix.count)) : field
        }.sorted()
    }
}

extension JSONValue {
    /// This document with members replaced; keys may be dotted paths, null removes.
    public func changing(_ changes: [String: JSONValue]) -> JSONValue {
        changes.sorted { $0.key < $1.key }.reduce(self) { $0.setting($1.key.split(separator: ".")[...], to: $1.value) }
    }

    private func setting(_ path: ArraySlice<Substring>, to value: JSONValue) -> JSONValue {
        guard let first = path.first.map(String.init) else { return value }
        var result = self
        if path.count > 1 {
            result[first] = (self[first] ?? [:]).setting(path.dropFirst(), to: value)
        } else {
            result[first] = value.isNull ? Optional.none : value
        }
        return result
    }
}
