import CloudSigning
import ObjectStorageConnector
import PipeCore
import PipeTesting
import Testing

@Suite(.enabled("no S3 at PENSTOCK_TEST_S3") { await TestStore.open.isWanted() }, .timeLimit(.minutes(2)))
struct S3ClientMotoTests {
    let store = TestStore.open

    func client(_ bucket: String, _ pattern: String = "**") throws -> S3Client {
        S3Client(
            try S3Location(url: "\(store.base)/\(bucket)/\(pattern)"), as: .key(AWSCredentials(accessKeyID: "test", secretKey: "test")))
    }

    func all(_ client: S3Client, _ glob: KeyGlob, after: String? = nil) async throws -> [String] {
        var keys = MatchingKeys(client, glob: glob, after: after)
        var found: [String] = []
        while !keys.isFinished { found += try await keys.nextPage().map(\.key) }
        return found
    }

    @Test func pagesThroughMoreThanAThousandKeys() async throws {
        let names = (0..<1203).map { "logs/\(String(10_000 + $0).dropFirst()).json" }
        let bucket = try await store.bucket(names + ["other/a.json", "logs/x.csv"])
        let client = try client(bucket)
        let glob = try KeyGlob(parsing: "logs/*.json")
        #expect(try await all(client, glob) == names)
        #expect(try await all(client, glob, after: "logs/1199.json") == ["logs/1200.json", "logs/1201.json", "logs/1202.json"])
        #expect(try await all(client, glob, after: "logs/9") == [])
        let first = try await client.page(prefix: "logs/", after: nil, continuation: nil)
        #expect(first.objects.count == 1000)
        let object = try #require(first.objects.first)
        #expect(object.size == 8)
        #expect(object.etag.utf8.count == 32 && !object.etag.contains("\""))
        #expect(object.lastModified.hasSuffix("Z"))
        // The same object, asked for by key.
        let asked = try await client.object(object.key)
        #expect(asked?.size == object.size)
        #expect(asked?.etag == object.etag)
        #expect(asked?.lastModified.prefix(19) == object.lastModified.prefix(19))
    }

