import CloudSigning
import FoundationEssentials
import ObjectStorageConnector
import PipeCore
import Testing

/// Against a moto of its own that checks signatures. One test, because the check is switched for the whole server.
@Suite(.enabled("no S3 at PENSTOCK_TEST_S3_AUTH") { await TestStore.guarded.isWanted() }, .timeLimit(.minutes(5)), .serialized)
struct S3ClientAuthTests {
    let store = TestStore.guarded

    @Test func signaturesAreRightAndRefusalsAreExplained() async throws {
        try await store.checkSignatures(after: 1_000_000)
        let keys = ["d/a b+ü&.json", "d/{x}%.json"]
        let bucket = try await store.bucket(keys)
        let user = try await store.user(allowing: ["s3:*", "sts:*"])
        let nobody = try await store.user(allowing: ["sqs:*"])
        let role = "arn:aws:iam::123456789012:role/\(try await store.role(allowing: ["s3:*"]))"
        try await store.checkSignatures(after: 0)

        func page(_ authority: S3Authority, glob: String = "d/*.json") async throws -> [String] {
            let client = S3Client(try S3Location(url: "\(store.base)/\(bucket)/\(glob)"), as: authority)
            let objects = try await client.page(prefix: "d/", after: nil, continuation: nil).objects
            for object in objects {
                #expect(
                    try await client.object(object.key)
                        == RemoteObject(
                            key: object.key, size: object.size, etag: object.etag,
                            lastModified: try #require(client.object(object.key)).lastModified))
                try await client.checkReadable(object.key)
            }
            return objects.map(\.key)
        }
        func refusal(_ authority: S3Authority) async throws -> ObjectStorageError {
            try await #require(throws: ObjectStorageError.self) { _ = try await page(authority) }
        }

        #expect(try await page(.key(user)) == keys)

        let wrongSecret = try await refusal(.key(AWSCredentials(accessKeyID: user.accessKeyID, secretKey: "nope")))
        #expect(wrongSecret.field.description == "source.objectStorage.accessKey.secretKey")
        #expect(wrongSecret.message.contains("SignatureDoesNotMatch"))

        let unknown = try await refusal(.key(AWSCredentials(accessKeyID: "AKIAUNKNOWN", secretKey: "nope")))
        #expect(unknown.field.description == "source.objectStorage.accessKey.accessKeyId")
        #expect(unknown.message.contains("InvalidAccessKeyId"))

        let denied = try await refusal(.key(nobody))
        #expect(denied.field.description == "source.objectStorage.authentication")
        #expect(denied.message.contains("is not authorized") && denied.message.contains("s3:ListBucket"))

        for error in [wrongSecret, unknown, denied] {
            #expect(error.disposition == .user)
            #expect(error.code == .sourceDenied)
            #expect(error.message.hasPrefix("failed to access \(store.base)/\(bucket)"))
            #expect(!error.message.contains("nope") && !error.message.contains(user.secretKey))
        }

        var environment = [
            "AWS_ACCESS_KEY_ID": user.accessKeyID, "AWS_SECRET_ACCESS_KEY": user.secretKey, "AWS_ENDPOINT_URL_STS": store.base,
        ]
        let assumed = RoleCredentials(role: role, session: "it", environment: environment)
        #expect(try await page(.role(assumed)) == keys)
        let credentials = try await assumed.credentials()
        #expect(credentials.sessionToken?.isEmpty == false)
        #expect(credentials.accessKeyID != user.accessKeyID)

        environment["AWS_SECRET_ACCESS_KEY"] = "nope"
        let failed = try await refusal(.role(RoleCredentials(role: role, session: "it", environment: environment)))
        #expect(failed.field.description == "source.objectStorage.iamRole")
        #expect(failed.message.contains("AssumeRole") && failed.disposition == .user)
    }
}

extension TestStore {
    private func policy(_ actions: [String]) -> String {
        let names = actions.map { "\"\($0)\"" }.joined(separator: ",")
        return "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\(names)],\"Resource\":\"*\"}]}"
    }

    func user(allowing actions: [String]) async throws -> AWSCredentials {
        let name = "u-\(UUID().uuidString)"
        try await iam("CreateUser", ["UserName": name])
        try await iam("PutUserPolicy", ["UserName": name, "PolicyName": "p", "PolicyDocument": policy(actions)])
        let key = try await iam("CreateAccessKey", ["UserName": name])
        guard let id = key.descendant("AccessKeyId")?.text, let secret = key.descendant("SecretAccessKey")?.text else {
            throw Refused(description: "CreateAccessKey")
        }
        return AWSCredentials(accessKeyID: id, secretKey: secret)
    }

    func role(allowing actions: [String]) async throws -> String {
        let name = "r-\(UUID().uuidString)"
        let trust = """
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}
            """
        try await iam("CreateRole", ["RoleName": name, "AssumeRolePolicyDocument": trust])
        try await iam("PutRolePolicy", ["RoleName": name, "PolicyName": "p", "PolicyDocument": policy(actions)])
        return name
    }
}
