import KafkaConnector
import PipeCore
import PipeTesting
import Testing

@Suite struct KafkaConfigurationTests {
    typealias Draft = SourceDraft<KafkaConfiguration>
    static let example = SourceExamples.kafka
    static let password: JSONValue = ["username": "u", "password": "p"]
    static let key: JSONValue = ["accessKeyId": "a", "secretKey": "b"]
    static let certificate: JSONValue = [
        "certificate": "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
        "privateKey": "-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----",
    ]

    @Test func theExampleIsTyped() throws {
        let configuration = try #require(Draft(creating: Self.example).configuration)
        #expect(configuration.type == .confluent)
        #expect(configuration.label == "confluent")
        #expect(configuration.authentication == .plain)
        #expect(configuration.credentials?.username == "my_user")
        #expect(KafkaConfiguration.family == .streaming)
    }

    @Test func defaultsAreTheComputedOnesOnly() {
        let draft = Draft(
            creating: ["format": "Avro", "brokers": "a:1, b:2", "topics": "x, y", "consumerGroup": "", "offset": nil], pipe: PipeID("42"))
        #expect(draft.problems == [])
        #expect(
            draft.visible == [
                "type": "kafka", "format": "Avro", "brokers": "a:1, b:2", "topics": "x, y", "consumerGroup": "clickpipes-42",
            ])
    }

    /// Every pair of type and authentication: exactly those of the contract pass.
    @Test func authenticationMatrix() throws {
        let allowed: [String: Set<String>] = [
            "kafka": ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "MUTUAL_TLS"],
            "msk": ["SCRAM-SHA-512", "IAM_ROLE", "IAM_USER", "MUTUAL_TLS"],
            "gcmk": ["PLAIN", "MUTUAL_TLS", "SERVICE_ACCOUNT_WORKLOAD_IDENTITY"],
            "confluent": ["PLAIN", "MUTUAL_TLS"],
            "warpstream": ["PLAIN"],
            "azureeventhub": ["PLAIN"],
            "redpanda": ["SCRAM-SHA-256", "SCRAM-SHA-512", "MUTUAL_TLS"],
            "dokafka": ["SCRAM-SHA-256", "MUTUAL_TLS"],
        ]
        #expect(allowed.count == KafkaConfiguration.Broker.allCases.count)
        for type in KafkaConfiguration.Broker.allCases {
            for authentication in KafkaConfiguration.Authentication.allCases {
                let credentials: JSONValue =
                    switch authentication {
                    case .plain: type == .azureeventhub ? ["connectionString": "Endpoint=sb://x/"] : Self.password
                    case .scramSHA256, .scramSHA512: Self.password
                    case .iamUser: Self.key
                    case .mutualTLS: Self.certificate
                    case .iamRole, .workloadIdentity: .null
                    }
                let draft = Draft(
                    creating: Self.example.changing([
                        "type": .string(type.rawValue), "authentication": .string(authentication.rawValue), "credentials": credentials,
                        "iamRole": authentication == .iamRole ? "arn:aws:iam::123456789012:role/r" : nil,
                    ]))
                let isAllowed = try #require(allowed[type.rawValue]).contains(authentication.rawValue)
                #expect(draft.fields == (isAllowed ? [] : ["authentication"]), "\(type) \(authentication)")
            }
        }
    }

    @Test(
        arguments: [
            (["brokers": "broker"], ["brokers"]),
            (["brokers": "broker:0"], ["brokers"]),
            (["brokers": "a:1,,b:2"], ["brokers"]),
            (["brokers": "http://a:1"], ["brokers"]),
            (["topics": "a,"], ["topics"]),
            (["topics": "a b"], ["topics"]),
            (["format": "CSV"], ["format"]),
            (["type": "rabbitmq"], ["type"]),
            (["credentials": nil], ["credentials.password", "credentials.username"]),
            (["credentials": ["username": "u"]], ["credentials.password"]),
            (["credentials": ["username": "u", "password": "p", "secretKey": "k"]], ["credentials.secretKey"]),
            (["credentials": ["username": ""]], ["credentials.username"]),
            (["authentication": nil], ["credentials.password", "credentials.username"]),
            (["type": "azureeventhub"], ["credentials.connectionString", "credentials.password", "credentials.username"]),
            (["type": "msk", "authentication": "IAM_ROLE", "credentials": nil], ["iamRole"]),
            (["iamRole": "arn:aws:iam::1:role/r"], ["iamRole"]),
            (
                ["authentication": "MUTUAL_TLS", "credentials": ["certificate": "x", "privateKey": "y"]],
                ["credentials.certificate", "credentials.privateKey"]
            ),
            (["caCertificate": "not pem"], ["caCertificate"]),
            (["offset": [:]], ["offset.strategy"]),
            (["offset": ["strategy": "from_timestamp"]], ["offset.timestamp"]),
            (["offset": ["strategy": "from_timestamp", "timestamp": "2026-01-31 12:00"]], ["offset.timestamp"]),
            (["offset": ["strategy": "from_timestamp", "timestamp": "2026-02-29T12:00"]], ["offset.timestamp"]),
            (["offset": ["strategy": "from_timestamp", "timestamp": "2026-01-31T12:00:00Z"]], ["offset.timestamp"]),
            (["offset": ["strategy": "from_latest", "timestamp": "2026-01-31T12:00"]], ["offset.timestamp"]),
            (["format": "AvroConfluent"], ["schemaRegistry"]),
            (["schemaRegistry": [:]], ["schemaRegistry.url"]),
            (["schemaRegistry": ["url": "ftp://registry"]], ["schemaRegistry.url"]),
            (["schemaRegistry": ["url": "https://registry/schemas/ids/x"]], ["schemaRegistry.url"]),
            (["schemaRegistry": ["url": "https://registry/subjects"]], ["schemaRegistry.url"]),
            (["schemaRegistry": ["url": "https://registry/subjects/s/versions/x"]], ["schemaRegistry.url"]),
            (["schemaRegistry": ["url": "https://user:pass@registry"]], ["schemaRegistry.url"]),
            (
                ["schemaRegistry": ["url": "https://registry", "authentication": "PLAIN"]],
                ["schemaRegistry.credentials.password", "schemaRegistry.credentials.username"]
            ),
            (["schemaRegistry": ["url": "https://registry", "glueRegion": "us-east-1"]], ["schemaRegistry.glueRegion"]),
            (["schemaRegistry": ["type": "glue"]], ["schemaRegistry.glueRegion", "schemaRegistry.glueRegistryName"]),
            (["protobufSchema": "YWJj"], ["protobufSchema"]),
            (["format": "Protobuf", "protobufSchema": "?"], ["protobufSchema"]),
            (["format": "Protobuf", "protobufSchema": "YWJj", "schemaRegistry": ["url": "https://registry"]], ["protobufSchema"]),
        ] as [([String: JSONValue], [String])])
    func rules(_ changes: [String: JSONValue], _ fields: [String]) {
        #expect(Draft(creating: Self.example.changing(changes)).fields == fields)
    }

    @Test(arguments: [
        "https://registry", "https://registry/", "https://registry:8081/base", "https://registry/schemas/ids/100004",
        "https://registry/subjects/a-value", "https://registry/subjects/a-value/versions/3",
        "https://registry/subjects/a-value/versions/latest", "http://127.0.0.1:8081", "http://registry/subjects/a-value",
    ])
    func registryAddresses(_ url: String) {
        #expect(
            Draft(creating: Self.example.changing(["format": "AvroConfluent", "schemaRegistry": ["url": .string(url)]])).problems == [])
    }

    @Test func aGlueRegistryNeedsNoURL() {
        let registry: JSONValue = [
            "type": "glue", "glueRegion": "us-east-1", "glueRegistryName": "r", "glueRoleArn": "arn:aws:iam::1:role/r",
        ]
        #expect(Draft(creating: Self.example.changing(["format": "AvroConfluent", "schemaRegistry": registry])).problems == [])
    }

    @Test func registryCredentialsAreSecretAndDoNotHideTheRest() {
        let draft = Draft(
            creating: Self.example.changing([
                "format": "AvroConfluent",
                "schemaRegistry": ["url": "https://registry", "authentication": "PLAIN", "credentials": Self.password],
            ]))
        #expect(draft.problems == [])
        #expect(draft.visible["schemaRegistry"] == ["url": "https://registry", "authentication": "PLAIN"])
    }

    @Test(arguments: ["type", "format", "brokers", "topics", "consumerGroup"])
    func identityIsImmutable(_ field: String) {
        let other: [String: JSONValue] = [
            "type": "warpstream", "format": "Avro", "brokers": "other:9092", "topics": "other", "consumerGroup": "other",
        ]
        let draft = Draft(creating: Self.example).patched([field: other[field] ?? nil])
        #expect(draft.fields == [field])
    }

    @Test func exactlyOnceOffsetAndRegistryAreImmutable() {
        let draft = Draft(creating: Self.example).patched([
            "exactlyOnce": true, "offset": ["strategy": "from_latest"], "schemaRegistry": ["url": "https://registry"],
        ])
        #expect(draft.fields == ["exactlyOnce", "offset", "schemaRegistry.url"])
    }

    @Test func aRegistryStaysAndItsPasswordMayBeRenewed() {
        let registry: JSONValue = ["url": "https://registry", "authentication": "PLAIN", "credentials": Self.password]
        let draft = Draft(creating: Self.example.changing(["format": "AvroConfluent", "schemaRegistry": registry]))
        let renewed: JSONValue = ["username": "u", "password": "renewed"]
        let patched = draft.patched(["schemaRegistry": ["url": "https://registry", "credentials": renewed]])
        #expect(patched.problems == [])
        #expect(patched.document["schemaRegistry"] == ["url": "https://registry", "authentication": "PLAIN", "credentials": renewed])
        #expect(draft.patched(["schemaRegistry": ["url": "https://other"]]).fields == ["schemaRegistry.url"])
        #expect(draft.patched(["schemaRegistry": ["type": "glue"]]).fields == ["schemaRegistry.type"])
        #expect(draft.patched(["schemaRegistry": nil]).fields == ["schemaRegistry"])
    }

    @Test func credentialsAreReplacedAsAWhole() {
        let draft = Draft(creating: Self.example).patched(["authentication": "MUTUAL_TLS", "credentials": Self.certificate])
        #expect(draft.problems == [])
        #expect(draft.document["credentials"] == Self.certificate)
    }

    @Test func anotherAuthenticationLeavesNoOldCredentials() {
        let user = Draft(
            creating: Self.example.changing(["type": "msk", "authentication": "IAM_USER", "credentials": Self.key]))
        let role = user.patched(["authentication": "IAM_ROLE", "iamRole": "arn:aws:iam::1:role/r"])
        #expect(role.problems == [])
        #expect(role.document["credentials"] == nil)
        let back = role.patched(["authentication": "IAM_USER", "credentials": Self.key])
        #expect(back.problems == [])
        #expect(back.document["iamRole"] == nil)
    }

    @Test func unchangedCredentialsStay() {
        let draft = Draft(creating: Self.example).patched([
            "authentication": "PLAIN", "reversePrivateEndpointIds": [], "iamRole": nil, "caCertificate": nil,
        ])
        #expect(draft.problems == [])
        #expect(draft.document["credentials"] == Self.example["credentials"])
    }
}
