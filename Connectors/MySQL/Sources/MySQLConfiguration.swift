public import PipeCore

/// Tables of a MySQL or MariaDB server: the `mysql` arm of a pipe's source.
public struct MySQLConfiguration: SourceConfiguration, Confidential {
    public enum Server: String, Codable, Hashable, Sendable, CaseIterable {
        case mysql, rdsmysql, auroramysql, mariadb, rdsmariadb
        /// Not in the published document; official clients of 2026 know them.
        case planetscalevitess, cloudsqlmysql
    }

    public enum Authentication: String, Codable, Hashable, Sendable, CaseIterable {
        case basic
        case iamRole = "IAM_ROLE"
    }

    public enum Mechanism: String, Codable, Hashable, Sendable, CaseIterable {
        case gtid = "GTID"
        case filePosition = "FILE_POS"
    }

    public struct Settings: Codable, Hashable, Sendable {
        public var syncIntervalSeconds: Int?
        public var pullBatchSize: Int?
        public var replicationMode: ReplicationMode
        /// GTID when absent.
        public var replicationMechanism: Mechanism?
        public var useCompression: Bool?
        public var allowNullableColumns: Bool?
        public var initialLoadParallelism: Int?
        public var snapshotNumRowsPerPartition: Int?
        public var snapshotNumberOfParallelTables: Int?
        public var deleteOnMerge: Bool?
    }

    public struct Mapping: TableMapping {
        public static let sourceFields = ["sourceSchemaName", "sourceTable"]
        /// A MySQL database.
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
    public var authentication: Authentication
    public var iamRole: String?
    public var tlsHost: String?
    /// PEM.
    public var caCertificate: String?
    public var disableTls: Bool?
    public var skipCertVerification: Bool?
    /// The id under which the pipe registers as a replica.
    public var serverId: UInt32
    public var settings: Settings
    public var tableMappings: [Mapping]
    public var credentials: PasswordCredentials?

    public static let kind = "mysql"
    public static let family = PipeFamily.database
    public var label: String { type.rawValue }
}
