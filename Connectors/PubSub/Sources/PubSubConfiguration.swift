public import PipeCore

/// A Google Cloud Pub/Sub topic: the `pubsub` arm of a pipe's source.
public struct PubSubConfiguration: SourceConfiguration, Confidential {
    /// Raw values are ClickHouse format names.
    public enum Format: String, Codable, Hashable, Sendable, CaseIterable {
        case jsonEachRow = "JSONEachRow"
        case avro = "Avro"
        case protobuf = "Protobuf"
    }

    public enum Authentication: String, Codable, Hashable, Sendable, CaseIterable {
        case serviceAccount = "SERVICE_ACCOUNT"
    }

    public enum SeekType: String, Codable, Hashable, Sendable, CaseIterable { case latest, earliest, timestamp }

    public var format: Format
    public var projectId: String
    public var topic: String
    public var authentication: Authentication
    public var seekType: SeekType
    /// RFC 3339.
    public var seekTimestamp: String?
    /// Subscription filter expression.
    public var filter: String?
    public var enableOrdering: Bool?
    /// In seconds.
    public var ackDeadline: Int?
    public var serviceAccountKey: ServiceAccount

    public static let kind = "pubsub"
    public static let family = PipeFamily.streaming

    public static let schema = ObjectSchema(
        "ClickPipePubSubSource", "A Google Cloud Pub/Sub topic.",
        fields: [
            Field("format", .oneOf(Format.allCases.map(\.rawValue)), "Format of the messages.", [.required, .immutable]),
            Field("projectId", .text, "Google Cloud project of the topic.", [.required, .immutable]),
            Field("topic", .text, "Name of the topic, without its path.", [.required, .immutable]),
            Field("authentication", .oneOf(Authentication.allCases.map(\.rawValue)), "How to authenticate.", .required),
            Field("seekType", .oneOf(SeekType.allCases.map(\.rawValue)), "Where reading starts.", [.required, .immutable]),
            Field(
                "seekTimestamp", .dateTime, "RFC 3339 time where reading starts, with seekType timestamp.", [.immutable, .emptyIsUnset]),
            Field("filter", .text(length: 1...256), "Subscription filter.", [.immutable, .emptyIsUnset]),
            Field("enableOrdering", .boolean, "Deliver messages of one ordering key in order.", .immutable),
            Field("ackDeadline", .integer(10...600), "Seconds after which an unacknowledged message is delivered again."),
            CredentialFields.serviceAccount("serviceAccountKey", .required),
        ])

    public func problems() -> [Problem] {
        var problems: [Problem] = []
        func add(_ field: String, _ message: String) { problems.append(Problem(Self.path[field], message)) }
        if projectId.wholeMatch(of: /[a-z][a-z0-9-]{4,28}[a-z0-9]/) == nil {
            add("projectId", "must be 6 to 30 lower-case letters, digits and '-', starting with a letter")
        }
        if topic.contains("/") {
            add("topic", "must be the topic's name alone, not projects/<project>/topics/<topic>")
        } else if topic.wholeMatch(of: /[A-Za-z][A-Za-z0-9._~+%-]{2,254}/) == nil {
            add("topic", "must be 3 to 255 letters, digits and -._~+%, starting with a letter")
        }
        if seekType == .timestamp {
            if let seekTimestamp {
                if seekTimestamp.utf8.count == 10 { add("seekTimestamp", "must hold a time of day and a zone: 2026-01-31T12:00:00Z") }
            } else {
                add("seekTimestamp", "is required when seekType is timestamp")
            }
        } else if seekTimestamp != nil {
            add("seekTimestamp", "is only for seekType timestamp")
        }
        return problems
    }
}
