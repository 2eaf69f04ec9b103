public import PipeCore

/// Tables of Google BigQuery: the `bigquery` arm of a pipe's source. Nothing of it can be changed later.
public struct BigQueryConfiguration: SourceConfiguration, Confidential {
    public enum Authentication: String, Codable, Hashable, Sendable, CaseIterable {
        case serviceAccount = "SERVICE_ACCOUNT"
        case workloadIdentity = "SERVICE_ACCOUNT_WORKLOAD_IDENTITY"
    }

    /// How changes are found, with the modes cdc and cdc_only.
    public enum ReplicationMethod: String, Codable, Hashable, Sendable, CaseIterable {
        case queryBased = "query_based"
        case eventsBased = "events_based"
    }

    /// BigQuery's table function for changes.
    public enum EventsFunction: String, Codable, Hashable, Sendable, CaseIterable { case appends, changes }

    /// Everything but the snapshot is not in the published document; official clients of 2026 send it.
    public struct Settings: Codable, Hashable, Sendable {
        public var replicationMode: ReplicationMode
        public var replicationMethod: ReplicationMethod?
        public var syncIntervalSeconds: Int?
        public var syncCron: String?
        public var queryCdcPullSyncParallelism: Int?
        public var syncDelaySeconds: Int?
        public var pullWindowSizeSeconds: Int?
        public var allowNullableColumns: Bool?
        public var initialLoadParallelism: Int?
        public var snapshotNumRowsPerPartition: Int?
        public var snapshotNumberOfParallelTables: Int?
    }

    public struct Mapping: TableMapping {
        public static let sourceFields = ["sourceDatasetName", "sourceTable"]
        public var sourceDatasetName: String
        public var sourceTable: String
        public var targetTable: String
        public var excludedColumns: [String]?
        public var useCustomSortingKey: Bool?
        public var sortingKeys: [String]?
        /// ReplacingMergeTree when absent.
        public var tableEngine: MappedTableEngine?
        public var queryCdcWatermarkColumn: String?
        public var eventsFunction: EventsFunction?
    }

    /// SERVICE_ACCOUNT when absent.
    public var authentication: Authentication?
    /// The service account's own project when absent.
    public var projectId: String?
    /// `gs://bucket/path`: where BigQuery exports to.
    public var snapshotStagingPath: String
    public var settings: Settings
    public var tableMappings: [Mapping]
    public var credentials: ServiceAccount?

    public static let kind = "bigquery"
    public static let family = PipeFamily.database
}
