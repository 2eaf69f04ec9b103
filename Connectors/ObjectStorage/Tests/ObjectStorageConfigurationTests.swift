import ObjectStorageConnector
import PipeCore
import PipeTesting
import Testing

@Suite struct ObjectStorageConfigurationTests {
    typealias Draft = SourceDraft<ObjectStorageConfiguration>
    static let queue: JSONValue = "https://sqs.us-east-1.amazonaws.com/123456789012/MyQueue"
    static let subscription: JSONValue = "projects/p/subscriptions/s"

    @Test func theExamplesAreTyped() throws {
        let s3 = try #require(Draft(creating: SourceExamples.s3).configuration)
        #expect(s3.type == .s3 && s3.label == "s3" && s3.authentication == .iamUser)
        #expect(s3.accessKey?.secretKey == "s3cret-key")
        #expect(s3.compression == nil && s3.isContinuous == nil)
        let gcs = try #require(Draft(creating: SourceExamples.gcs).configuration)
        #expect(gcs.authentication == .serviceAccount && gcs.serviceAccountKey == "czNjcmV0LWtleQ==")
        let azure = try #require(Draft(creating: SourceExamples.azure).configuration)
        #expect(azure.azureContainerName == "my-container" && azure.url == nil)
    }

    @Test func nothingIsEchoedThatWasNotSent() {
        #expect(Draft(creating: SourceExamples.s3).document == SourceExamples.s3)
        let blank = SourceExamples.s3.changing(["queueUrl": "", "startAfter": "", "iamRole": "", "delimiter": "", "path": ""])
        #expect(Draft(creating: blank).document == SourceExamples.s3)
    }

    @Test func publicFilesNeedNoCredentials() {
        let open = SourceExamples.s3.changing(["authentication": nil, "accessKey": nil])
        #expect(Draft(creating: open).problems == [])
        #expect(Draft(creating: open.changing(["authentication": ""])).problems == [])
    }

    /// The command line client sends a URL for Azure too.
    @Test func azureMayCarryAURLAndLeaveTheAuthenticationOut() {
        #expect(Draft(creating: SourceExamples.azure.changing(["url": ""])).problems == [])
        #expect(Draft(creating: SourceExamples.azure.changing(["url": "https://me.blob.core.windows.net/c"])).problems == [])
        #expect(Draft(creating: SourceExamples.azure.changing(["authentication": nil])).problems == [])
    }

    @Test(arguments: ["s3://bucket/a/*", "https://bucket.s3.amazonaws.com/*", "http://127.0.0.1:9000/bucket/*"])
    func s3Addresses(_ url: String) {
        #expect(Draft(creating: SourceExamples.s3.changing(["url": .string(url)])).problems == [])
    }

    @Test(
        arguments: [
            (["type": "ftp"], ["type"]),
            (["format": "Protobuf"], ["format"]),
            (["compression": "zip"], ["compression"]),
            (["url": nil], ["url"]),
            (["url": "bucket/key"], ["url"]),
            (["url": "s3://"], ["url"]),
            (["url": "gs://bucket/key"], ["url"]),
            (["path": "x"], ["path"]),
            (["azureContainerName": "x"], ["azureContainerName"]),
            (["delimiter": ";"], ["delimiter"]),
            (["format": "CSV", "delimiter": "ab"], ["delimiter"]),
            (["authentication": "PUBLIC"], ["authentication"]),
            (["authentication": "SERVICE_ACCOUNT"], ["authentication"]),
            (["authentication": "CONNECTION_STRING"], ["authentication"]),
            (["type": "dospaces", "authentication": "IAM_ROLE"], ["authentication"]),
            (["authentication": "IAM_ROLE"], ["accessKey", "iamRole"]),
            (["authentication": nil], ["accessKey"]),
            (["accessKey": nil], ["accessKey"]),
            (["accessKey": ["secretKey": "x"]], ["accessKey.accessKeyId"]),
            (["connectionString": "x"], ["connectionString"]),
            (["serviceAccountKey": "YWJj"], ["serviceAccountKey"]),
            (["skipInitialLoad": true], ["skipInitialLoad"]),
            (["isContinuous": true, "queueUrl": queue, "skipInitialLoad": true, "startAfter": "a"], ["startAfter"]),
            (["queueUrl": queue], ["queueUrl"]),
            (["isContinuous": true, "queueUrl": "https://example.com/queue"], ["queueUrl"]),
            (["isContinuous": true, "queueUrl": "https://sqs.us-east-1.amazonaws.com/12345/q"], ["queueUrl"]),
            (["isContinuous": true, "queueUrl": subscription], ["queueUrl"]),
            (["isContinuous": true, "queueUrl": queue, "authentication": nil, "accessKey": nil], ["queueUrl"]),
            (["type": "dospaces", "isContinuous": true, "queueUrl": queue], ["queueUrl"]),
        ] as [([String: JSONValue], [String])])
    func s3Rules(_ changes: [String: JSONValue], _ fields: [String]) {
        #expect(Draft(creating: SourceExamples.s3.changing(changes)).fields == fields)
    }

