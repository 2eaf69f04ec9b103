public import PipeCore

/// Topics of a Kafka-compatible broker: the `kafka` arm of a pipe's source.
public struct KafkaConfiguration: SourceConfiguration, Confidential {
    public enum Broker: String, Codable, Hashable, Sendable, CaseIterable {
        case kafka, redpanda, msk, gcmk, confluent, warpstream, azureeventhub, dokafka
    }

    /// Raw values are ClickHouse format names.
    public enum Format: String, Codable, Hashable, Sendable, CaseIterable {
        case jsonEachRow = "JSONEachRow"
        case avro = "Avro"
        case avroConfluent = "AvroConfluent"
        case protobuf = "Protobuf"
    }

    /// Absent means a broker that asks for nothing.
    public enum Authentication: String, Codable, Hashable, Sendable, CaseIterable {
        case plain = "PLAIN"
        case scramSHA256 = "SCRAM-SHA-256"
        case scramSHA512 = "SCRAM-SHA-512"
        case iamRole = "IAM_ROLE"
        case iamUser = "IAM_USER"
        case mutualTLS = "MUTUAL_TLS"
        /// Not in the published document; official clients of 2026 send it for gcmk.
        case workloadIdentity = "SERVICE_ACCOUNT_WORKLOAD_IDENTITY"
    }

    /// Where a new consumer group starts.
    public struct Offset: Codable, Hashable, Sendable {
        public enum Strategy: String, Codable, Hashable, Sendable, CaseIterable {
            case fromBeginning = "from_beginning"
            case fromLatest = "from_latest"
            case fromTimestamp = "from_timestamp"
        }
        public var strategy: Strategy
        /// `YYYY-MM-DDTHH:MM`, UTC.
        public var timestamp: String?

        public init(strategy: Strategy, timestamp: String? = nil) {
            self.strategy = strategy
            self.timestamp = timestamp
        }
    }

    /// One of the shapes PLAIN, MskIamUser, AzureEventHub, MutualTLS: which one follows from the authentication.
    public struct Credentials: Codable, Hashable, Sendable, Confidential {
        public var username: String?
        public var password: String?
        public var accessKeyId: String?
        public var secretKey: String?
        public var connectionString: String?
        /// PEM.
        public var certificate: String?
        /// PEM.
        public var privateKey: String?
    }

    /// Where the schemas of Avro and Protobuf messages are kept.
    public struct SchemaRegistry: Codable, Hashable, Sendable, Confidential {
        public enum Kind: String, Codable, Hashable, Sendable, CaseIterable { case confluent, glue }
        /// `confluent` when absent.
        public var type: Kind?
        public var url: String?
        /// Only `PLAIN` exists.
        public var authentication: String?
        public var caCertificate: String?
        public var credentials: PasswordCredentials?
        public var glueRegion: String?
        public var glueRegistryName: String?
        public var glueRoleArn: String?
    }

    public var type: Broker
    public var format: Format
    /// Comma separated `host:port`.
    public var brokers: String
    /// Comma separated.
    public var topics: String
    public var consumerGroup: String?
    public var authentication: Authentication?
    public var iamRole: String?
    public var offset: Offset?
    public var schemaRegistry: SchemaRegistry?
    /// Base64 of a `.proto` file or a descriptor set.
    public var protobufSchema: String?
    /// PEM.
    public var caCertificate: String?
    public var reversePrivateEndpointIds: [String]?
    public var exactlyOnce: Bool?
    public var credentials: Credentials?

    public static let kind = "kafka"
    public static let family = PipeFamily.streaming
    public var label: String { type.rawValue }
}
