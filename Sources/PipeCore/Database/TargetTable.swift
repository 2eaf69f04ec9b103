/// A table that a database pipe fills, as it should be: what a warehouse makes it from, or compares an existing one with.
public struct TargetTable: Codable, Hashable, Sendable {
    public struct Column: Codable, Hashable, Sendable {
        public var name: String
        /// ClickHouse type, `Nullable(…)` where NULL is to be kept.
        public var type: String
        /// A value, as text that ClickHouse parses into the type, for rows that were written before the column was there. Nil: the
        /// type's own default. A server that does not take it makes the column without it.
        public var defaultText: String?

        public init(_ name: String, _ type: String, defaultText: String? = nil) {
            self.name = name
            self.type = type
            self.defaultText = defaultText
        }
    }

    /// Within the pipe's destination database.
    public var name: String
    /// The columns of the source in its order; those of ``MetadataColumn`` come on top.
    public var columns: [Column]
    /// Names of columns. May be empty only for MergeTree and Null: a ReplacingMergeTree without a key would keep a single row.
    public var sortingKey: [String]
    public var engine: MappedTableEngine
    /// Expression of PARTITION BY, as the user wrote it.
    public var partitionBy: String?
    /// Make the deletion mark an argument of the ReplacingMergeTree, so that FINAL leaves deleted rows out.
    public var deletesOnMerge: Bool
    /// The table is loaded in order to take the place of another one: see ``shadow``.
    public var isShadow: Bool

    public init(
        _ name: String, columns: [Column], sortingKey: [String], engine: MappedTableEngine = .replacingMergeTree,
        partitionBy: String? = nil,
        deletesOnMerge: Bool = false
    ) {
        self.name = name
        self.columns = columns
        self.sortingKey = sortingKey
        self.engine = engine
        self.partitionBy = partitionBy
        self.deletesOnMerge = deletesOnMerge
        isShadow = false
    }

    /// The table that a resync fills while this one stays readable.
    ///
    /// The life of a shadow: `.drop(shadow: name)`, `.create(table.shadow)`, rows, `.exchange(shadow: name, target: table.name)`,
    /// `.drop(shadow: name)`. A Null table has no shadow: there is nothing to replace.
    public var shadow: TargetTable {
        var shadow = self
        shadow.name = Self.shadowName(of: name)
        shadow.isShadow = true
        return shadow
    }

    public static func shadowName(of target: String) -> String { target + "_resync" }
}
