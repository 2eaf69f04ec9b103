public import PipeCore

/// Collections of a MongoDB deployment: the `mongodb` arm of a pipe's source.
public struct MongoDBConfiguration: SourceConfiguration, Confidential {
    public enum ReadPreference: String, Codable, Hashable, Sendable, CaseIterable {
        case primary, primaryPreferred, secondary, secondaryPreferred, nearest
    }

    public struct Settings: Codable, Hashable, Sendable {
        public var syncIntervalSeconds: Int?
        public var pullBatchSize: Int?
        public var replicationMode: ReplicationMode
        public var initialLoadParallelism: Int?
        public var snapshotNumRowsPerPartition: Int?
        public var snapshotNumberOfParallelTables: Int?
        public var deleteOnMerge: Bool?
        /// Store documents in JSON columns; true when absent. Otherwise they are text.
        public var useJsonNativeFormat: Bool?
    }

    public struct Mapping: TableMapping {
        public static let sourceFields = ["sourceDatabaseName", "sourceCollection"]
        public var sourceDatabaseName: String
        public var sourceCollection: String
        public var targetTable: String
        /// ReplacingMergeTree when absent.
        public var tableEngine: MappedTableEngine?
        /// Columns of their own for fields of the documents, as newer official clients describe them.
        public var structuredIngestion: [String: JSONValue]?
    }

    /// `mongodb://` or `mongodb+srv://`; a user and password in it are moved to `credentials` before it is stored.
    public var uri: String
    public var readPreference: ReadPreference
    public var tlsHost: String?
    /// PEM.
    public var caCertificate: String?
    public var disableTls: Bool?
    public var skipCertVerification: Bool?
    public var settings: Settings
    public var tableMappings: [Mapping]
    public var credentials: PasswordCredentials?

    public static let kind = "mongodb"
    public static let family = PipeFamily.database
}
