public import PipeCore

/// Tables of a Postgres database: the `postgres` arm of a pipe's source.
public struct PostgresConfiguration: SourceConfiguration, Confidential {
    public enum Server: String, Codable, Hashable, Sendable, CaseIterable {
        case postgres, supabase, neon, alloydb, planetscale, rdspostgres, aurorapostgres, cloudsqlpostgres, azurepostgres
        case crunchybridge, tigerdata
    }

    public enum Authentication: String, Codable, Hashable, Sendable, CaseIterable {
        case basic
        case iamRole = "IAM_ROLE"
    }

    public struct Settings: Codable, Hashable, Sendable {
        public var syncIntervalSeconds: Int?
        public var pullBatchSize: Int?
        /// Made by the pipe when absent, and then not shown.
        public var publicationName: String?
        public var replicationMode: ReplicationMode
        public var replicationSlotName: String?
        public var allowNullableColumns: Bool?
        public var initialLoadParallelism: Int?
        public var snapshotNumRowsPerPartition: Int?
        public var snapshotNumberOfParallelTables: Int?
        public var enableFailoverSlots: Bool?
        public var deleteOnMerge: Bool?
        public var schemaChanges: SchemaChanges?
    }

    public struct Mapping: TableMapping {
        public static let sourceFields = ["sourceSchemaName", "sourceTable"]
        public var sourceSchemaName: String
        public var sourceTable: String
        public var targetTable: String
        public var excludedColumns: [String]?
        public var useCustomSortingKey: Bool?
        public var sortingKeys: [String]?
        /// ReplacingMergeTree when absent.
        public var tableEngine: MappedTableEngine?
        public var partitionKey: String?
        public var partitionByExpr: String?
    }

    public var type: Server
    public var host: String
    public var port: Int
    public var database: String
    public var authentication: Authentication
    public var iamRole: String?
    public var tlsHost: String?
    /// PEM.
    public var caCertificate: String?
    public var disableTls: Bool?
    public var skipCertVerification: Bool?
    public var settings: Settings
    public var tableMappings: [Mapping]
    public var credentials: PasswordCredentials?

    public static let kind = "postgres"
    public static let family = PipeFamily.database
    public var label: String { type.rawValue }
}
