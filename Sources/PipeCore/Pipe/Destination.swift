/// Where rows go. For database pipes only `database` (and `roles`) is set.
public struct Destination: Codable, Hashable, Sendable {
    public var database: String
    public var table: String?
    public var managedTable: Bool?
    public var tableDefinition: TableDefinition?
    public var columns: [Column]?
    public var roles: [String]?

    /// Where a database pipe writes.
    public init(database: String) { self.database = database }

    public struct Column: Codable, Hashable, Sendable {
        public var name: String
        /// A ClickHouse type name, such as `Array(Nullable(String))`.
        public var type: String
        public init(name: String, type: String) {
            self.name = name
            self.type = type
        }
    }

    public struct TableDefinition: Codable, Hashable, Sendable {
        public struct Engine: Codable, Hashable, Sendable {
            public var type: String
            /// ReplacingMergeTree only.
            public var versionColumnId: String?
            /// SummingMergeTree only.
            public var columnIds: [String]?
        }
        public var engine: Engine
        public var sortingKey: [String]?
        /// SQL expression.
        public var partitionBy: String?
        /// SQL expression.
        public var primaryKey: String?
    }

    /// The engines a managed table can have.
    public static let engines = ["MergeTree", "ReplacingMergeTree", "SummingMergeTree", "Null"]

    public static let schema = ObjectSchema(
        "ClickPipeDestination", "The ClickHouse table, or for database sources the database, that receives the rows.",
        fields: [
            Field("database", .text, "Target database.", .immutable, default: "default"),
            Field("table", .text, "Target table; required for every source that is not a database.", .immutable),
            Field(
                "managedTable", .boolean, "Whether Penstock creates the table; required for every source that is not a database.",
                .immutable),
            Field("tableDefinition", .object(tableDefinitionSchema), "Engine and keys of a managed table.", .immutable),
            Field(
                "columns",
                .list(
                    .object(
                        ObjectSchema(
                            "ClickPipeDestinationColumn",
                            fields: [Field("name", .text, "Column name.", .required), Field("type", .text, "ClickHouse type.", .required)]))
                ),
                "Columns that receive data. A PATCH changes what the pipe writes, never the table."),
            Field("roles", .list(.text), "Roles for the pipe's database user. Taken on create, never returned.", [.immutable, .secret]),
        ])

    private static let tableDefinitionSchema = ObjectSchema(
        "ClickPipeDestinationTableDefinition", "How a managed table is made.",
        fields: [
            Field(
                "engine",
                .object(
                    ObjectSchema(
                        "ClickPipeDestinationTableEngine",
                        fields: [
                            Field("type", .oneOf(engines + engines.map { "\($0)()" }), "Table engine.", .required),
                            Field("versionColumnId", .text, "Version column of a ReplacingMergeTree."),
                            Field("columnIds", .list(.text, count: 1...1000), "Summed columns of a SummingMergeTree."),
                        ])), "Engine.", .required),
            Field("sortingKey", .list(.text), "Columns of ORDER BY; none means ORDER BY tuple()."),
            Field("partitionBy", .text, "Expression of PARTITION BY."),
            Field("primaryKey", .text, "Expression of PRIMARY KEY."),
        ])

    /// The rules of the contract that a schema cannot say. `isDatabasePipe` chooses between the two shapes.
    public func problems(isDatabasePipe: Bool) -> [Problem] {
        var problems: [Problem] = []
        func add(_ field: String, _ message: String) { problems.append(Problem("destination.\(field)", message)) }
        for role in roles ?? [] where ["clickpipes", "clickpipes_system"].contains(role) {
            add("roles", "must not name the reserved role '\(role)'")
        }
        if isDatabasePipe {
            if table != nil { add("table", "is not allowed for a database source: each table mapping names its own target") }
            if managedTable != nil { add("managedTable", "is not allowed for a database source") }
            if tableDefinition != nil { add("tableDefinition", "is not allowed for a database source") }
            if columns != nil { add("columns", "is not allowed for a database source") }
            return problems
        }
        if table == nil { add("table", "is required") }
        if managedTable == nil { add("managedTable", "is required") }
        guard let columns, !columns.isEmpty else {
            add("columns", "must list at least one column")
            return problems
        }
        var seen: Set<String> = []
        for (index, column) in columns.enumerated() where !seen.insert(column.name).inserted {
            add("columns[\(index)].name", "'\(column.name)' is listed twice")
        }
        guard managedTable == true else { return problems }
        guard let definition = tableDefinition else {
            add("tableDefinition", "is required when managedTable is true")
            return problems
        }
        let keys = definition.sortingKey ?? []
        for (index, key) in keys.enumerated() where !seen.contains(key) && !key.contains("(") {
            add("tableDefinition.sortingKey[\(index)]", "'\(key)' is not one of destination.columns")
        }
        let engine = definition.engine
        if engine.type == "ReplacingMergeTree" {
            if engine.versionColumnId == nil { add("tableDefinition.engine.versionColumnId", "is required for ReplacingMergeTree") }
            if keys.isEmpty { add("tableDefinition.sortingKey", "must not be empty for ReplacingMergeTree") }
        } else if engine.versionColumnId != nil {
            add("tableDefinition.engine.versionColumnId", "is only for ReplacingMergeTree")
        }
        if let version = engine.versionColumnId, !seen.contains(version) {
            add("tableDefinition.engine.versionColumnId", "'\(version)' is not one of destination.columns")
        }
        if engine.columnIds != nil, engine.type != "SummingMergeTree" {
            add("tableDefinition.engine.columnIds", "is only for SummingMergeTree")
        }
        for (index, column) in (engine.columnIds ?? []).enumerated() where !seen.contains(column) {
            add("tableDefinition.engine.columnIds[\(index)]", "'\(column)' is not one of destination.columns")
        }
        return problems
    }
}
