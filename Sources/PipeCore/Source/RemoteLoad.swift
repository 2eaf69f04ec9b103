/// Objects that ClickHouse reads itself: which ones, where they are, and in what form.
public struct RemoteLoad: Sendable, Hashable {
    /// None when a batch covers only files that are empty or refused: a warehouse then has nothing to do.
    public var objects: [RemoteObject]
    public var location: RemoteLocation
    public var format: String
    /// A compression name ClickHouse knows, `auto` by default.
    public var compression: String
    /// CSV field delimiter.
    public var delimiter: String?

    public init(objects: [RemoteObject], location: RemoteLocation, format: String, compression: String = "auto", delimiter: String? = nil) {
        self.objects = objects
        self.location = location
        self.format = format
        self.compression = compression
        self.delimiter = delimiter
    }

    public var totalSize: Int { objects.reduce(0) { $0 + $1.size } }
}

/// One object of a bucket, as a listing shows it.
public struct RemoteObject: Codable, Sendable, Hashable {
    /// Full key after the bucket.
    public var key: String
    /// In bytes, as stored.
    public var size: Int
    public var etag: String
    /// RFC 3339.
    public var lastModified: String

    public init(key: String, size: Int, etag: String, lastModified: String) {
        self.key = key
        self.size = size
        self.etag = etag
        self.lastModified = lastModified
    }
}

/// How ClickHouse reaches the objects. Holds secrets: never logged, never journaled.
public enum RemoteLocation: Sendable, Hashable, CustomStringConvertible {
    /// `endpoint` is the URL of the bucket without a trailing slash (`http://host:port/bucket`).
    case s3(endpoint: String, bucket: String, credentials: S3Credentials?)
    case gcs(endpoint: String, bucket: String, credentials: S3Credentials?)
    case azure(connectionString: String, container: String)

    public var description: String {
        switch self {
        case .s3(let endpoint, _, _): "s3 \(endpoint)"
        case .gcs(let endpoint, _, _): "gcs \(endpoint)"
        case .azure(_, let container): "azure container \(container)"
        }
    }
}

/// AWS-style credentials; nil where they are used means anonymous access.
public struct S3Credentials: Sendable, Hashable, CustomStringConvertible {
    public var accessKeyID: String
    public var secretKey: String
    public var sessionToken: String?

    public init(accessKeyID: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }

    public var description: String { "S3Credentials(\(accessKeyID.prefix(4))…)" }
}

/// A file that was dealt with, for good.
public struct ArchivedObject: Codable, Sendable, Hashable {
    public enum Outcome: String, Codable, Sendable, Hashable { case ingested, rejected }
    public var object: RemoteObject
    public var outcome: Outcome
    /// Why it was rejected.
    public var reason: String?

    public init(object: RemoteObject, outcome: Outcome = .ingested, reason: String? = nil) {
        self.object = object
        self.outcome = outcome
        self.reason = reason
    }
}
