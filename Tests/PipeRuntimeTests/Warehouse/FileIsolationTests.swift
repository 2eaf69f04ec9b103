import ClickHouse
import Logging
import PipeCore
import PipeRuntime
import Testing

@Suite(.enabled("needs ClickHouse and an S3 store") { await TestServers.isAvailable() })
struct FileIsolationTests {
    @Test func leavesBadFilesOutAndLoadsTheRest() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree ORDER BY id")
            var objects = [
                try await fixture.put(key: "1 bad.json", "{\"id\":1}\n{\"id\":\"x\"}\n"),
                try await fixture.put(key: "2.json", "{\"id\":2}\n"),
                try await fixture.put(key: "3.json", "not json"), try await fixture.put(key: "4.json.gz", "not gzip"),
                try await fixture.put(key: "5.json", "{\"id\":5}\n"), try await fixture.put(key: "e.json", ""),
            ]
            objects.append(RemoteObject(key: "gone.json", size: 1, etag: "g", lastModified: ""))
            objects.append(RemoteObject(key: "a//b.json", size: 1, etag: "h", lastModified: ""))
            let warehouse = try fixture.warehouse(fixture.spec())
            let progress = TestProgress()
            let result = try await warehouse.loaded(fixture.load(objects), "b1", progress)
            #expect(result.rows == 2)
            #expect(
                Set(result.rejected.compactMap { $0.locator["path"] }) == ["1 bad.json", "3.json", "4.json.gz", "gone.json", "a//b.json"])
            let first = result.rejected.first { $0.locator["path"] == "1 bad.json" }
            #expect(first?.code == .dataParsing)
            #expect(first?.locator["row"] == "2")
            #expect(first?.reason.contains("Cannot parse") == true)
            #expect(result.rejected.first { $0.locator["path"] == "gone.json" }?.code == .sourceMissing)
            #expect(try await fixture.answer("SELECT groupArray(id) FROM (SELECT id FROM $db.t ORDER BY id)") == "[2,5]")
            // The same again adds neither rows nor errors.
            #expect(try await warehouse.loaded(fixture.load(objects), "b1", progress) == result)
            #expect(try await fixture.answer("SELECT count(), uniqExact(locator['path']) FROM $db.t_clickpipes_error") == "5\t5")
            #expect(try await fixture.answer("SELECT count() FROM $db.t") == "2")
        }
    }

    @Test(arguments: ["Parquet", "Avro", "CSV"])
    func findsBadFilesThatTheServerDoesNotName(format: String) async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree ORDER BY id")
            let good = try await fixture.write(key: "good", format: format, select: "SELECT toInt64(7) AS id, 's' AS s")
            let bad = try await fixture.put(key: "bad", "PAR1 no such thing")
            let result = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([good, bad], format: format), "b1")
            #expect(result.rows == 1)
            #expect(result.rejected.map { $0.locator["path"] } == ["bad"])
        }
    }

    @Test func settlesABatchOfOnlyBadFiles() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree ORDER BY id")
            let bad = try await fixture.put(key: "bad", "{")
            let result = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([bad]), "b1")
            #expect(result.rows == 0)
            #expect(result.rejected.count == 1)
            #expect(try await fixture.staged() == "0")
        }
    }

    @Test func blamesTheSourceWhenTheBucketIsGoneOrSilent() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree ORDER BY id")
            let object = RemoteObject(key: "x", size: 1, etag: "", lastModified: "")
            func attempt(_ endpoint: String) async -> PipeError? {
                await #expect(throws: PipeError.self) {
                    let load = RemoteLoad(
                        objects: [object],
                        location: .s3(
                            endpoint: endpoint, bucket: "no-such-bucket",
                            credentials: S3Credentials(accessKeyID: "test", secretKey: "topsecret")),
                        format: "JSONEachRow")
                    _ = try await fixture.warehouse(fixture.spec()).loaded(load, "b1")
                }
            }
            let gone = await attempt("\(TestServers.s3)/no-such-bucket")
            #expect(gone?.code == .sourceMissing)
            #expect(gone?.disposition == .user)
            let silent = await attempt("http://127.0.0.1:1/no-such-bucket")
            #expect(silent?.code == .sourceUnreachable)
            #expect(silent?.disposition == .retry)
            #expect(silent.map { !String(reflecting: $0).contains("topsecret") } == true)
            #expect(try await fixture.staged() == "0")
        }
    }

    @Test func blamesTheDestinationWhenNoFileIsBad() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree ORDER BY id")
            try await fixture.run("CREATE MATERIALIZED VIEW $db.v ENGINE = MergeTree ORDER BY n AS SELECT toUInt8(s) AS n FROM $db.t")
            let object = try await fixture.put(key: "f", "{\"id\":1,\"s\":\"no number\"}\n")
            let error = await #expect(throws: PipeError.self) {
                _ = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1")
            }
            #expect(error?.disposition == .user)
            #expect(try await fixture.answer("SELECT count() FROM $db.t") == "0")
        }
    }

    @Test(.timeLimit(.minutes(2))) func settlesManyBadFilesQuickly() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree ORDER BY id")
            var objects: [RemoteObject] = []
            for number in 0..<100 { objects.append(try await fixture.put(key: "bad \(number)", "{\"id\":")) }
            let all = try await fixture.warehouse(fixture.spec()).loaded(fixture.load(objects), "b1")
            #expect(all.rows == 0)
            #expect(all.rejected.count == 100)
            #expect(try await fixture.answer("SELECT count(), uniqExact(record_key) FROM $db.t_clickpipes_error") == "100\t100")
            #expect(try await fixture.staged() == "0")
        }
    }

    /// The rejected files of a batch that is already in the target are written before the batch counts as done, or it is repeated.
    @Test func doesNotSettleWhileTheErrorTableIsOutOfReach() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree ORDER BY id")
            let bad = try await fixture.put(key: "bad", "{")
            let progress = TestProgress()
            #expect(try await fixture.warehouse(fixture.spec()).loaded(fixture.load([bad]), "b1", progress).rejected.count == 1)
            try await fixture.run("DROP TABLE $db.t_clickpipes_error SYNC")
            let dead = try ClickHouseClient(ClickHouseConnection(url: "http://127.0.0.1:1"), logger: Logger(label: "test"))
            let directory = ServiceDirectory()
            directory.add(service: "s", client: dead)
            let spec = try fixture.spec()
            let cutOff = try directory.warehouse(for: spec, settings: LiveSettings(spec.settings), log: TestLog())
            let error = await #expect(throws: PipeError.self) { _ = try await cutOff.loaded(fixture.load([bad]), "b1", progress) }
            try await dead.shutdown()
            #expect(error?.disposition == .retry)
            #expect(try await fixture.warehouse(spec).loaded(fixture.load([bad]), "b1", progress).rejected.count == 1)
            #expect(try await fixture.answer("SELECT count() FROM $db.t_clickpipes_error") == "1")
        }
    }
}
