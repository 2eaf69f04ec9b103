/// What is known of a table of a database pipe, also while the pipe rests.
public struct TableStatus: Codable, Hashable, Sendable {
    /// The mapped target; names the table within its pipe.
    public var target: String
    /// As the source last said; nil before it did.
    public var progress: TableProgress?
    /// Rows written since the table was mapped or last loaded anew, those of the snapshot among the inserts. A batch that is repeated
    /// after a crash may count twice.
    public var written: RowEvents
    /// Milliseconds from the commit of the oldest row of the newest write until it was written; nil where the source does not say.
    public var lag: Int64?
    /// Changes of the source table, oldest first; the last ``SchemaEvent/kept`` of them.
    public var schemaEvents: [SchemaEvent]
    /// Milliseconds since 1970.
    public var updatedAt: Int64

    public init(
        target: String, progress: TableProgress? = nil, written: RowEvents = RowEvents(), lag: Int64? = nil,
        schemaEvents: [SchemaEvent] = [],
        updatedAt: Int64
    ) {
        self.target = target
        self.progress = progress
        self.written = written
        self.lag = lag
        self.schemaEvents = schemaEvents
        self.updatedAt = updatedAt
    }

    public mutating func add(_ report: TableReport) {
        progress = report.progress ?? progress
        written.add(report.written)
        lag = report.lag ?? lag
        schemaEvents = Array((schemaEvents + report.schemaEvents).suffix(SchemaEvent.kept))
        updatedAt = report.time
    }
}

/// What has become known of a table since the last report.
public struct TableReport: Hashable, Sendable {
    public var target: String
    /// Nil: as it was.
    public var progress: TableProgress?
    /// To be added.
    public var written: RowEvents
    /// Nil: as it was.
    public var lag: Int64?
    /// To be added, oldest first.
    public var schemaEvents: [SchemaEvent]
    /// Milliseconds since 1970.
    public var time: Int64

    public init(
        target: String, progress: TableProgress? = nil, written: RowEvents = RowEvents(), lag: Int64? = nil,
        schemaEvents: [SchemaEvent] = [],
        time: Int64 = 0
    ) {
        self.target = target
        self.progress = progress
        self.written = written
        self.lag = lag
        self.schemaEvents = schemaEvents
        self.time = time
    }
}
