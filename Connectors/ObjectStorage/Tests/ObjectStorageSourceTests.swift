import ObjectStorageConnector
import PipeCore
import PipeTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct ObjectStorageSourceTests {
    typealias Output = RecordingOutput<ObjectStorageExtent>
    let bucket = BucketInMemory()
    let output = Output()
    let settings = LiveSettings()
    let clock = ManualClock()
    let log = RecordingLog()
    let lane = ObjectStorageSource.lane

    func source(_ pattern: String = "d/*.json", change: (inout ObjectStorageConfiguration) -> Void = { _ in }) throws -> ObjectStorageSource
    {
        var configuration = ObjectStorageConfiguration(type: .s3, format: .jsonEachRow, url: "http://bucket.test/bkt/\(pattern)")
        change(&configuration)
        return ObjectStorageSource(
            configuration, glob: try KeyGlob(parsing: pattern), listing: bucket,
            context: SourceContext(pipe: PipeID(rawValue: "p1"), settings: settings, clock: clock, log: log))
    }

    func start() -> Checkpoint<ObjectStorageExtent> { Checkpoint() }

    func checkpoint(after key: String) -> Checkpoint<ObjectStorageExtent> {
        Checkpoint(positions: [lane: ObjectStoragePosition(lastKey: key)])
    }

    func keys(_ batch: Batch<ObjectStorageExtent>) -> [String] { batch.extent.files.map(\.key) }
    var batches: [[String]] { output.current.batches.map(keys) }

    func load(_ batch: Batch<ObjectStorageExtent>) throws -> RemoteLoad {
        guard case .load(let load) = batch.payload else { throw PipeError("TEST", .bug, side: .penstock, "rows") }
        return load
    }

    @Test func oneOffLoadsEverythingInKeyOrderAndReturns() async throws {
        for name in ["b", "a", "Z", "ä", "a b", "10", "9"] { bucket.put("d/\(name).json") }
        for key in ["d/x.csv", "d/sub/a.json", "e/a.json", "d/dir/", "c.json"] { bucket.put(key) }
        bucket.change { $0.pageSize = 3 }
        settings.update(PipeSettings(["object_storage_max_file_count": 2]))
        try await source().read(from: start(), into: output)
        #expect(
            batches == [["d/10.json", "d/9.json"], ["d/Z.json", "d/a b.json"], ["d/a.json", "d/b.json"], ["d/ä.json"]])
        #expect(output.current.batches.map(\.reason) == [.files, .files, .files, .end])
        #expect(output.current.batches.allSatisfy { $0.lane == lane && $0.extent.end.lastKey == $0.extent.files.last?.key })
        #expect(Set(output.current.batches.map(\.id)).count == 4)
        #expect(log.lines.isEmpty)
    }

    @Test func theLoadSaysHowToRead() async throws {
        bucket.put("d/a.json")
        let source = try source {
            $0.format = .csv
            $0.delimiter = ";"
            $0.compression = .gzip
        }
        try await source.read(from: start(), into: output)
        let load = try load(try #require(output.current.batches.first))
        #expect(load.format == "CSV")
        #expect(load.delimiter == ";")
        #expect(load.compression == "gzip")
        #expect(load.objects.map(\.key) == ["d/a.json"])
        let credentials = S3Credentials(accessKeyID: "AKIA", secretKey: "s", sessionToken: "token-1")
        #expect(load.location == .s3(endpoint: "http://bucket.test/bkt", bucket: "bkt", credentials: credentials))
    }

    @Test func everyBatchGetsItsOwnCredentials() async throws {
        bucket.put("d/a.json")
        bucket.put("d/b.json")
        settings.update(PipeSettings(["object_storage_max_file_count": 1]))
        try await source().read(from: start(), into: output)
        let tokens = try output.current.batches.map { batch -> String? in
            guard case .s3(_, _, let credentials) = try load(batch).location else { return nil }
            return credentials?.sessionToken
        }
        #expect(tokens == ["token-1", "token-2"])
    }

    @Test func aLoadIsRenewedWithTheCredentialsOfTheMoment() async throws {
        bucket.put("d/a.json")
        let source = try source()
        try await source.read(from: start(), into: output)
        let emitted = try load(try #require(output.current.batches.first))
        let renewed = try await source.renewed(emitted)
        let credentials = S3Credentials(accessKeyID: "AKIA", secretKey: "s", sessionToken: "token-2")
        #expect(renewed.location == .s3(endpoint: "http://bucket.test/bkt", bucket: "bkt", credentials: credentials))
        #expect(renewed.objects == emitted.objects)
    }

    @Test func resumesAfterThePositionAndRespectsStartAfter() async throws {
        for name in "abcdef" { bucket.put("d/\(name).json") }
        try await source().read(from: checkpoint(after: "d/c.json"), into: output)
        #expect(batches == [["d/d.json", "d/e.json", "d/f.json"]])
        let second = Output()
        try await source { $0.startAfter = "d/e.json" }.read(from: checkpoint(after: "d/c.json"), into: second)
        #expect(second.current.batches.map(keys) == [["d/f.json"]])
        let third = Output()
        bucket.change { $0.ignoresStart = true }
        try await source { $0.startAfter = "d/a.json" }.read(from: checkpoint(after: "d/e.json"), into: third)
        #expect(third.current.batches.map(keys) == [["d/f.json"]])
        #expect(log.lines.isEmpty)
    }

    @Test func replaysPendingBatchesFirstAndUnchanged() async throws {
        for name in "abcd" { bucket.put("d/\(name).json") }
        settings.update(PipeSettings(["object_storage_max_file_count": 2]))
        try await source().read(from: start(), into: output)
        let before = output.current.batches
        #expect(before.count == 2)
        // The files are gone or changed since: the same batches are named again all the same.
        bucket.put("d/b.json", etag: "e2")
        bucket.put("d/e.json")
        settings.update(PipeSettings(["object_storage_max_file_count": 100]))
        let pending = before.map { PendingBatch(id: $0.id, lane: $0.lane, extent: $0.extent) }
        let again = Output()
        try await source().read(from: Checkpoint(pending: pending), into: again)
        #expect(again.current.batches.map(\.id).prefix(2) == before.map(\.id).prefix(2))
        #expect(again.current.batches.map(\.extent).prefix(2) == before.map(\.extent).prefix(2))
        #expect(again.current.batches.map(\.reason) == [.replay, .replay, .end])
        #expect(again.current.batches.map(keys) == [["d/a.json", "d/b.json"], ["d/c.json", "d/d.json"], ["d/e.json"]])
        #expect(again.current.rejected.isEmpty)
    }

    @Test func refusedFilesReachTheErrorTableAndTheArchive() async throws {
        settings.update(PipeSettings(["object_storage_max_insert_bytes": 10_485_760]))
        bucket.put("d/a.json")
        bucket.put("d/big.json", size: 10_485_761, etag: "big")
        try await source().read(from: start(), into: output)
        let recorded = output.current
        #expect(recorded.batches.count == 1)
        #expect(recorded.rejected.map(\.code) == [.fileTooLarge])
        #expect(recorded.rejected.first?.locator == ["path": "d/big.json", "etag": "big", "size": "10485761"])
        #expect(recorded.rejected.first?.reason.contains("object_storage_max_insert_bytes (10485760)") == true)
        let batch = try #require(recorded.batches.first)
        #expect(try load(batch).objects.map(\.key) == ["d/a.json"])
        #expect(batch.extent.end.lastKey == "d/big.json")
        #expect(batch.extent.archive.map(\.outcome) == [.ingested, .rejected])
        // Settled: neither loaded nor refused again. Pending: the same batch and the same record again.
        let settled = Output()
        try await source().read(from: checkpoint(after: batch.extent.end.lastKey), into: settled)
        #expect(settled.current.batches.isEmpty && settled.current.rejected.isEmpty)
        let replay = Output()
        let pending = PendingBatch(id: batch.id, lane: lane, extent: batch.extent)
        try await source().read(from: Checkpoint(pending: [pending]), into: replay)
        #expect(replay.current.batches.map(\.id) == [batch.id])
        #expect(replay.current.rejected == recorded.rejected)
    }

    @Test func batchesWithNothingToLoadAreEmittedToo() async throws {
        settings.update(PipeSettings(["object_storage_max_insert_bytes": 10_485_760]))
        bucket.put("d/big.json", size: 10_485_761)
        bucket.put("d/empty.json", size: 0)
        try await source().read(from: start(), into: output)
        let batch = try #require(output.current.batches.first)
        #expect(output.current.batches.count == 1)
        #expect(try load(batch).objects.isEmpty)
        #expect(batch.extent.archive.map { "\($0.object.key) \($0.outcome)" } == ["d/empty.json ingested", "d/big.json rejected"])
    }

    @Test func anExtentSurvivesItsJournal() async throws {
        let extent = ObjectStorageExtent(
            end: ObjectStoragePosition(lastKey: "ü\u{1}\"/"),
            files: [RemoteObject(key: "a \u{7f}é", size: 5_000_000_000, etag: "e-2", lastModified: "t")],
            refused: [.init(object: RemoteObject(key: "e\u{301}", size: 1, etag: "", lastModified: ""), reason: "r")])
        let text = try JSONText.encode(extent)
        let back = try JSONText.decode(ObjectStorageExtent.self, from: text)
        #expect(back == extent)
        #expect(Array(back.files[0].key.utf8) == Array(extent.files[0].key.utf8))
    }

    @Test func aGlobWithoutMatchesWarnsAndCompletes() async throws {
        bucket.put("d/a.csv")
        try await source().read(from: start(), into: output)
        #expect(output.current.batches.isEmpty)
        #expect(log.lines.map(\.level) == [.warning])
        #expect(log.lines.first?.message == "source.objectStorage.url matches no object: 1 keys begin with 'd/'")
    }

    @Test func anExactKeyIsNotListed() async throws {
        bucket.put("d/a.json")
        bucket.put("d/a.json.bak")
        try await source("d/a.json").read(from: start(), into: output)
        #expect(batches == [["d/a.json"]])
        #expect(bucket.pagesAsked.isEmpty)
        let again = Output()
        try await source("d/a.json").read(from: checkpoint(after: "d/a.json"), into: again)
        #expect(again.current.batches.isEmpty)
        #expect(log.lines.isEmpty)
    }

    @Test func continuousListsAgainAfterTheIntervalFromTheLastKey() async throws {
        bucket.put("d/a.json")
        let source = try source { $0.isContinuous = true }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await source.read(from: start(), into: output) }
            try await clock.untilSomebodySleeps()
            #expect(batches == [["d/a.json"]])
            #expect(output.current.lags.last == SourceLag(items: 0, bytes: 0))
            bucket.put("d/b.json")
            bucket.put("d/0-too-late.json")
            clock.advance(by: .milliseconds(29_999))
            #expect(bucket.pagesAsked == [nil])
            clock.advance(by: .milliseconds(1))
            try await output.wait { $0.batches.count == 2 }
            try await clock.untilSomebodySleeps()
            clock.advance(by: .seconds(30))
            try await clock.untilSomebodySleeps()
            #expect(batches == [["d/a.json"], ["d/b.json"]])
            #expect(bucket.pagesAsked == [nil, "d/a.json", "d/b.json"])
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }

    @Test func aShorterIntervalAppliesAtOnce() async throws {
        let source = try source { $0.isContinuous = true }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await source.read(from: start(), into: output) }
            try await clock.untilSomebodySleeps()
            bucket.put("d/a.json")
            clock.advance(by: .seconds(2))
            #expect(batches.isEmpty)
            settings.update(PipeSettings(["object_storage_polling_interval_ms": 1000]))
            try await output.wait { $0.batches.count == 1 }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }

    @Test func batchSizesApplyFromTheNextBatch() async throws {
        for name in "abcdef" { bucket.put("d/\(name).json") }
        settings.update(PipeSettings(["object_storage_max_file_count": 1]))
        let narrow = Output(capacity: 1)
        let source = try source()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await source.read(from: start(), into: narrow) }
            try await narrow.wait { $0.batches.count == 2 }
            // Blocked in emit: the source holds no more than one batch, and stops at once.
            #expect(narrow.current.batches.map(keys) == [["d/a.json"], ["d/b.json"]])
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        settings.update(PipeSettings(["object_storage_max_file_count": 3]))
        try await source.read(from: checkpoint(after: "d/a.json"), into: output)
        #expect(batches == [["d/b.json", "d/c.json", "d/d.json"], ["d/e.json", "d/f.json"]])
    }

    @Test func emitsWhileItPages() async throws {
        for number in 10..<30 { bucket.put("d/\(number).json") }
        bucket.change { $0.pageSize = 5 }
        settings.update(PipeSettings(["object_storage_max_file_count": 5]))
        let blocked = Output(capacity: 0)
        let source = try source()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await source.read(from: start(), into: blocked) }
            try await blocked.wait { $0.batches.count == 1 }
            #expect(bucket.pagesAsked.count == 1)
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }

    @Test func listingTroubleIsThrownForTheRunner() async throws {
        bucket.change { $0.failure = ObjectStorageError(.sourceUnreachable, .retry, "url", "failed to access the bucket") }
        let source = try source()
        let error = try await #require(throws: PipeError.self) { try await source.read(from: start(), into: output) }
        #expect(error.disposition == .retry)
        #expect(error.side == .source)
        #expect(error.code == .sourceUnreachable)
        #expect(error.message == "source.objectStorage.url failed to access the bucket")
    }
}
