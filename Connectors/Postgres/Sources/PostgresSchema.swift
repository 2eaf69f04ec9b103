public import PipeCore

extension PostgresConfiguration {
    public static let schema = ObjectSchema(
        "ClickPipePostgresSource", "Tables of a Postgres database.",
        fields: [
            Field("type", .oneOf(Server.allCases.map(\.rawValue)), "Kind of server.", [.immutable, .emptyIsUnset], default: "postgres"),
            DatabaseFields.host,
            DatabaseFields.port(5432),
            Field("database", .text, "Database to replicate from.", .required),
            Field(
                "authentication", .oneOf(Authentication.allCases.map(\.rawValue)), "How to authenticate.", [.immutable, .emptyIsUnset],
                default: "basic"),
            Field("iamRole", .text, "Role to assume, with IAM_ROLE.", [.immutable, .emptyIsUnset]),
        ] + DatabaseFields.tls + [
            Field("settings", .object(settingsSchema), "How to replicate.", .required),
            DatabaseFields.credentials,
        ] + TableMappings.fields(mappingSchema, removal: removal))

    private static let settingsSchema = ObjectSchema(
        "ClickPipePostgresPipeSettings", "How to replicate.",
        fields: [DatabaseFields.replicationMode] + DatabaseFields.pulling + [
            Field("publicationName", .text, "Publication to read; made by the pipe when absent.", [.immutable, .emptyIsUnset]),
            Field("replicationSlotName", .text, "Slot to read, only with cdc_only.", [.immutable, .emptyIsUnset]),
            DatabaseFields.allowNullableColumns,
            DatabaseFields.initialLoadParallelism,
        ] + DatabaseFields.snapshotting + [
            Field("enableFailoverSlots", .boolean, "Make a failover slot (Postgres 17).", .immutable),
            DatabaseFields.deleteOnMerge, schemaChangesField,
        ])

    private static let mappingSchema = ObjectSchema(
        "ClickPipePostgresPipeTableMapping", "A table and its target.",
        fields: [
            Field("sourceSchemaName", .text, "Schema of the source table.", .required),
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
        TableMappings.edited(document, patch: patch, sourceFields: Mapping.sourceFields)
    }

    public func problems() -> [Problem] {
        var problems = DatabaseFields.hostProblems(host, at: Self.path)
        problems += PasswordCredentials.problems(
            credentials, usesRole: authentication == .iamRole, iamRole: iamRole, at: Self.path)
        if authentication == .iamRole, disableTls == true {
            problems.append(
                Problem(Self.path["disableTls"], "cannot be true with authentication IAM_ROLE, whose passwords are sent as they are"))
        }
        let settings = Self.path["settings"]
        if self.settings.replicationSlotName != nil {
            if self.settings.replicationMode != .changesOnly {
                problems.append(Problem(settings["replicationSlotName"], "is only for replicationMode cdc_only"))
            }
            if self.settings.enableFailoverSlots == true {
                problems.append(
                    Problem(settings["enableFailoverSlots"], "is only for a slot that the pipe makes; leave out replicationSlotName"))
            }
        }
        return problems + TableMappings.problems(tableMappings, at: Self.path)
    }

    public func problems(updating stored: Self, patch: JSONValue, isAtRest: Bool) -> [Problem] {
        TableMappings.problems(editing: stored.tableMappings, patch: patch, product: "Postgres", isAtRest: isAtRest, at: Self.path)
    }
}
