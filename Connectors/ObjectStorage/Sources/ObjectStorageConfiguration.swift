public import PipeCore

/// Files in a bucket or container: the `objectStorage` arm of a pipe's source.
public struct ObjectStorageConfiguration: SourceConfiguration, Confidential {
    public enum StorageType: String, Codable, Hashable, Sendable, CaseIterable {
        case s3, gcs, dospaces, azureblobstorage, cloudflarer2, ovhobjectstorage
    }

    /// Raw values are ClickHouse format names.
    public enum Format: String, Codable, Hashable, Sendable, CaseIterable {
        case jsonEachRow = "JSONEachRow"
        case jsonAsObject = "JSONAsObject"
        case csv = "CSV"
        case csvWithNames = "CSVWithNames"
        case tabSeparated = "TabSeparated"
        case tabSeparatedWithNames = "TabSeparatedWithNames"
        case parquet = "Parquet"
        case avro = "Avro"
    }

    /// Raw values are compression names of ClickHouse's table functions.
    public enum Compression: String, Codable, Hashable, Sendable, CaseIterable {
        case none, gzip, gz, brotli, br, xz
        case lzma = "LZMA"
        case zstd, auto
    }

    /// Absent means public access.
    public enum Authentication: String, Codable, Hashable, Sendable, CaseIterable {
        case iamRole = "IAM_ROLE"
        case iamUser = "IAM_USER"
        case connectionString = "CONNECTION_STRING"
        case serviceAccount = "SERVICE_ACCOUNT"
        /// Not in the published document; official clients of 2026 send it.
        case workloadIdentity = "SERVICE_ACCOUNT_WORKLOAD_IDENTITY"
    }

    public var type: StorageType
    public var format: Format
    /// `s3://`, `gs://`, `https://` or `http://`, with bash-like wildcards; unused for Azure.
    public var url: String?
    /// CSV field delimiter; `,` when absent.
    public var delimiter: String?
    /// `auto` (by file name) when absent.
    public var compression: Compression?
    public var isContinuous: Bool?
    /// SQS queue URL, or `projects/{project}/subscriptions/{name}`.
    public var queueUrl: String?
    public var skipInitialLoad: Bool?
    /// Object key: files up to and including it are skipped.
    public var startAfter: String?
    public var authentication: Authentication?
    public var iamRole: String?
    public var connectionString: String?
    /// Path inside the Azure container, with bash-like wildcards.
    public var path: String?
    public var azureContainerName: String?
    public var accessKey: AccessKey?
    /// Base64 of a Google service account's JSON key file.
    public var serviceAccountKey: String?

    public init(
        type: StorageType, format: Format, url: String? = nil, delimiter: String? = nil, compression: Compression? = nil,
        isContinuous: Bool? = nil, queueUrl: String? = nil, skipInitialLoad: Bool? = nil, startAfter: String? = nil,
        authentication: Authentication? = nil, iamRole: String? = nil, connectionString: String? = nil, path: String? = nil,
        azureContainerName: String? = nil, accessKey: AccessKey? = nil, serviceAccountKey: String? = nil
    ) {
        self.type = type
        self.format = format
        self.url = url
        self.delimiter = delimiter
        self.compression = compression
        self.isContinuous = isContinuous
        self.queueUrl = queueUrl
        self.skipInitialLoad = skipInitialLoad
        self.startAfter = startAfter
        self.authentication = authentication
        self.iamRole = iamRole
        self.connectionString = connectionString
        self.path = path
        self.azureContainerName = azureContainerName
        self.accessKey = accessKey
        self.serviceAccountKey = serviceAccountKey
    }

    public static let kind = "objectStorage"
    public static let family = PipeFamily.objectStorage
    public var label: String { type.rawValue }
}
