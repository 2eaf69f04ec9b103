/// Why a text cannot be the query of an endpoint.
public struct StatementProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong and what to do, for the author of the query.
    public var reason: String
    /// Line and column of the place, counted from 1 (columns in characters); nil when it concerns the whole text.
    public var line: Int?
    public var column: Int?

    public init(_ reason: String, line: Int? = nil, column: Int? = nil) {
        self.reason = reason
        self.line = line
        self.column = column
    }

    public var description: String {
        guard let line, let column else { return reason }
        return "\(reason) (line \(line), column \(column))"
    }
}
