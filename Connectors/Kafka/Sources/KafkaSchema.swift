public import PipeCore

extension KafkaConfiguration {
    public static let schema = ObjectSchema(
        "ClickPipeKafkaSource", "Topics of Kafka or of a service that speaks its protocol.",
        fields: [
            Field("type", .oneOf(Broker.allCases.map(\.rawValue)), "Kind of broker.", [.immutable, .emptyIsUnset], default: "kafka"),
            Field("format", .oneOf(Format.allCases.map(\.rawValue)), "Format of the messages.", [.required, .immutable]),
            Field("brokers", .text, "Comma separated host:port of the brokers.", [.required, .immutable]),
            Field("topics", .text, "Comma separated names of the topics.", [.required, .immutable]),
            Field(
                "consumerGroup", .text, "Consumer group; clickpipes-<id of the pipe> when absent.", [.immutable, .emptyIsUnset]),
            Field(
                "authentication", .oneOf(Authentication.allCases.map(\.rawValue)),
                "How to authenticate; absent for a broker that asks for nothing.", .emptyIsUnset),
            Field("iamRole", .text, "Role to assume, with IAM_ROLE.", .emptyIsUnset),
            Field("offset", .object(offsetSchema), "Where a new consumer group starts.", .immutable),
            Field("schemaRegistry", .object(registrySchema), "Schema registry of the topics."),
            Field(
                "protobufSchema", .string(StringRule(length: 1...Int.max, format: .base64)),
                "Base64 of the Protobuf schema of the messages.", [.immutable, .emptyIsUnset]),
            Field("caCertificate", .pem, "Certificate authority of the brokers' certificates, PEM.", .emptyIsUnset),
            Field("reversePrivateEndpointIds", .list(.text), "Private endpoints through which the brokers are reached."),
            Field("exactlyOnce", .boolean, "Insert each record exactly once across restarts and rebalances.", .immutable),
            Field(
                "credentials",
                .object(
                    ObjectSchema(
                        "ClickPipeKafkaCredentials", "Credentials in the shape the authentication asks for.",
                        fields: [
                            CredentialFields.username, CredentialFields.password, CredentialFields.accessKeyId,
                            CredentialFields.secretKey, CredentialFields.connectionString, CredentialFields.certificate,
                            CredentialFields.privateKey,
                        ])),
                "username and password; accessKeyId and secretKey; connectionString; or certificate and privateKey.", .secret),
        ])

    private static let offsetSchema = ObjectSchema(
        "ClickPipeKafkaOffset", "Where a new consumer group starts.",
        fields: [
            Field("strategy", .oneOf(Offset.Strategy.allCases.map(\.rawValue)), "Kind of start.", .required),
            Field("timestamp", .text, "YYYY-MM-DDTHH:MM in UTC, with from_timestamp.", .emptyIsUnset),
        ])

    private static let registrySchema = ObjectSchema(
        "ClickPipeKafkaSchemaRegistry", "A schema registry: one with Confluent's API at a URL, or AWS Glue.",
        fields: [
            Field("type", .oneOf(SchemaRegistry.Kind.allCases.map(\.rawValue)), "Kind of registry.", [.immutable, .emptyIsUnset]),
            Field(
                "url", .text,
                "URL of the registry, https or (where the network is trusted) http; ending in /schemas/ids/<id> or /subjects/<subject>[/versions/<n>] it pins a schema.",
                [.immutable, .emptyIsUnset]),
            Field("authentication", .oneOf(["PLAIN"]), "How to authenticate; absent for a registry that asks for nothing.", .emptyIsUnset),
            Field("caCertificate", .pem, "Certificate authority of the registry's certificate, PEM.", .emptyIsUnset),
            Field("glueRegion", .text, "AWS region of a Glue registry.", [.immutable, .emptyIsUnset]),
            Field("glueRegistryName", .text, "Name of a Glue registry.", [.immutable, .emptyIsUnset]),
            Field("glueRoleArn", .text, "Role to assume for a Glue registry.", .emptyIsUnset),
            CredentialFields.password("User name and password of the registry."),
        ])

    public static func completed(_ document: JSONValue, patch: JSONValue?, pipe: PipeID) -> JSONValue {
        var document = document
        if document["consumerGroup"]?.string == nil { document["consumerGroup"] = .string("clickpipes-\(pipe)") }
        if patch?["authentication"] != nil {
            let authentication = document["authentication"]?.string.flatMap(Authentication.init)
            if authentication != .iamRole { document.dropStale(["iamRole"], patch: patch) }
            switch authentication {
            case nil, .iamRole, .workloadIdentity: document.dropStale(["credentials"], patch: patch)
            default: break
            }
        }
        return document
    }
}
