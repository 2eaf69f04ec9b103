internal import ClickHouse

/// A statement with `{name:Type}` parameters, read once and bound often.
public struct ParameterizedStatement: Hashable, Sendable {
    /// What to send: the text without what stands behind its last token (blanks, comments, semicolons), so that a clause can be appended.
    public let sql: String
    /// In order of first occurrence, each name once.
    public let parameters: [QueryParameter]
    public let kind: StatementKind
    /// The format named by the FORMAT clause of a statement that answers rows; that of an INSERT's body is in its ``InsertShape``.
    public let format: String?
    /// Names set by SETTINGS clauses anywhere in the statement, in order of occurrence.
    public let settings: [String]

    public var hasSettings: Bool { !settings.isEmpty }

    /// Reads a statement. Throws for text that is empty, more than one statement, not lexically SQL, has a malformed parameter or the same
    /// name with two types, keeps state between calls (SET, USE, transactions) or touches files of the server (INTO OUTFILE, FROM INFILE).
    public init(_ sql: String) throws(StatementProblem) {
        let reading = try StatementReader.read(sql)
        self.sql = reading.sql
        parameters = reading.parameters
        kind = reading.kind
        format = reading.format
        settings = reading.settings
    }

    /// Names among `given` that the statement has no parameter for, sorted.
    public func unknown(_ given: [String: ParameterValue]) -> [String] {
        given.keys.filter { name in !parameters.contains { $0.name == name } }.sorted()
    }

    /// Checks every value against the type of its parameter.
    ///
    /// Values of names that the statement does not have are ignored; ask ``unknown(_:)`` for them.
    /// - Parameters:
    ///   - given: the caller's values; they win over `defaults`.
    ///   - defaults: text by name, as in a URL.
    /// - Returns: by name, the text for `param_<name>` in ClickHouse's own notation, to be sent as it is.
    /// - Throws: for the first parameter that has no value or an impossible one.
    public func bind(_ given: [String: ParameterValue], defaults: [String: String] = [:]) throws(InvalidParameter) -> [String: String] {
        var result: [String: String] = [:]
        result.reserveCapacity(parameters.count)
        for parameter in parameters {
            if let value = given[parameter.name] {
                result[parameter.name] = try parameter.bind(value)
            } else if let text = defaults[parameter.name] {
                result[parameter.name] = try parameter.bind(.text(text))
            } else {
                throw InvalidParameter(name: parameter.name, type: parameter.type, reason: "a value is required")
            }
        }
        return result
    }

    /// Checks values without asking for all: the defaults of an endpoint when it is saved.
    public func check(_ values: [String: String]) throws(InvalidParameter) {
        for parameter in parameters {
            if let text = values[parameter.name] { _ = try parameter.bind(.text(text)) }
        }
    }
}
