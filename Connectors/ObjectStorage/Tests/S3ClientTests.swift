import CloudSigning
import FoundationEssentials
import ObjectStorageConnector
import PipeCore
import Synchronization
import Testing

/// Answers for S3 and STS.
final class TransportInMemory: HTTPTransport {
    private let answers: @Sendable (TransportRequest) throws -> TransportReply
    private let asked = Mutex<[TransportRequest]>([])

    init(_ answers: @escaping @Sendable (TransportRequest) throws -> TransportReply) { self.answers = answers }

    var requests: [TransportRequest] { asked.withLock { $0 } }

    func send(_ request: TransportRequest) async throws -> TransportReply {
        asked.withLock { $0.append(request) }
        return try answers(request)
    }
}

@Suite struct S3ClientTests {
    static let key = S3Authority.key(AWSCredentials(accessKeyID: "AKIA", secretKey: "topsecret"))
    static let empty = TransportReply(
        status: 200, body: Array("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>".utf8))

    static func error(_ status: Int, _ xml: String, headers: [String: String] = [:]) -> TransportReply {
        TransportReply(status: status, headers: headers, body: Array("<Error>\(xml)</Error>".utf8))
    }

    func client(_ url: String, _ authority: S3Authority = key, _ transport: TransportInMemory) throws -> S3Client {
        S3Client(try S3Location(url: url), as: authority, transport: transport, now: { Date(timeIntervalSince1970: 1_369_353_600) })
    }