    @Test(
        arguments: [
            (["authentication": "IAM_ROLE", "iamRole": "arn:aws:iam::1:role/r"], ["authentication"]),
            (["serviceAccountKey": nil], ["serviceAccountKey"]),
            (["serviceAccountKey": "{not base64}"], ["serviceAccountKey"]),
            (["authentication": nil], ["serviceAccountKey"]),
            (["authentication": "IAM_USER", "serviceAccountKey": nil], ["accessKey"]),
            (["authentication": "SERVICE_ACCOUNT_WORKLOAD_IDENTITY"], ["serviceAccountKey"]),
            (["url": "s3://bucket/key"], ["url"]),
            (["isContinuous": true, "queueUrl": queue], ["queueUrl"]),
        ] as [([String: JSONValue], [String])])
    func gcsRules(_ changes: [String: JSONValue], _ fields: [String]) {
        #expect(Draft(creating: SourceExamples.gcs.changing(changes)).fields == fields)
    }

    @Test(
        arguments: [
            (["azureContainerName": nil], ["azureContainerName"]),
            (["connectionString": nil], ["connectionString"]),
            (["connectionString": nil, "authentication": nil], ["connectionString"]),
            (["authentication": "IAM_USER"], ["authentication"]),
            (["accessKey": ["accessKeyId": "a", "secretKey": "b"]], ["accessKey"]),
            (["isContinuous": true, "queueUrl": queue], ["queueUrl"]),
        ] as [([String: JSONValue], [String])])
    func azureRules(_ changes: [String: JSONValue], _ fields: [String]) {
        #expect(Draft(creating: SourceExamples.azure.changing(changes)).fields == fields)
    }

    @Test func queues() {
        let s3 = SourceExamples.s3.changing(["isContinuous": true, "queueUrl": Self.queue, "skipInitialLoad": true])
        #expect(Draft(creating: s3).problems == [])
        let gcs = SourceExamples.gcs.changing(["isContinuous": true, "queueUrl": Self.subscription, "startAfter": "a"])
        #expect(Draft(creating: gcs).problems == [])
    }

    @Test func whatAPatchMayChange() {
        let draft = Draft(creating: SourceExamples.s3.changing(["isContinuous": true]))
        let changed = draft.patched(["startAfter": "k", "accessKey": ["accessKeyId": "c", "secretKey": "d"]])
        #expect(changed.problems == [])
        #expect(changed.document["accessKey"] == ["accessKeyId": "c", "secretKey": "d"])
        #expect(changed.patched(["startAfter": nil]).document["startAfter"] == nil)
        let refused = draft.patched([
            "type": "gcs", "format": "CSV", "url": "s3://other/x", "delimiter": ";", "compression": "gzip", "isContinuous": false,
            "queueUrl": Self.queue,
        ])
        #expect(refused.fields == ["compression", "delimiter", "format", "isContinuous", "queueUrl", "type", "url"])
    }

    /// Terraform repeats the whole source, with what the configuration leaves out as null or false.
    @Test func aRepeatedSourceIsNoChange() {
        let draft = Draft(creating: SourceExamples.s3)
        let body = SourceExamples.s3.changing(["accessKey": nil, "isContinuous": false])
        #expect(draft.patched(body).problems == [])
        #expect(draft.patched(["delimiter": nil, "queueUrl": nil, "compression": nil]).problems == [])
    }

    @Test func anotherAuthenticationLeavesNoOldCredentials() {
        let draft = Draft(creating: SourceExamples.s3)
        let role = draft.patched(["authentication": "IAM_ROLE", "iamRole": "arn:aws:iam::1:role/r"])
        #expect(role.problems == [])
        #expect(role.document["accessKey"] == nil)
        let open = role.patched(["authentication": nil])
        #expect(open.problems == [])
        #expect(open.document["iamRole"] == nil && open.document["authentication"] == nil)
    }

    @Test func gcsDoesNotSwitchToOrFromAServiceAccount() {
        let account = Draft(creating: SourceExamples.gcs)
        let key: JSONValue = ["accessKeyId": "a", "secretKey": "b"]
        #expect(account.patched(["authentication": "IAM_USER", "accessKey": key]).fields == ["authentication"])
        #expect(account.patched(["authentication": nil]).fields == ["authentication"])
        let user = Draft(
            creating: SourceExamples.gcs.changing(["authentication": "IAM_USER", "accessKey": key, "serviceAccountKey": nil]))
        #expect(user.problems == [])
        #expect(
            user.patched(["authentication": "SERVICE_ACCOUNT", "serviceAccountKey": "YWJj"]).fields == ["authentication"])
        #expect(account.patched(["serviceAccountKey": "YWJj"]).problems == [])
    }
}
