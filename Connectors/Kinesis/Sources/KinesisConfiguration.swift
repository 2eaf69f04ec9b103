public import PipeCore

/// An Amazon Kinesis data stream: the `kinesis` arm of a pipe's source.
public struct KinesisConfiguration: SourceConfiguration, Confidential {
    /// Raw values are ClickHouse format names.
    public enum Format: String, Codable, Hashable, Sendable, CaseIterable {
        case jsonEachRow = "JSONEachRow"
        case avro = "Avro"
        case avroConfluent = "AvroConfluent"
        /// Not in the published document; official clients of 2026 send it.
        case protobuf = "Protobuf"
    }

    public enum IteratorType: String, Codable, Hashable, Sendable, CaseIterable {
        case trimHorizon = "TRIM_HORIZON"
        case latest = "LATEST"
        case atTimestamp = "AT_TIMESTAMP"
    }

    public enum Authentication: String, Codable, Hashable, Sendable, CaseIterable {
        case iamRole = "IAM_ROLE"
        case iamUser = "IAM_USER"
    }

    public var format: Format
    public var streamName: String
    public var region: String
    public var useEnhancedFanOut: Bool?
    public var iteratorType: IteratorType
    /// UNIX seconds, with AT_TIMESTAMP.
    public var timestamp: Int64?
    public var authentication: Authentication
    public var iamRole: String?
    /// Base64 of a `.proto` file or a descriptor set.
    public var protobufSchema: String?
    public var accessKey: AccessKey?

    public static let kind = "kinesis"
    public static let family = PipeFamily.streaming

    public static let schema = ObjectSchema(
        "ClickPipeKinesisSource", "An Amazon Kinesis data stream.",
        fields: [
            Field("format", .oneOf(Format.allCases.map(\.rawValue)), "Format of the records.", [.required, .immutable]),
            Field("streamName", .text(length: 1...128), "Name of the stream.", [.required, .immutable]),
            Field("region", .text, "AWS region of the stream.", [.required, .immutable]),
            Field("useEnhancedFanOut", .boolean, "Read with enhanced fan-out.", .immutable),
            Field(
                "iteratorType", .oneOf(IteratorType.allCases.map(\.rawValue)), "Where reading starts.", [.required, .immutable]),
            Field(
                "timestamp", .integer(0...Int64(UInt32.max)), "UNIX seconds where reading starts, with AT_TIMESTAMP.",
                [.immutable, .emptyIsUnset, .integerAsText]),
            Field("authentication", .oneOf(Authentication.allCases.map(\.rawValue)), "How to authenticate.", .required),
            Field("iamRole", .text, "Role to assume, with IAM_ROLE.", .emptyIsUnset),
            Field(
                "protobufSchema", .string(StringRule(length: 1...Int.max, format: .base64)),
                "Base64 of the Protobuf schema of the records.", [.immutable, .emptyIsUnset]),
            CredentialFields.accessKey,
        ])

    public static func completed(_ document: JSONValue, patch: JSONValue?, pipe: PipeID) -> JSONValue {
        guard patch?["authentication"] != nil else { return document }
        var document = document
        let usesRole = document["authentication"]?.string == Authentication.iamRole.rawValue
        document.dropStale([usesRole ? "accessKey" : "iamRole"], patch: patch)
        return document
    }

    public func problems() -> [Problem] {
        var problems: [Problem] = []
        func add(_ field: String, _ message: String) { problems.append(Problem(Self.path[field], message)) }
        if streamName.wholeMatch(of: /[a-zA-Z0-9_.-]+/) == nil {
            add("streamName", "must be made of letters, digits, '_', '.' and '-'")
        }
        if region.wholeMatch(of: /[a-z0-9]+(-[a-z0-9]+)+/) == nil { add("region", "must be an AWS region such as us-east-1") }
        if iteratorType == .atTimestamp, timestamp == nil { add("timestamp", "is required for AT_TIMESTAMP") }
        if iteratorType != .atTimestamp, timestamp != nil { add("timestamp", "is only for AT_TIMESTAMP") }
        if protobufSchema != nil, format != .protobuf { add("protobufSchema", "is only for format Protobuf") }
        switch authentication {
        case .iamRole:
            if iamRole == nil { add("iamRole", "is required for authentication IAM_ROLE") }
            if accessKey != nil { add("accessKey", "is only for authentication IAM_USER") }
        case .iamUser:
            if accessKey == nil { add("accessKey", "is required for authentication IAM_USER") }
            if iamRole != nil { add("iamRole", "is only for authentication IAM_ROLE") }
        }
        return problems
    }
}
