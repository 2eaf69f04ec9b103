internal import PipeCore

/// Shapes of saved queries and query endpoints. What ClickHouse Cloud does not have is marked in its summary with (Penstock).
enum QuerySchemas {
    /// In characters.
    static let longestSQL = 4_194_304

    private static let id = Field("id", .uuid, "Id.", .readOnly)
    private static let createdAt = Field("createdAt", .dateTime, "When it was made (Penstock).", .readOnly)
    private static let updatedAt = Field("updatedAt", .dateTime, "When it was last changed (Penstock).", .readOnly)
    private static let name = Field("name", .name(length: 1...255), "Name.", .required)
    private static let sql = Field("sql", .text(length: 1...longestSQL), "One statement with `{name:Type}` parameters.", .required)
    private static let database = Field("database", .name(length: 1...255), "Database of unqualified table names.", .required)
    private static let parameters = Field(
        "parameters", .map(.string), "Values of parameters that a call leaves out, by name, as they would stand in a URL.", default: [:])

    // MARK: Saved queries

    static let savedQuery = ObjectSchema(
        "SavedQuery", "A query saved under a name.",
        fields: [
            id, Field(name.name, name.schema, "Name, unique within the service.", .required), sql, database, parameters, createdAt,
            updatedAt,
        ])

    static let savedQueryItem = ObjectSchema("SavedQueryListItem", "A saved query without its SQL.", fields: [id, name, database])

    // MARK: Endpoints

    static let limits = ObjectSchema(
        "QueryApiEndpointLimits", "Bounds of every call; what is left out has no bound but the server's own.",
        fields: [
            Field("executionMilliseconds", .integer(1...86_400_000), "Longest run; also the most `request_timeout` may ask for."),
            Field("resultRows", .integer(1...Int64.max), "Most rows of an answer."),
            Field("resultBytes", .integer(1...Int64.max), "Most bytes of an answer."),
            Field("bodyBytes", .integer(1...Int64.max), "Longest body streamed into an INSERT."),
            Field("concurrency", .integer(1...100_000), "Calls at the same time."),
            Field("requestsPerMinute", .integer(1...10_000_000), "Calls in a minute, of all keys."),
            Field("requestsPerMinuteAndKey", .integer(1...10_000_000), "Calls in a minute, of each key."),
            Field(
                "settings", .list(.text(length: 1...100), unique: true),
                "ClickHouse settings that callers may set besides those always allowed.", default: []),
        ])

    static let tokens = ObjectSchema(
        "QueryApiEndpointTokens", "Whose JSON Web Tokens are accepted instead of an API key.",
        fields: [
            Field("algorithm", .oneOf(["HS256", "RS256", "ES256"]), "The only algorithm accepted.", .required),
            Field(
                "secret", .text, "HS256: the shared secret, at least 32 bytes. Never shown; when left out the stored one stays.", .secret),
            Field("publicKey", .pem, "RS256, ES256: the public key as PEM text."),
            Field("keySetURL", .text(length: 1...2048), "RS256, ES256: https address of a JSON Web Key Set."),
            Field("issuer", .text(length: 1...2048), "What `iss` must be."),
            Field("audience", .text(length: 1...2048), "What `aud` must hold."),
            Field(
                "fixedParameters", .map(.text(length: 1...255)),
                "Parameters that come from the token and that a caller cannot set: claim name by parameter name.", default: [:]),
        ])

    private static let apiKeyIDs = Field(
        "apiKeyIds", .list(.uuid, count: 1...1000, unique: true), "Resource ids of the keys that may call.", .required)
    private static let roles = Field(
        "roles", .list(.name(length: 1...255), count: 1...100, unique: true),
        "Database roles of every run: `sql_console_read_only` (Read only), `sql_console_admin` (Full access) or your own.", .required)
    private static let allowedOrigins = Field(
        "allowedOrigins", .list(.name(length: 1...1024), count: 0...1000),
        "Origins or domains whose pages may call; `*`: all. Empty: no browser of another origin.", default: [])

