internal import PipeCore

/// What may stand in the front matter of an endpoint's file. Unknown names are errors.
enum EndpointFileSchema {
    static let readOnlyRole = "sql_console_read_only"
    static let textMaps: Set<FieldPath> = [FieldPath("parameters"), FieldPath("tokens.fixedParameters")]

    static let settings = ObjectSchema(
        "EndpointFile",
        fields: [
            Field("name", .name(length: 1...255), "Name of the endpoint. Default: the file's name without its ending."),
            Field("id", .uuid, "Id of an existing endpoint, to rename it."),
            Field("database", .name(length: 1...255), "Database of unqualified table names.", default: "default"),
            Field(
                "roles", .list(.name(length: 1...255), count: 1...100, unique: true), "Database roles of every run.",
                default: .array([.string(readOnlyRole)])),
            Field("apiKeys", .list(.text, count: 1...1000, unique: true), "Names or ids of the keys that may call.", .required),
            Field("allowedOrigins", .list(.name(length: 1...1024), count: 0...1000), "Pages that may call; `*`: all.", default: []),
            Field("parameters", .map(.string), "Values of parameters that a call leaves out.", default: [:]),
            Field("format", .text(length: 1...100), "Output format of calls that name none."),
            Field("cacheSeconds", .integer(1...86_400), "How long a result may be served again."),
            Field("limits", .object(limits), "Bounds of every call."),
            Field("tokens", .object(tokens), "Whose JSON Web Tokens are accepted."),
            Field("answerVersion", .integer(1...2), "Form of answers to calls that name none.", default: 2),
        ])

    private static let limits = ObjectSchema(
        "EndpointFileLimits",
        fields: [
            Field("executionMilliseconds", .integer(1...86_400_000)), Field("resultRows", .integer(1...Int64.max)),
            Field("resultBytes", .integer(1...Int64.max)), Field("bodyBytes", .integer(1...Int64.max)),
            Field("concurrency", .integer(1...100_000)), Field("requestsPerMinute", .integer(1...10_000_000)),
            Field("requestsPerMinuteAndKey", .integer(1...10_000_000)),
            Field("settings", .list(.text(length: 1...100), unique: true), default: []),
        ])

    private static let tokens = ObjectSchema(
        "EndpointFileTokens",
        fields: [
            Field("algorithm", .oneOf(["HS256", "RS256", "ES256"]), .required), Field("secret", .string), Field("publicKey", .pem),
            Field("keySetURL", .text(length: 1...2048)), Field("issuer", .text(length: 1...2048)),
            Field("audience", .text(length: 1...2048)),
            Field("fixedParameters", .map(.text(length: 1...255)), default: [:]),
        ])
}

extension Field {
    fileprivate init(_ name: String, _ schema: Schema, _ traits: Traits) { self.init(name, schema, "", traits) }
    fileprivate init(_ name: String, _ schema: Schema, default defaultValue: JSONValue) {
        self.init(name, schema, "", [], default: defaultValue)
    }
}
