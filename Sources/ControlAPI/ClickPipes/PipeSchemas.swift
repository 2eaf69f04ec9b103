package import PipeCore

/// The shapes of the pipe resource in requests and responses, made from the sources of this build.
package struct PipeSchemas: Sendable {
    package let create: ObjectSchema
    package let patch: ObjectSchema
    package let pipe: ObjectSchema

    package static let name = Schema.name(length: 1...255)

    package init(_ sources: SourceCatalog) {
        let arms = sources.kinds.map { Field($0.kind, .object($0.schema), "A \($0.kind) source.") }
        let samples = Field("validateSamples", .boolean, "Read samples too before storing the pipe, not only test the connection.")
        let source = ObjectSchema("ClickPipePostSource", "Where rows come from: exactly one source.", fields: arms + [samples])
        let mappings = Field(
            "fieldMappings", .list(.object(FieldMapping.schema)),
            "Which source field goes into which column; without them every column is read from the field of its own name.")
        let settings = Field("settings", .object(Self.settings), "Ingestion settings; what is left out has its default.")
        let scaling = Field("scaling", .object(PipeScaling.schema), "Size; not for database pipes.")
        create = ObjectSchema(
            "ClickPipePostRequest", "A new pipe.",
            fields: [
                Field("name", Self.name, "Name of the pipe.", .required),
                Field("source", .object(source), "Where rows come from.", .required),
                Field("destination", .object(Destination.schema), "Where rows go.", .required),
                mappings, scaling, settings,
                Field("startPaused", .boolean, "Store the pipe without starting it."),
            ])
        patch = ObjectSchema(
            "ClickPipePatchRequest", "Changes of a pipe; what is left out stays.",
            fields: [
                Field("name", Self.name, "Name of the pipe."),
                Field(
                    "source",
                    .object(
                        ObjectSchema(
                            "ClickPipePatchSource", "Changes of the source; the kind stays. Immutable fields may be repeated, not changed.",
                            fields: arms + [samples])), "Changes of the source."),
                Field("destination", .object(Destination.schema), "Only `columns` can change."), mappings, settings,
            ])
        pipe = ObjectSchema(
            "ClickPipe", "A pipe and its state.",
            fields: [
                Field("id", .uuid, "Id of the pipe."),
                Field("serviceId", .uuid, "Service the pipe writes to."),
                Field("name", Self.name, "Name of the pipe."),
                Field("state", .oneOf(PipeState.allCases.map(\.rawValue)), "State of the pipe."),
                Field("stateMessage", .string, "What the pipe waits for or why it failed. Not in ClickHouse Cloud."),
                Field("source", .object(ObjectSchema("ClickPipeSource", "Where rows come from.", fields: arms)), "Where rows come from."),
                Field("destination", .object(Destination.schema), "Where rows go."),
                mappings, scaling, settings,
                Field("createdAt", .dateTime, "When the pipe was created."),
                Field("updatedAt", .dateTime, "When the pipe was last changed."),
            ])
    }

    package static let settings = ObjectSchema(
        "ClickPipeSettings", "Ingestion settings of a pipe.", fields: PipeSettings.keys.map { Field($0.name, $0.schema, $0.summary) })

    package static let scalingPatch = ObjectSchema(
        "ClickPipeScalingPatchRequest", "Changes of a pipe's size; what is left out or null stays.",
        fields: PipeScaling.schema.fields.map { Field($0.name, $0.schema, $0.summary) })

    package static let state = ObjectSchema(
        "ClickPipeStatePatchRequest", "What the pipe should do.",
        fields: [
            Field("command", .oneOf(PipeCommand.names), "What to do."),
            Field("action", .oneOf(PipeCommand.names), "The same under the name some documentation uses."),
            Field(
                "tables", resyncTables,
                "With resync: targets of the table mappings to load anew; all of them when absent. Not in ClickHouse Cloud."),
        ])

    package static let resyncTables = Schema.list(.text, count: 1...100_000, unique: true)

    package static let table = ObjectSchema(
        "ClickPipeTable", "A mapped table of a database pipe. Not in ClickHouse Cloud.",
        fields: [
            Field("targetTable", .string, "Table in ClickHouse; names the table within its pipe."),
            Field("source", .string, "Table at the source."),
            Field(
                "state", .oneOf(TableProgress.State.allCases.map(\.rawValue)),
                "What the table is in. A Failed one waits for somebody to act while the others go on."),
            Field("message", .string, "What it waits for, or why it failed."),
            Field("snapshotRows", .integer(0...Int64.max), "Rows copied."),
            Field("snapshotRowsTotal", .integer(0...Int64.max), "Rows to copy, an estimate; absent while unknown."),
            Field("snapshotChunks", .integer(0...Int64.max), "Chunks copied."),
            Field("snapshotChunksTotal", .integer(0...Int64.max), "Chunks to copy; absent while unknown."),
            Field("inserts", .integer(0...Int64.max), "Rows written, the copied ones included."),
            Field("updates", .integer(0...Int64.max), "Updates written."),
            Field("deletes", .integer(0...Int64.max), "Deletions written."),
            Field(
                "lagMs", .integer(0...Int64.max),
                "Milliseconds from the commit of the oldest row of the newest write until it was written; absent before the first."),
            Field(
                "schemaChanges",
                .list(
                    .object(
                        ObjectSchema(
                            "ClickPipeTableSchemaChange", "A change of the source table.",
                            fields: [
                                Field("time", .dateTime, "When it was seen."),
                                Field("change", .string, "What changed, and what was done about it."),
                            ]))), "The last changes of the source table, newest first; absent when none was seen."),
            Field("updatedAt", .dateTime, "When any of this last changed; absent before the pipe has run."),
        ])

    package static let file = ObjectSchema(
        "ClickPipeFile", "A file that a pipe has dealt with. Not in ClickHouse Cloud.",
        fields: [
            Field("key", .string, "Key of the object after the bucket."),
            Field("size", .integer, "Bytes as stored."),
            Field("etag", .string, "ETag at the time of loading."),
            Field("lastModified", .dateTime, "When the object was last modified."),
            Field("outcome", .oneOf(["ingested", "rejected"]), "What became of it."),
            Field("reason", .string, "Why it was rejected."),
        ])
}
