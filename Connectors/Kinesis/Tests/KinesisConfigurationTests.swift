import KinesisConnector
import PipeCore
import PipeTesting
import Testing

@Suite struct KinesisConfigurationTests {
    typealias Draft = SourceDraft<KinesisConfiguration>
    static let example = SourceExamples.kinesis

    @Test func theExampleIsTypedAndGetsNoDefaults() throws {
        let draft = Draft(creating: Self.example)
        #expect(draft.document == Self.example)
        let configuration = try #require(draft.configuration)
        #expect(configuration.iteratorType == .trimHorizon)
        #expect(configuration.accessKey == AccessKey(accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretKey: "s3cret-key"))
        #expect(configuration.label == "kinesis")
    }

    /// Terraform sends text, everybody reads a number.
    @Test(arguments: [1_767_225_600, "1767225600"] as [JSONValue])
    func timestampsAreIntegers(_ given: JSONValue) {
        let draft = Draft(creating: Self.example.changing(["iteratorType": "AT_TIMESTAMP", "timestamp": given]))
        #expect(draft.problems == [])
        #expect(draft.visible["timestamp"] == 1_767_225_600)
        #expect(draft.patched(["timestamp": given]).problems == [])
        #expect(draft.patched(["timestamp": 5]).fields == ["timestamp"])
    }

    @Test(
        arguments: [
            (["iteratorType": "AT_TIMESTAMP"], ["timestamp"]),
            (["iteratorType": "AT_TIMESTAMP", "timestamp": "yesterday"], ["timestamp"]),
            (["iteratorType": "AT_TIMESTAMP", "timestamp": -1], ["timestamp"]),
            (["timestamp": 1], ["timestamp"]),
            (["iteratorType": "AFTER"], ["iteratorType"]),
            (["streamName": "a/b"], ["streamName"]),
            (["region": "mars"], ["region"]),
            (["format": "CSV"], ["format"]),
            (["authentication": nil], ["authentication"]),
            (["accessKey": nil], ["accessKey"]),
            (["accessKey": ["accessKeyId": "a"]], ["accessKey.secretKey"]),
            (["authentication": "IAM_ROLE"], ["accessKey", "iamRole"]),
            (["iamRole": "arn:aws:iam::1:role/r"], ["iamRole"]),
            (["protobufSchema": "YWJj"], ["protobufSchema"]),
        ] as [([String: JSONValue], [String])])
    func rules(_ changes: [String: JSONValue], _ fields: [String]) {
        #expect(Draft(creating: Self.example.changing(changes)).fields == fields)
    }

    @Test(arguments: ["format", "streamName", "region", "iteratorType", "useEnhancedFanOut", "protobufSchema"])
    func identityIsImmutable(_ field: String) {
        let other: [String: JSONValue] = [
            "format": "Avro", "streamName": "other", "region": "eu-west-1", "iteratorType": "LATEST", "useEnhancedFanOut": true,
            "protobufSchema": "YWJj",
        ]
        #expect(Draft(creating: Self.example).patched([field: other[field] ?? nil]).fields == [field])
    }

    @Test func changingAuthentication() {
        let role = Draft(creating: Self.example).patched(["authentication": "IAM_ROLE", "iamRole": "arn:aws:iam::1:role/r"])
        #expect(role.problems == [])
        #expect(role.document["accessKey"] == nil)
        #expect(role.patched(["authentication": nil]).fields == ["authentication"])
        #expect(role.patched(["authentication": "IAM_USER"]).fields == ["accessKey"])
    }
}
