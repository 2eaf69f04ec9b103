import CloudSigning
import Testing

/// The examples of the Amazon S3 API reference: "Signature Calculations for the Authorization Header: Transferring Payload in a
/// Single Chunk" and "Authenticating Requests: Using Query Parameters".
@Suite struct AWSSignerS3Tests {
    let signer = AWSSigner(
        credentials: AWSCredentials(accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1", service: "s3")
    let time = AWSTimestamp(secondsSince1970: 1_369_353_600)
    let host = "examplebucket.s3.amazonaws.com"
    let scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"

    func authorization(_ request: AWSRequest) -> String? {
        signer.headers(for: request, at: time).first { $0.name == "authorization" }?.value
    }

    @Test func getObject() {
        let request = AWSRequest(host: host, path: "/test.txt", headers: [AWSRequest.Item("Range", "bytes=0-9")])
        #expect(
            authorization(request)
                == "AWS4-HMAC-SHA256 Credential=\(scope),SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        #expect(
            signer.headers(for: request, at: time).prefix(2) == [
                AWSRequest.Item("x-amz-date", "20130524T000000Z"),
                AWSRequest.Item("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ])
    }

    @Test func putObject() {
        let request = AWSRequest(
            method: "PUT", host: host, path: "/test$file.text",
            headers: [
                AWSRequest.Item("Date", "Fri, 24 May 2013 00:00:00 GMT"), AWSRequest.Item("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ], payload: .bytes(Array("Welcome to Amazon S3.".utf8)))
        #expect(
            authorization(request)
                == "AWS4-HMAC-SHA256 Credential=\(scope),SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"
                + "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        #expect(request.target == "/test%24file.text")
    }

    @Test func getBucketLifecycle() throws {
        let request = AWSRequest(host: host, query: [AWSRequest.Item("lifecycle", "")])
        #expect(
            try #require(authorization(request)).hasSuffix("Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"))
    }

    @Test func listObjects() throws {
        let request = AWSRequest(host: host, query: [AWSRequest.Item("prefix", "J"), AWSRequest.Item("max-keys", "2")])
        #expect(
            try #require(authorization(request)).hasSuffix("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"))
        #expect(request.target == "/?max-keys=2&prefix=J")
    }

    @Test func presignedGetObject() {
        let request = signer.presigned(AWSRequest(host: host, path: "/test.txt"), at: time, seconds: 86_400)
        #expect(
            request.target
                == "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z"
                + "&X-Amz-Expires=86400"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404&X-Amz-SignedHeaders=host")
    }

    @Test func unsignedPayload() {
        let request = AWSRequest(host: host, path: "/test.txt", payload: .unsigned)
        let headers = signer.headers(for: request, at: time)
        #expect(headers.contains(AWSRequest.Item("x-amz-content-sha256", "UNSIGNED-PAYLOAD")))
    }

    @Test func aSessionTokenIsSentAndSigned() throws {
        var signer = signer
        signer.credentials.sessionToken = "TOKEN+/="
        let headers = signer.headers(for: AWSRequest(host: host), at: time)
        #expect(headers.contains(AWSRequest.Item("x-amz-security-token", "TOKEN+/=")))
        let authorization = try #require(headers.first { $0.name == "authorization" })
        #expect(authorization.value.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"))
        let presigned = signer.presigned(AWSRequest(host: host), at: time, seconds: 60)
        #expect(presigned.target.contains("X-Amz-Security-Token=TOKEN%2B%2F%3D"))
    }

    @Test func keysAreEncodedOnceAndByByte() {
        let request = AWSRequest(host: host, path: "/a b/ü+&%{}~.json")
        #expect(request.target == "/a%20b/%C3%BC%2B%26%25%7B%7D~.json")
    }

    @Test func nothingShowsTheSecret() {
        let credentials = AWSCredentials(accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretKey: "topsecret", sessionToken: "token")
        #expect("\(credentials) \(String(reflecting: credentials))" == "AWSCredentials(AKIA…) AWSCredentials(AKIA…)")
    }
}

/// From the AWS Signature Version 4 test suite (`aws-sig-v4-test-suite`), service `service`.
@Suite struct AWSSignerSuiteTests {
    let signer = AWSSigner(
        credentials: AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1", service: "service")
    let time = AWSTimestamp(secondsSince1970: 1_440_938_160)
    let host = "example.amazonaws.com"

    @Test(arguments: [
        ("GET", [AWSRequest.Item](), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", [], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET", [AWSRequest.Item("Param2", "value2"), AWSRequest.Item("Param1", "value1")],
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        ),
    ])
    func vanilla(method: String, query: [AWSRequest.Item], signature: String) {
        let headers = signer.headers(for: AWSRequest(method: method, host: host, query: query), at: time)
        #expect(headers.map(\.name) == ["x-amz-date", "authorization"])
        #expect(
            headers.last?.value
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,SignedHeaders=host;x-amz-date,"
                + "Signature=\(signature)")
    }
}

@Suite struct AWSTimestampTests {
    @Test(arguments: [
        (0.0, "19700101T000000Z"), (951_782_399, "20000228T235959Z"), (951_782_400, "20000229T000000Z"),
        (1_440_938_160.9, "20150830T123600Z"), (4_107_542_399, "21000228T235959Z"), (4_107_542_400, "21000301T000000Z"),
        (-1, "19691231T235959Z"),
    ])
    func describes(seconds: Double, text: String) {
        let time = AWSTimestamp(secondsSince1970: seconds)
        #expect(time.description == text)
        #expect(time.day == text.prefix(8))
    }
}