    @Test func asksForAPage() async throws {
        let transport = TransportInMemory { _ in Self.empty }
        let client = try client("https://s3.eu-west-1.amazonaws.com/bkt/d/*", Self.key, transport)
        _ = try await client.page(prefix: "d/ ü", after: "d/a+b", continuation: nil)
        _ = try await client.page(prefix: "d/", after: "d/a", continuation: "to/ken=")
        #expect(
            transport.requests.map(\.url) == [
                "https://s3.eu-west-1.amazonaws.com/bkt?encoding-type=url&list-type=2&max-keys=1000&prefix=d%2F%20%C3%BC&start-after=d%2Fa%2Bb",
                "https://s3.eu-west-1.amazonaws.com/bkt?continuation-token=to%2Fken%3D&encoding-type=url&list-type=2&max-keys=1000&prefix=d%2F",
            ])
        let authorization = transport.requests.first?.headers.first { $0.name == "authorization" }?.value ?? ""
        #expect(authorization.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIA/20130524/eu-west-1/s3/aws4_request,"))
    }

    @Test func anonymousRequestsAreNotSigned() async throws {
        let transport = TransportInMemory { _ in Self.empty }
        _ = try await client("s3://bkt/*", .anonymous, transport).page(prefix: "", after: nil, continuation: nil)
        #expect(transport.requests.first?.headers.isEmpty == true)
    }

    @Test(arguments: [
        TransportReply(status: 301, headers: ["x-amz-bucket-region": "eu-west-1"]),
        error(301, "<Code>PermanentRedirect</Code><Message>m</Message><Endpoint>bkt.s3-eu-west-1.amazonaws.com</Endpoint>"),
        error(400, "<Code>AuthorizationHeaderMalformed</Code><Message>m</Message><Region>eu-west-1</Region>"),
    ])
    func followsTheBucketToItsRegionOnce(first: TransportReply) async throws {
        let transport = TransportInMemory { $0.url.contains("eu-west-1") ? Self.empty : first }
        let client = try client("s3://bkt/*", Self.key, transport)
        _ = try await client.page(prefix: "", after: nil, continuation: nil)
        _ = try await client.page(prefix: "", after: nil, continuation: nil)
        #expect(
            transport.requests.map { String($0.url.prefix { $0 != "?" }) }.dropFirst() == [
                "https://s3.eu-west-1.amazonaws.com/bkt", "https://s3.eu-west-1.amazonaws.com/bkt",
            ])
        let location = try await client.remoteLocation()
        #expect(
            location
                == .s3(
                    endpoint: "https://s3.eu-west-1.amazonaws.com/bkt", bucket: "bkt",
                    credentials: S3Credentials(accessKeyID: "AKIA", secretKey: "topsecret")))
    }

    @Test func aBucketThatIsNowhereNamesTheRegion() async throws {
        let transport = TransportInMemory { _ in TransportReply(status: 301, headers: ["x-amz-bucket-region": "eu-west-1"]) }
        let client = try client("s3://bkt/*", Self.key, transport)
        let error = try await #require(throws: ObjectStorageError.self) { try await client.page(prefix: "", after: nil, continuation: nil) }
        #expect(transport.requests.count == 2)
        #expect(error.message.contains("the bucket is in the region 'eu-west-1'"))
        #expect(error.disposition == .user)
    }

    @Test func anotherProviderIsSignedForItsRegion() async throws {
        let transport = TransportInMemory { request in
            let isRight = request.headers.contains { $0.name == "authorization" && $0.value.contains("/home/s3/") }
            return isRight ? Self.empty : Self.error(400, "<Code>AuthorizationHeaderMalformed</Code><Region>home</Region>")
        }
        _ = try await client("http://minio:9000/bkt/*", Self.key, transport).page(prefix: "", after: nil, continuation: nil)
        #expect(transport.requests.allSatisfy { $0.url.hasPrefix("http://minio:9000/bkt?") })
        #expect(transport.requests.count == 2)
    }

    @Test(arguments: [
        (404, "NoSuchBucket", PipeError.Code.sourceMissing, Disposition.user, "url", "the bucket 'bkt' does not exist"),
        (403, "AccessDenied", .sourceDenied, .user, "authentication", "is not authorized for listing; grant s3:ListBucket"),
        (403, "InvalidAccessKeyId", .sourceDenied, .user, "accessKey.accessKeyId", "unknown"),
        (403, "SignatureDoesNotMatch", .sourceDenied, .user, "accessKey.secretKey", "secret does not belong"),
        (403, "RequestTimeTooSkewed", .sourceDenied, .retry, "url", "clock"),
        (400, "ExpiredToken", .sourceDenied, .retry, "iamRole", "no longer valid"),
        (503, "SlowDown", .sourceUnreachable, .retry, "url", "busy"),
        (500, "InternalError", .sourceUnreachable, .retry, "url", "busy"),
        (429, "", .sourceUnreachable, .retry, "url", "HTTP 429"),
        (501, "NotImplemented", .sourceMissing, .user, "url", "does not support listing"),
        (400, "Strange", .sourceDenied, .user, "url", "refused listing (Strange: m)"),
    ])
    func explains(
        status: Int, code: String, expected: PipeError.Code, disposition: Disposition, field: String, words: String
    ) async throws {
        let transport = TransportInMemory { _ in
            code.isEmpty ? TransportReply(status: status) : Self.error(status, "<Code>\(code)</Code><Message>m</Message>")
        }
        let client = try client("http://h/bkt/*", Self.key, transport)
        let error = try await #require(throws: ObjectStorageError.self) { try await client.page(prefix: "", after: nil, continuation: nil) }
        #expect(error.code == expected)
        #expect(error.disposition == disposition)
        #expect(error.field.description == "source.objectStorage.\(field)")
        #expect(error.message.hasPrefix("failed to access http://h/bkt"))
        #expect(error.message.contains(words), "\(error.message)")
        #expect(!error.message.contains("topsecret"))
    }

    @Test func anonymousUsersAreToldToAuthenticate() async throws {
        let transport = TransportInMemory { _ in Self.error(403, "<Code>AccessDenied</Code><Message>m</Message>") }
        let client = try client("http://h/bkt/*", .anonymous, transport)
        let error = try await #require(throws: ObjectStorageError.self) { try await client.page(prefix: "", after: nil, continuation: nil) }
        #expect(error.message.contains("anonymous access is not authorized"))
        #expect(error.message.contains("source.objectStorage.authentication"))
    }

    @Test func whatIsNoListingIsTriedAgain() async throws {
        let transport = TransportInMemory { _ in TransportReply(status: 200, body: Array("<html>welcome to the proxy</html>".utf8)) }
        let client = try client("http://h/bkt/*", Self.key, transport)
        let error = try await #require(throws: ObjectStorageError.self) { try await client.page(prefix: "", after: nil, continuation: nil) }
        #expect(error.disposition == .retry)
        #expect(error.message.contains("is not a listing"))
    }

    @Test func listingsOutOfOrderAreRefused() async throws {
        @Sendable func entry(_ key: String) -> String { "<Contents><Key>\(key)</Key><Size>1</Size></Contents>" }
        let transport = TransportInMemory { _ in
            TransportReply(status: 200, body: Array("<ListBucketResult>\(entry("b"))\(entry("a"))</ListBucketResult>".utf8))
        }
        var keys = MatchingKeys(try client("http://h/bkt/*", Self.key, transport), glob: try KeyGlob(parsing: "*"), after: nil)
        let error = try await #require(throws: ObjectStorageError.self) { try await keys.nextPage() }
        #expect(error.message.contains("out of the order"))
    }
}