    @Test func oddKeysSurvive() async throws {
        let keys = [
            "a b.json", "a+b&c=d.json", "percent%20%.json", "{x,y}.json", "ü/ö 😀.json", "q?x#y.json", "\"quote'<>.json", "dir//x.json",
        ]
        let bucket = try await store.bucket(keys)
        let client = try client(bucket)
        let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(try await all(client, KeyGlob(parsing: "**")) == sorted)
        for key in keys {
            #expect(try await client.object(key)?.key == key)
            try await client.checkReadable(key)
            #expect(
                try await all(client, KeyGlob(parsing: "**"), after: key) == sorted.filter { key.utf8.lexicographicallyPrecedes($0.utf8) })
        }
        #expect(try await all(client, KeyGlob(parsing: "%7Bx,y%7D.json")) == ["{x,y}.json"])
    }

    @Test func tellsWhatIsMissing() async throws {
        let bucket = try await store.bucket(["a.json"])
        #expect(try await client(bucket).object("nope.json") == nil)
        let missing = try client("it-no-such-bucket")
        for _ in 0..<2 {
            let error = try await #require(throws: ObjectStorageError.self) {
                try await missing.page(prefix: "", after: nil, continuation: nil)
            }
            #expect(error.code == .sourceMissing)
            #expect(error.disposition == .user)
            #expect(error.field.description == "source.objectStorage.url")
            #expect(error.message.contains("the bucket 'it-no-such-bucket' does not exist"))
            let byKey = try await #require(throws: ObjectStorageError.self) { try await missing.object("a.json") }
            #expect(byKey.message.contains("does not exist"))
        }
    }

    @Test func saysThatNobodyAnswers() async throws {
        let client = S3Client(try S3Location(url: "http://127.0.0.1:1/bkt/**"), as: .anonymous)
        let error = try await #require(throws: ObjectStorageError.self) { try await client.page(prefix: "", after: nil, continuation: nil) }
        #expect(error.disposition == .retry)
        #expect(error.message.hasPrefix("failed to access http://127.0.0.1:1/bkt: 127.0.0.1:1 refused the connection"))
        let unknown = S3Client(try S3Location(url: "http://no-such-host.invalid/bkt/**"), as: .anonymous)
        let lost = try await #require(throws: ObjectStorageError.self) { try await unknown.page(prefix: "", after: nil, continuation: nil) }
        #expect(lost.disposition == .retry)
        #expect(lost.message.contains("no such host: no-such-host.invalid"))
    }

    @Test func aCancelledSourceStops() async throws {
        let bucket = try await store.bucket(["a.json"])
        let configuration = ObjectStorageConfiguration(
            type: .s3, format: .jsonEachRow, url: "\(store.base)/\(bucket)/*.json", isContinuous: true)
        let clock = ManualClock()
        let source = try configuration.makeSource(
            SourceContext(pipe: PipeID(rawValue: "p"), settings: LiveSettings(), clock: clock, log: RecordingLog()))
        let output = RecordingOutput<ObjectStorageExtent>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await source.read(from: Checkpoint(), into: output) }
            try await clock.untilSomebodySleeps()
            #expect(output.current.batches.flatMap { $0.extent.files.map(\.key) } == ["a.json"])
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }

    @Test func probes() async throws {
        let bucket = try await store.bucket(["d/a.json", "d/b.json"])
        func findings(_ url: String, change: (inout ObjectStorageConfiguration) -> Void = { _ in }) async -> [Finding] {
            var configuration = ObjectStorageConfiguration(
                type: .s3, format: .jsonEachRow, url: url, authentication: .iamUser,
                accessKey: AccessKey(accessKeyId: "test", secretKey: "test"))
            change(&configuration)
            return await configuration.probe(ProbeContext())
        }
        let url = FieldPath("source.objectStorage.url")
        #expect(await findings("\(store.base)/\(bucket)/d/*.json") == [])
        #expect(await findings("\(store.base)/\(bucket)/d/a.json") == [])
        let none = await findings("\(store.base)/\(bucket)/d/*.csv")
        #expect(none.map(\.severity) == [.failure])
        #expect(none.first?.field == url)
        #expect(none.first?.message.contains("matches no object: 2 keys begin with 'd/'") == true)
        #expect(await findings("\(store.base)/\(bucket)/d/c.json").first?.message == "matches no object: 'd/c.json' does not exist")
        #expect(await findings("\(store.base)/\(bucket)/d/*.csv") { $0.isContinuous = true }.map(\.severity) == [.hint])
        let missing = await findings("\(store.base)/it-no-such-bucket/d/*.csv")
        #expect(missing.map(\.severity) == [.failure])
        #expect(missing.first?.message.contains("does not exist") == true)
        #expect(await findings("s3://x/y").map(\.field) == [url])
        let gcs = await findings("gs://bkt/y") { $0.type = .gcs }
        #expect(gcs.map(\.field.description) == ["source.objectStorage.type"])
        #expect(gcs.first?.message.contains("does not support") == true)
        let queue = await findings("\(store.base)/\(bucket)/d/*.json") { $0.queueUrl = "https://sqs.x.amazonaws.com/123456789012/q" }
        #expect(queue.map(\.field.description) == ["source.objectStorage.queueUrl"])
    }

    @Test func samplesTheFirstFilesWithContent() async throws {
        let bucket = try await store.bucket((0..<9).map { "d/\($0).json" })
        try await store.put("d/0.json", in: bucket, body: "")
        let configuration = ObjectStorageConfiguration(type: .s3, format: .jsonEachRow, url: "\(store.base)/\(bucket)/d/*.json")
        guard case .load(let load) = try await configuration.sample(ProbeContext()) else {
            Issue.record("rows")
            return
        }
        #expect(load.objects.map(\.key) == ["d/1.json", "d/2.json", "d/3.json"])
        #expect(load.location == .s3(endpoint: "\(store.base)/\(bucket)", bucket: bucket, credentials: nil))
        #expect(load.format == "JSONEachRow")
        #expect(load.compression == "auto")
    }
}
