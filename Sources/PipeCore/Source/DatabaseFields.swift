/// The fields that database sources share.
public enum DatabaseFields {
    public static let host = Field("host", .text(length: 1...253), "Host name or address of the server.", .required)

    public static func port(_ number: Int64) -> Field {
        Field("port", .integer(1...65535), "TCP port.", default: .integer(number))
    }

    /// How the connection is protected. Empty text is refused, so that a typing error never turns a check off.
    public static let tls = [
        Field("tlsHost", .text, "Name the server's certificate must carry, where it is not the host."),
        Field("caCertificate", .pem, "Certificate authority of the server's certificate, PEM."),
        Field("disableTls", .boolean, "Connect without TLS."),
        Field("skipCertVerification", .boolean, "Accept any certificate."),
    ]

    public static let credentials = CredentialFields.password("User name and password; with IAM_ROLE the user name only.")

    public static let replicationMode = Field(
        "replicationMode", .oneOf(ReplicationMode.allCases.map(\.rawValue)),
        "`cdc`: a snapshot, then every change. `snapshot`: the snapshot only. `cdc_only`: changes only.", [.required, .immutable])

    /// The settings a PATCH may change.
    public static let pulling = [
        Field("syncIntervalSeconds", count, "Seconds between two writes of changes.", default: 60),
        Field("pullBatchSize", count, "Most changes in one write.", default: 100_000),
    ]

    public static let allowNullableColumns = Field(
        "allowNullableColumns", .boolean, "Make Nullable columns; otherwise NULL becomes the type's default.", .immutable, default: false)
    public static let initialLoadParallelism = Field(
        "initialLoadParallelism", count, "Readers of one table during the snapshot.", .immutable, default: 4)
    public static let snapshotting = [
        Field(
            "snapshotNumRowsPerPartition", .integer(1000...Int64.max), "Rows of one snapshot chunk.", .immutable, default: 100_000),
        Field("snapshotNumberOfParallelTables", count, "Tables read at the same time during the snapshot.", .immutable, default: 1),
    ]
    public static let deleteOnMerge = Field(
        "deleteOnMerge", .boolean, "Remove deleted rows when parts merge, instead of marking them.", .immutable)

    public static let targetTable = Field("targetTable", .text, "ClickHouse table; made when it does not exist.", .required)
    public static let tableEngine = Field(
        "tableEngine", .oneOf(MappedTableEngine.allCases.map(\.rawValue)),
        "Engine of the target: ReplacingMergeTree unless said otherwise.")
    /// What a mapping of a relational source may say about columns.
    public static let columnChoice = [
        Field("excludedColumns", .list(.text, unique: true), "Columns that are not replicated."),
        Field("useCustomSortingKey", .boolean, "Order the target by sortingKeys instead of the source's primary key."),
        Field("sortingKeys", .list(.text, unique: true), "Columns of ORDER BY, with useCustomSortingKey."),
    ]

    static let count = Schema.integer(1...Int64(Int32.max))

    /// A host is a bare name or address: no scheme, path, port or blank.
    public static func hostProblems(_ host: String, at path: FieldPath) -> [Problem] {
        let isBare = !host.contains { $0 == "/" || $0 == "@" || $0 == "," || $0.isWhitespace }
        // One colon is a port; more are an IPv6 address.
        let hasPort = host.count { $0 == ":" } == 1
        return isBare && !hasPort ? [] : [Problem(path["host"], "must be a host name or address alone, without scheme, path or port")]
    }
}