    /// Fields that a request may leave out to keep what is stored, and set to null to reset.
    static let extensions: [Field] = [
        Field("format", .text(length: 1...100), "Output format of calls that name none; `JSON` when left out (Penstock)."),
        Field("cacheSeconds", .integer(1...86_400), "How long a result may be served again; left out: never (Penstock)."),
        Field("limits", .object(limits), "Bounds of every call (Penstock)."),
        Field("tokens", .object(tokens), "Whose JSON Web Tokens are accepted instead of an API key (Penstock)."),
        Field("answerVersion", .integer(1...2), "Form of answers to calls that name none: 1 wrapped, 2 raw (Penstock)."),
        Field("savedQueryId", .uuid, "The saved query it was made of, which need not be there any more (Penstock)."),
    ]

    private static let url = Field("url", .string, "Where it is called.", .readOnly)
    private static let ownerType = Field("ownerType", .oneOf(["user", "queryApiEndpoint"]), "How it came to be.", .readOnly)
    private static let version = Field("version", .integer(1...Int64.max), "Number of the version that runs (Penstock).", .readOnly)
    private static let keptVersion = Field(
        "keptVersion", .integer(1...Int64.max), "Number of the version that `publish: false` kept (Penstock).", .readOnly)

    static let endpoint = ObjectSchema(
        "QueryApiEndpoint", "A query that is served over HTTP.",
        fields: [
            id, url, ownerType, name, sql, database, apiKeyIDs, roles, parameters, allowedOrigins,
            version, keptVersion, createdAt, updatedAt,
        ] + extensions)

    static let endpointItem = ObjectSchema(
        "QueryApiEndpointListItem", "An endpoint without its SQL and parameters.",
        fields: endpoint.fields.filter { !["sql", "parameters", "keptVersion"].contains($0.name) })

    static let endpointCreate = ObjectSchema("QueryApiEndpointPostRequest", "A new endpoint.", fields: endpoint.fields)

    static let endpointReplace = ObjectSchema(
        "QueryApiEndpointPutRequest",
        "A whole endpoint. `parameters` and `allowedOrigins` that are left out become empty; fields marked (Penstock) stay, null resets.",
        fields: endpoint.fields + [
            Field(
                "publish", .boolean,
                "False keeps a changed query as an unpublished version; everything else takes effect at once (Penstock).", default: true)
        ])

    // MARK: Versions

    private static let number = Field("number", .integer(1...Int64.max), "Number, from 1.")
    private static let published = Field("published", .boolean, "Whether it is the one that runs.")
    private static let author = Field("author", .string, "Resource id of the key that made it.")

    static let endpointVersion = ObjectSchema(
        "QueryApiEndpointVersion", "One state of an endpoint's query.",
        fields: [
            number, published, Field("createdAt", .dateTime, "When it was made."), author,
            Field("authorName", .string, "Name of that key, where it still exists."), sql, database, parameters,
        ] + extensions.filter { ["format", "cacheSeconds"].contains($0.name) })

    // MARK: The endpoint of a service

    private static let openAPIKeys = Field(
        "openApiKeys", .list(.uuid, count: 0...1000, unique: true), "Resource ids of the keys that may run SQL.", .required)
    private static let originList = Field(
        "allowedOrigins", .string, "Origins or domains whose pages may call, separated by commas; `*`: all.", default: "")

    static let serviceEndpoint = ObjectSchema(
        "ServiceQueryAPIEndpoint", "Who may run any SQL on a service.", fields: [id, roles, openAPIKeys, originList])

    static let serviceEndpointRequest = ObjectSchema(
        "InstanceServiceQueryApiEndpointsPostRequest", "Who may run any SQL on a service; replaces what there was.",
        fields: [roles, openAPIKeys, originList])
}
