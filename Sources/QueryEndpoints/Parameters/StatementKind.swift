/// What a statement does, decided from its words alone.
public enum StatementKind: Hashable, Sendable {
    /// SELECT, SHOW, DESCRIBE, EXPLAIN, EXISTS, CHECK: answers rows and changes nothing.
    case read
    case insert(InsertShape)
    /// Everything else: DDL, ALTER, DELETE, SYSTEM, KILL …
    case write
}

/// Where the rows of an INSERT come from.
public struct InsertShape: Hashable, Sendable {
    public enum Rows: Hashable, Sendable {
        /// `VALUES (…)`: they stand in the statement.
        case values
        /// `SELECT …`, which reads the body of the call only if it has `input(…)`.
        case select(readsBody: Bool)
        /// Nothing, `FORMAT X` or `VALUES` without rows: they are the body of the call.
        case body
    }

    public var rows: Rows
    /// The format of the body as the statement names it; nil: `FORMAT …` must be appended to a statement that takes a body.
    public var format: String?

    public init(rows: Rows, format: String? = nil) {
        self.rows = rows
        self.format = format
    }

    /// Whether the rows come with the call.
    public var takesBody: Bool {
        switch rows {
        case .values: false
        case .select(let readsBody): readsBody
        case .body: true
        }
    }
}
