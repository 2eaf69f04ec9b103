/// Where in a document something is: `source.kafka.brokers`, `destination.columns[2].type`.
public struct FieldPath: Hashable, Sendable, CustomStringConvertible {
    public var description: String

    public static let root = FieldPath(description: "")

    public init(description: String) { self.description = description }
    public init(_ path: String) { description = path }

    public subscript(field: String) -> FieldPath {
        FieldPath(description: description.isEmpty ? field : "\(description).\(field)")
    }

    public subscript(index: Int) -> FieldPath { FieldPath(description: "\(description)[\(index)]") }
}

/// One thing wrong with a document, and where.
public struct Problem: Hashable, Sendable, CustomStringConvertible {
    public var field: FieldPath
    /// What is wrong and what to do; never holds a secret.
    public var message: String

    public init(_ field: FieldPath, _ message: String) {
        self.field = field
        self.message = message
    }

    public init(_ field: String, _ message: String) { self.init(FieldPath(field), message) }

    public var description: String { field.description.isEmpty ? message : "\(field) \(message)" }
}

/// Everything wrong with a document, at once.
public struct InvalidConfiguration: Error, Hashable, Sendable, CustomStringConvertible {
    public var problems: [Problem]

    public init(_ problems: [Problem]) { self.problems = problems }

    /// The first twenty problems, each cut at 2000 characters: a long list with nothing right in it must not make an answer
    /// many times its own size.
    public var description: String {
        let shown = problems.prefix(20).map { problem in
            let text = problem.description
            return text.utf8.count > 2000 ? "\(text.prefix(2000))…" : text
        }
        let rest = problems.count - shown.count
        return shown.joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : "")
    }

    /// Throws when there is any problem.
    public static func check(_ problems: [Problem]) throws(InvalidConfiguration) {
        if !problems.isEmpty { throw InvalidConfiguration(problems) }
    }
}
