public import PipeCore

extension MongoDBConfiguration {
    public static let schema = ObjectSchema(
        "ClickPipeMongoDBSource", "Collections of a MongoDB deployment.",
        fields: [
            Field(
                "uri", .text, "mongodb:// or mongodb+srv:// address. A user and password in it become credentials and are not shown.",
                .required),
            Field(
                "readPreference", .oneOf(ReadPreference.allCases.map(\.rawValue)), "Members of the replica set to read from.", .required),
        ] + DatabaseFields.tls + [
            Field("settings", .object(settingsSchema), "How to replicate.", .required),
            DatabaseFields.credentials,
        ]
            + TableMappings.fields(
                mappingSchema, removal: ["sourceDatabaseName", "sourceCollection", "targetTable", "tableEngine"]))

    private static let settingsSchema = ObjectSchema(
        "ClickPipeMongoDBPipeSettings", "How to replicate.",
        fields: [DatabaseFields.replicationMode] + DatabaseFields.pulling + [
            Field("initialLoadParallelism", .integer(1...1000), "Readers of one collection during the snapshot.", .immutable)
        ] + DatabaseFields.snapshotting + [
            DatabaseFields.deleteOnMerge,
            Field("useJsonNativeFormat", .boolean, "Store documents in JSON columns (the default) instead of text.", .immutable),
        ])

    private static let mappingSchema = ObjectSchema(
        "ClickPipeMongoDBPipeTableMapping", "A collection and its target.",
        fields: [
            Field("sourceDatabaseName", .text, "MongoDB database of the collection.", .required),
            Field("sourceCollection", .text, "Source collection.", .required),
            DatabaseFields.targetTable,
            DatabaseFields.tableEngine,
            Field("structuredIngestion", .map(.any), "Columns of their own for fields of the documents."),
        ])

    public static func completed(_ document: JSONValue, patch: JSONValue?, pipe: PipeID) -> JSONValue {
        var document = TableMappings.edited(document, patch: patch, sourceFields: Mapping.sourceFields)
        guard let text = document["uri"]?.string, let address = MongoDBAddress(text), let user = address.credentials else {
            return document
        }
        // New ones in the address replace stored ones; given at both places in one request they stay for the rules to refuse.
        let source = patch ?? document
        guard source["credentials"].map(\.isNull) ?? true else { return document }
        document["uri"] = .string(address.withoutCredentials)
        var members: [String: JSONValue] = [:]
        members["username"] = user.username.map(JSONValue.string)
        members["password"] = user.password.map(JSONValue.string)
        document["credentials"] = .object(members)
        return document
    }

    public func problems() -> [Problem] {
        var problems: [Problem] = []
        if let address = MongoDBAddress(uri) {
            // `completed` leaves them there only when `credentials` is given as well.
            if address.hasUserInformation {
                problems.append(Problem(Self.path["uri"], "must not hold a user and password when credentials are given"))
            }
        } else {
            problems.append(Problem(Self.path["uri"], "must be mongodb://host[:port][,…][/…] or mongodb+srv://host[/…]"))
        }
        if (credentials?.username == nil) != (credentials?.password == nil) {
            let missing = credentials?.username == nil ? "username" : "password"
            problems.append(Problem(Self.path["credentials"][missing], "is required: user name and password go together"))
        } else if credentials?.username == nil {
            problems.append(Problem(Self.path["credentials"], "is required, here or as user:password@ in the uri"))
        }
        for (index, mapping) in tableMappings.enumerated() {
            if let enabled = mapping.structuredIngestion?["enabled"], enabled.bool == nil {
                problems.append(
                    Problem(
                        Self.path["tableMappings"][index]["structuredIngestion"]["enabled"], "must be a boolean, not \(enabled.kindName)"))
            }
        }
        return problems + TableMappings.problems(tableMappings, at: Self.path)
    }

    public func problems(updating stored: Self, patch: JSONValue, isAtRest: Bool) -> [Problem] {
        TableMappings.problems(editing: stored.tableMappings, patch: patch, product: "MongoDB", isAtRest: isAtRest, at: Self.path)
    }
}
