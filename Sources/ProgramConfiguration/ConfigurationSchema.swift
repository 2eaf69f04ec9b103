public import PipeCore

extension PenstockConfiguration {
    /// Every key of `penstock.yaml`, with its default; `docs/configuration.md` is rendered from it.
    public static let schema = ObjectSchema(
        "Configuration", "The configuration file of `penstock serve`.",
        fields: [
            Field("dataDir", .text, "Folder of everything Penstock keeps: catalog, keys, embedded ClickHouse.", default: "data"),
            Field("listen", .text, "Address of the API, `HOST:PORT`; port 0 lets the system choose.", default: "127.0.0.1:8686"),
            Field("allowInsecureListen", .boolean, "Allow an address other machines can reach without TLS.", default: false),
            Field("publicURL", .text, "URL under which clients reach the API, when it is not the listening address."),
            Field("credentialsFile", .text, "File (mode 0600) that receives the first key and the URLs as JSON."),
            Field(
                "organization",
                object(
                    "OrganizationConfiguration", [Field("name", .text(length: 1...100), "Name of the organization.", default: "Penstock")]),
                "The one organization.", default: ["name": "Penstock"]),
            Field(
                "tls",
                object(
                    "TLSConfiguration",
                    [
                        Field("certificate", .text, "PEM file of the certificate chain.", .required),
                        Field("key", .text, "PEM file of the private key.", .required),
                    ]), "Serve HTTPS."),
            Field(
                "log",
                object(
                    "LogConfiguration",
                    [
                        Field(
                            "level", .oneOf(["trace", "debug", "info", "notice", "warning", "error"]), "Least severe level written.",
                            default: "info"),
                        Field(
                            "format", .oneOf(["text", "json"]), "One line of text, or one JSON object, for each message.", default: "text"),
                    ]), "The program's own log, on standard error.", default: ["level": "info", "format": "text"]),
            Field(
                "rateLimit",
                object(
                    "RateLimitConfiguration",
                    [
                        Field(
                            "requests", .integer(0...10_000_000), "Requests of one key in a window; 0 turns the limit off.", default: 6000),
                        Field("perSeconds", .integer(1...3600), "Length of the window in seconds.", default: 10),
                    ]), "Limit of API requests for each key.", default: ["requests": 6000, "perSeconds": 10]),
            Field(
                "embedded",
                object(
                    "EmbeddedConfiguration",
                    [
                        Field("enabled", .boolean, "Run a ClickHouse on this machine as a service.", default: true),
                        Field("name", .text(length: 1...50), "Name of that service.", default: "default"),
                        Field("httpPort", .integer(0...65535), "Its HTTP port on loopback; 0 chooses one and keeps it.", default: 0),
                        Field(
                            "memoryShare", .number(0.05...0.95, multipleOf: nil), "Most memory it may use, as a share of the machine's.",
                            default: 0.5),
                        Field("python", .text, "Python interpreter that can import chdb, used when no `clickhouse` is on PATH."),
                    ]), "The embedded ClickHouse.",
                default: ["enabled": true, "name": "default", "httpPort": 0, "memoryShare": 0.5]),
            Field("services", .list(.object(serviceSchema)), "ClickHouse servers or clusters of your own.", default: []),
            Field(
                "secrets",
                object(
                    "SecretsConfiguration",
                    [
                        Field(
                            "keyFile", .text,
                            "File of the key that seals secrets; made when missing. Default: `secret.key` in dataDir. PENSTOCK_SECRET_KEY (base64, 32 bytes) takes its place."
                        )
                    ]),
                "Sealing of stored credentials.", default: [:]),
            Field(
                "pipes",
                object(
                    "PipesConfiguration",
                    [
                        Field(
                            "sourcePatienceSeconds", .integer(1...604_800), "Stop a pipe whose source was unreachable this long.",
                            default: 3600),
                        Field(
                            "destinationPatienceSeconds", .integer(1...604_800), "Stop a pipe whose ClickHouse was unreachable this long.",
                            default: 3600),
                    ]), "Limits of running pipes.", default: ["sourcePatienceSeconds": 3600, "destinationPatienceSeconds": 3600]),
            Field(
                "console",
                object(
                    "ConsoleConfiguration",
                    [
                        Field("enabled", .boolean, "Serve the web console at `/`.", default: true),
                        Field("directory", .text, "Folder of its files. Default: `Console` beside the program, or in /usr/share/penstock."),
                        Field("idleMinutes", .integer(1...1440), "A session that is not used this long ends.", default: 30),
                    ]), "The web console.", default: ["enabled": true, "idleMinutes": 30]),
            Field(
                "queryEndpoints",
                object(
                    "QueryEndpointsConfiguration",
                    [
                        Field(
                            "cacheBytes", .integer(0...(1 << 40)), "Memory for cached results of query endpoints; 0 keeps none.",
                            default: 67_108_864),
                        Field(
                            "cacheEntryBytes", .integer(0...(1 << 30)),
                            "A larger result is streamed and not cached.", default: 4_194_304),
                        Field("logDays", .integer(1...3650), "Days that calls are kept in `query_endpoints_log`.", default: 30),
                        Field(
                            "allowPrivateKeySets", .boolean,
                            "Fetch the key sets of tokens (`tokens.keySetURL`) from loopback, private and link-local addresses too.",
                            default: false),
                        Field(
                            "keySetCaFile", .text,
                            "PEM file of the certificate authorities to trust for key sets, instead of the system's."),
                    ]), "Query endpoints.",
                default: ["cacheBytes": 67_108_864, "cacheEntryBytes": 4_194_304, "logDays": 30, "allowPrivateKeySets": false]),
        ])

    private static let serviceSchema = ObjectSchema(
        "ServiceConfiguration", "One ClickHouse.",
        fields: [
            Field("name", .text(length: 1...50), "Its name; decides the service id, so keep it.", .required),
            Field("url", .text, "HTTP or HTTPS address, without credentials.", .required),
            Field("user", .text, "Database user.", default: "default"),
            Field("password", .string, "Its password. Better: passwordFile, or PENSTOCK_SERVICES_<NAME>_PASSWORD."),
            Field("passwordFile", .text, "File whose first line is the password."),
            Field("caFile", .text, "PEM file of the certificate authority that signed the server's certificate."),
            Field("cluster", .text, "Cluster name for ON CLUSTER statements and cluster table functions."),
            Field(
                "queryUser", .text,
                "Database user that query endpoints run as, made by you, with roles and no rights of its own. Without it Penstock makes one."
            ),
            Field("queryPassword", .string, "Its password. Better: PENSTOCK_SERVICES_<NAME>_QUERY_PASSWORD."),
        ])

    private static func object(_ name: String, _ fields: [Field]) -> Schema { .object(ObjectSchema(name, fields: fields)) }
}
