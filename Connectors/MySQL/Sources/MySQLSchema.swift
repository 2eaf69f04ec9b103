public import PipeCore

extension MySQLConfiguration {
    public static let schema = ObjectSchema(
        "ClickPipeMySQLSource", "Tables of a MySQL or MariaDB server.",
        fields: [
            Field("type", .oneOf(Server.allCases.map(\.rawValue)), "Kind of server.", [.immutable, .emptyIsUnset], default: "mysql"),
            DatabaseFields.host,
            DatabaseFields.port(3306),
            Field(
                "authentication", .oneOf(Authentication.allCases.map(\.rawValue)), "How to authenticate.", .emptyIsUnset,
                default: "basic"),
            Field("iamRole", .text, "Role to assume, with IAM_ROLE.", .emptyIsUnset),
        ] + DatabaseFields.tls + [
            Field(
                "serverId", .integer(1...Int64(UInt32.max)),
                "Id under which the pipe registers as a replica; chosen by Penstock when absent."),
            Field("settings", .object(settingsSchema), "How to replicate.", .required),
            DatabaseFields.credentials,
        ] + TableMappings.fields(mappingSchema, removal: removal))

    private static let settingsSchema = ObjectSchema(
        "ClickPipeMySQLPipeSettings", "How to replicate.",
        fields: [DatabaseFields.replicationMode] + DatabaseFields.pulling + [
            Field(
                "replicationMechanism", .oneOf(Mechanism.allCases.map(\.rawValue)), "How a position is named: GTID unless said otherwise.",
                [.immutable, .emptyIsUnset]),
            Field("useCompression", .boolean, "Compress the connection."),
            DatabaseFields.allowNullableColumns,
            DatabaseFields.initialLoadParallelism,
        ] + DatabaseFields.snapshotting + [DatabaseFields.deleteOnMerge])

    private static let mappingSchema = ObjectSchema(
        "ClickPipeMySQLPipeTableMapping", "A table and its target.",
        fields: [
            Field("sourceSchemaName", .text, "MySQL database of the source table.", .required),
            Field("sourceTable", .text, "Source table.", .required),
            DatabaseFields.targetTable,
        ] + DatabaseFields.columnChoice + [
            DatabaseFields.tableEngine,
            Field("partitionKey", .text, "Indexed column by which the snapshot is split.", .emptyIsUnset),
            Field("partitionByExpr", .text, "PARTITION BY of the target when the pipe makes it.", .emptyIsUnset),
        ])

    private static let removal = [
        "sourceSchemaName", "sourceTable", "targetTable", "tableEngine", "partitionKey", "partitionByExpr",
    ]

    public static func completed(_ document: JSONValue, patch: JSONValue?, pipe: PipeID) -> JSONValue {
        var document = TableMappings.edited(document, patch: patch, sourceFields: Mapping.sourceFields)
        if document["serverId"]?.integer == nil { document["serverId"] = .integer(serverID(of: pipe)) }
        if patch?["authentication"] != nil, document["authentication"]?.string != Authentication.iamRole.rawValue {
            document.dropStale(["iamRole"], patch: patch)
        }
        return document
    }

    /// A replica id that is the same at every start and in the upper half of the range, where people rarely number servers.
    static func serverID(of pipe: PipeID) -> Int64 {
        // FNV-1a: Swift's own hashes differ from process to process.
        let hash = pipe.rawValue.utf8.reduce(2_166_136_261 as UInt32) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return Int64(hash | 0x8000_0000)
    }

    public func problems() -> [Problem] {
        var problems = DatabaseFields.hostProblems(host, at: Self.path)
        problems += PasswordCredentials.problems(
            credentials, usesRole: authentication == .iamRole, iamRole: iamRole, at: Self.path)
        if [.mariadb, .rdsmariadb].contains(type), settings.replicationMechanism == .filePosition {
            problems.append(Problem(Self.path["settings"]["replicationMechanism"], "must be GTID for MariaDB"))
        }
        return problems + TableMappings.problems(tableMappings, at: Self.path)
    }

    public func problems(updating stored: Self, patch: JSONValue, isAtRest: Bool) -> [Problem] {
        TableMappings.problems(editing: stored.tableMappings, patch: patch, product: "MySQL", isAtRest: isAtRest, at: Self.path)
    }
}