@Suite struct RoleCredentialsTests {
    static let environment = ["AWS_ACCESS_KEY_ID": "AKIAOWN", "AWS_SECRET_ACCESS_KEY": "own", "AWS_SESSION_TOKEN": "own-token"]
    static let start = 1_767_225_600.0

    static func issued(_ number: Int, end: String) -> TransportReply {
        TransportReply(
            status: 200,
            body: Array(
                """
                <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
                <AccessKeyId>ASIA\(number)</AccessKeyId><SecretAccessKey>s\(number)</SecretAccessKey><SessionToken>t\(number)</SessionToken>
                <Expiration>\(end)</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
                """.utf8))
    }

    @Test func renewsBeforeTheEnd() async throws {
        let now = Mutex(Self.start)
        let count = Mutex(0)
        let transport = TransportInMemory { _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return Self.issued(number, end: number == 1 ? "2026-01-01T01:00:00Z" : "2026-01-01T01:30:00.123456Z")
        }
        let role = RoleCredentials(
            role: "arn:aws:iam::1:role/r", session: "p1", environment: Self.environment, transport: transport,
            now: { Date(timeIntervalSince1970: now.withLock { $0 }) })
        #expect(try await role.credentials().sessionToken == "t1")
        now.withLock { $0 += 1799 }
        #expect(try await role.credentials().sessionToken == "t1")
        now.withLock { $0 += 1 }
        #expect(try await role.credentials() == AWSCredentials(accessKeyID: "ASIA2", secretKey: "s2", sessionToken: "t2"))
        now.withLock { $0 += 1799 }
        #expect(try await role.credentials().sessionToken == "t2")
        #expect(transport.requests.count == 2)
        let request = try #require(transport.requests.first)
        #expect(request.url == "https://sts.us-east-1.amazonaws.com/")
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "Action=AssumeRole&DurationSeconds=3600&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=clickpipes-p1&Version=2011-06-15"
        )
        #expect(request.headers.contains { $0 == ("x-amz-security-token", "own-token") })
        #expect(request.headers.contains { $0.name == "authorization" && $0.value.contains("AKIAOWN/20260101/us-east-1/sts/aws4_request") })
    }

    @Test func usesTheRegionAndTheEndpointOfTheEnvironment() async throws {
        for (extra, url) in [
            (["AWS_REGION": "eu-west-1"], "https://sts.eu-west-1.amazonaws.com/"),
            (["AWS_DEFAULT_REGION": "cn-north-1"], "https://sts.cn-north-1.amazonaws.com.cn/"),
            (["AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9/"], "http://127.0.0.1:9/"),
        ] {
            let transport = TransportInMemory { _ in Self.issued(1, end: "2026-01-01T01:00:00Z") }
            let role = RoleCredentials(
                role: "r", session: "p", environment: Self.environment.merging(extra) { $1 }, transport: transport,
                now: { Date(timeIntervalSince1970: Self.start) })
            _ = try await role.credentials()
            #expect(transport.requests.map(\.url) == [url])
        }
    }

    @Test(arguments: [[:], ["AWS_ACCESS_KEY_ID": "a"], ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": ""]])
    func saysWhatToSetInTheEnvironment(environment: [String: String]) async throws {
        let role = RoleCredentials(
            role: "r", session: "p", environment: environment, transport: TransportInMemory { _ in S3ClientTests.empty })
        let error = try await #require(throws: ObjectStorageError.self) { try await role.credentials() }
        #expect(error.disposition == .user)
        #expect(error.field.description == "source.objectStorage.iamRole")
        #expect(error.message.contains("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"))
    }

    @Test(arguments: [
        (
            403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>m</Message></Error></ErrorResponse>", Disposition.user,
            "is not authorized"
        ),
        (400, "<ErrorResponse><Error><Code>Throttling</Code><Message>m</Message></Error></ErrorResponse>", .retry, "Throttling"),
        (503, "<a/>", .retry, "HTTP 503"), (502, "bad gateway", .retry, "no XML"),
        (200, "<AssumeRoleResponse/>", .retry, "without complete credentials"),
    ])
    func explains(status: Int, body: String, disposition: Disposition, words: String) async throws {
        let transport = TransportInMemory { _ in TransportReply(status: status, body: Array(body.utf8)) }
        let role = RoleCredentials(role: "arn:r", session: "p", environment: Self.environment, transport: transport)
        let error = try await #require(throws: ObjectStorageError.self) { try await role.credentials() }
        #expect(error.disposition == disposition)
        #expect(error.field.description == "source.objectStorage.iamRole")
        #expect(error.message.contains("AssumeRole") && error.message.contains(words), "\(error.message)")
    }
}
