/// Rows of one batch for one table.
public struct TableRows: Hashable, Sendable {
    /// Name of the target within the pipe's destination database.
    public var table: String
    /// The columns in the order of the bytes: some or all of the table's, then ``MetadataColumn/written``.
    public var columns: [String]
    /// In RowBinary. `produced` is the time of the oldest and the newest commit.
    public var rows: EncodedRows
    /// What the rows are, for metrics.
    public var events: RowEvents

    /// - Parameter events: inserts when left out.
    public init(table: String, columns: [String], rows: EncodedRows, events: RowEvents? = nil) {
        self.table = table
        self.columns = columns
        self.rows = rows
        self.events = events ?? RowEvents(inserts: rows.rowCount)
    }
}

/// Rows by what happened at the source.
public struct RowEvents: Codable, Hashable, Sendable {
    public var inserts: Int
    public var updates: Int
    public var deletes: Int

    public init(inserts: Int = 0, updates: Int = 0, deletes: Int = 0) {
        self.inserts = inserts
        self.updates = updates
        self.deletes = deletes
    }

    public mutating func add(_ other: RowEvents) {
        inserts += other.inserts
        updates += other.updates
        deletes += other.deletes
    }
}
