package import PipeCore

/// The one source of a request body: which kind it is and what was sent for it.
package struct SourceArm: Sendable {
    package let type: any SourceConfiguration.Type
    /// The arm as sent, not yet checked.
    package let given: JSONValue

    package var kind: String { type.kind }
    package var path: FieldPath { FieldPath("source")[kind] }

    /// Finds the arm in `source`, where all others must be absent or null.
    ///
    /// Members that are neither an object nor the name of a source are ignored, as unknown fields are everywhere; an unknown
    /// object must be a source this build does not know, and is a problem.
    package static func find(in source: JSONValue?, of sources: SourceCatalog, problems: inout [Problem]) -> SourceArm? {
        let path = FieldPath("source")
        guard let source, !source.isNull else {
            problems.append(Problem(path, "is required"))
            return nil
        }
        guard let members = source.object else {
            problems.append(Problem(path, "must be an object, not \(source.kindName)"))
            return nil
        }
        let unknown = members.filter { sources[$0.key] == nil && $0.value.object != nil }.keys.sorted()
        for name in unknown {
            problems.append(Problem(path[name], "is not a source; sources are: \(sources.names.joined(separator: ", "))"))
        }
        let arms = sources.kinds.compactMap { type -> SourceArm? in
            guard let given = members[type.kind], !given.isNull else { return nil }
            return SourceArm(type: type, given: given)
        }
        if arms.count > 1 {
            problems.append(Problem(path, "must hold exactly one source, has \(arms.map(\.kind).joined(separator: ", "))"))
            return nil
        }
        if arms.isEmpty && unknown.isEmpty {
            problems.append(Problem(path, "must hold exactly one of \(sources.names.joined(separator: ", "))"))
        }
        return arms.first
    }

    /// `source.validateSamples`: whether samples are to be read before the pipe is stored.
    package static func validatesSamples(_ source: JSONValue?, problems: inout [Problem]) -> Bool {
        guard let value = source?["validateSamples"], !value.isNull else { return false }
        if let flag = value.bool { return flag }
        problems.append(Problem("source.validateSamples", "must be a boolean, not \(value.kindName)"))
        return false
    }

    /// Checks the arm for a new pipe. Nil when it could not be decoded; then `problems` says why.
    package func created(for pipe: PipeID, problems: inout [Problem]) -> CheckedSource? {
        type.created(from: given, for: pipe, problems: &problems)
    }
}

/// A source arm that has been checked.
package struct CheckedSource: Sendable {
    /// The whole document as stored, secrets included.
    package var document: JSONValue
    package var configuration: any SourceConfiguration

    /// The source of a build that can run it. Throws 400 when there is no connector for this kind.
    package func runnable(in sources: SourceCatalog) throws -> any RunnableSource {
        if let source = configuration as? any RunnableSource { return source }
        let kind = configuration.kind
        let runnable = sources.runnableNames
        throw APIError.badRequest(
            "source.\(kind): this build has no connector for \(kind); it can run: "
                + (runnable.isEmpty ? "none" : runnable.joined(separator: ", ")))
    }
}

extension SourceCatalog {
    /// The kinds whose connector is in this build.
    package var runnableNames: [String] { kinds.filter { $0 is any RunnableSource.Type }.map { $0.kind } }
}

extension SourceConfiguration {
    fileprivate static func created(from given: JSONValue, for pipe: PipeID, problems: inout [Problem]) -> CheckedSource? {
        var found: [Problem] = []
        let checked = schema.checked(given, at: path, mode: .create, problems: &found)
        let document = completed(checked, patch: nil, pipe: pipe)
        let configuration = decoded(document, problems: &found)
        if let configuration { found.add(configuration.problems()) }
        problems += found
        return configuration.map { CheckedSource(document: document, configuration: $0) }
    }

    /// `stored` (secrets included) with a PATCH arm laid over it, all rules checked. Nil when it could not be decoded.
    package static func updated(
        _ stored: JSONValue, with given: JSONValue, of pipe: PipeID, isAtRest: Bool, problems: inout [Problem]
    ) -> CheckedSource? {
        var found: [Problem] = []
        let patch = schema.checked(given, at: path, mode: .patch, problems: &found)
        guard found.isEmpty else {
            problems += found
            return nil
        }
        // What is stored was valid when it was stored: it is not judged again because of a new name.
        if patch == [:] { return decoded(stored, problems: &problems).map { CheckedSource(document: stored, configuration: $0) } }
        let laidOver = schema.patched(stored, with: patch, at: path, problems: &found)
        // A PATCH may have cleared something that is required.
        let whole = schema.checked(laidOver, at: path, mode: .create, problems: &found)
        let document = completed(whole, patch: patch, pipe: pipe)
        let configuration = decoded(document, problems: &found)
        if let configuration {
            if document != stored { found.add(configuration.problems()) }
            if let old = decoded(stored, problems: &found) {
                found.add(configuration.problems(updating: old, patch: patch, isAtRest: isAtRest))
            }
        }
        problems += found
        return configuration.map { CheckedSource(document: document, configuration: $0) }
    }

    /// The typed form. A failure is only a problem of its own when nothing else is wrong with the document.
    private static func decoded(_ document: JSONValue, problems: inout [Problem]) -> Self? {
        do {
            return try document.decode(Self.self)
        } catch {
            if problems.isEmpty { problems.append(Problem(decoding: error, at: path)) }
            return nil
        }
    }
}

extension Problem {
    /// What a decoder found wrong, under the field it was looking at. The value itself is never quoted.
    package init(decoding error: any Error, at path: FieldPath) {
        func field(_ context: DecodingError.Context) -> FieldPath {
            context.codingPath.reduce(path) { path, key in key.intValue.map { path[$0] } ?? path[key.stringValue] }
        }
        switch error {
        case DecodingError.keyNotFound(let key, let context): self.init(field(context)[key.stringValue], "is required")
        case DecodingError.valueNotFound(_, let context): self.init(field(context), "must not be null")
        case DecodingError.typeMismatch(_, let context): self.init(field(context), "has a value of the wrong type")
        case DecodingError.dataCorrupted(let context): self.init(field(context), "has a value that cannot be used")
        case let invalid as InvalidConfiguration: self = invalid.problems.first ?? Problem(path, "is not valid")
        default: self.init(path, "is not valid")
        }
    }
}
