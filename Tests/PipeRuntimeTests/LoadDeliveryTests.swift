import PipeCore
import PipeRuntime
import PipeTesting
import Testing

/// Batches that the warehouse fetches by itself, through the runner.
@Suite(.timeLimit(.minutes(5))) struct LoadDeliveryTests {
    @Test func loadsAreDeliveredOnceAndArchived() async throws {
        let warehouse = InMemoryWarehouse(deduplicates: false)
        let harness = RunHarness(Script(rows: [:]), warehouse: warehouse)
        let end = await harness.run(ListedSource(keys: ["a", "b", "c"]))
        #expect(end.isFinished)
        #expect(warehouse.current.loads.map { $0.load.objects.map(\.key) } == [["a"], ["b"], ["c"]])
        let saved = try await harness.store.load(harness.pipe)
        #expect(saved.pending.isEmpty && saved.positions == [ListedSource.lane: ["key": "c"]])
        let values = harness.metrics.values
        #expect(values.sentEvents == 3 && values.fetchedEvents == 3)
        #expect(values.sentBytes == 30 && values.fetchedBytesCompressed == 30 && values.sentBytesCompressed == 30)
        #expect(values.flushes == [.files: 3])
    }

    @Test func everyTryOfALoadHasFreshCredentials() async throws {
        let warehouse = InMemoryWarehouse()
        warehouse.failNext(.retry(.destination), .retry(.destination))
        let source = ListedSource(keys: ["a"])
        let end = await RunHarness(Script(rows: [:]), warehouse: warehouse, clock: ManualClock(.immediate)).run(source)
        #expect(end.isFinished)
        #expect(source.renewals.value == 3)
        #expect(warehouse.current.loads.map(\.load.location) == [ListedSource.location(session: 3)])
    }

    @Test func credentialsThatCannotBeRenewedAreTheSourcesTrouble() async throws {
        let source = ListedSource(keys: ["a"])
        source.failRenewals(.retry(.source, "STS is down"))
        let end = await RunHarness(Script(rows: [:]), clock: ManualClock(.immediate)).run(source)
        let error = try #require(end.error)
        #expect(error.side == .source)
        #expect(error.message.hasPrefix("gave up after 1 h") && error.message.contains("STS is down"))
    }

    @Test func aStoppedLoadKeepsItsNoteAndIsRepeated() async throws {
        let warehouse = InMemoryWarehouse()
        warehouse.hang()
        let harness = RunHarness(Script(rows: [:]), warehouse: warehouse)
        let task = StoppableTask()
        try await withThrowingTaskGroup(of: PipeOutcome.self) { group in
            group.addTask { try await task.run { await harness.run(ListedSource(keys: ["a", "b"])) } }
            try await warehouse.wait { $0.running >= 1 }
            task.stop()
            let outcome = try await group.next()
            #expect(outcome?.isCancelled == true)
        }
        let pending = try await harness.store.load(harness.pipe).pending
        #expect(pending.first?.id == BatchID("load-a"))
        #expect(try await harness.store.note(for: BatchID("load-a"), of: harness.pipe) == ["step": "loading"])
        warehouse.release()
        let end = await harness.run(ListedSource(keys: ["a", "b"]))
        #expect(end.isFinished)
        #expect(warehouse.current.loads.map(\.id.rawValue).sorted() == ["load-a", "load-b"])
    }

    @Test func aRepetitionDoesNotCountAsReachingTheSource() async throws {
        let warehouse = InMemoryWarehouse()
        let harness = RunHarness(Script(rows: [:]), warehouse: warehouse, clock: ManualClock(.immediate))
        let object = ListedSource.object("a")
        try await harness.store.open(
            StoredBatch(
                id: BatchID("load-a"), lane: ListedSource.lane, extent: try JSONValue(encoding: ListedSource.Extent(object: object))),
            of: harness.pipe)
        let source = ListedSource(keys: [])
        source.failReads(.retry(.source, "bucket is down"))
        let end = await harness.run(source)
        #expect(end.error?.message.contains("bucket is down") == true)
        #expect(!harness.log.lines.contains { $0.message == "the source is reached again" })
    }

    @Test func aFileTheWarehouseLeftOutIsArchivedAsRejected() throws {
        var ledger = AckLedger<ListedSource.Extent>()
        let opened = ledger.open(
            BatchID("b"), in: ListedSource.lane, extent: ListedSource.Extent(object: ListedSource.object("bad")), bytes: 1, at: .zero)
        let record = RejectedRecord(code: .dataParsing, reason: "not JSON", locator: ["path": "bad"])
        ledger.settle(try #require(opened), InsertReceipt(rows: 0, bytes: 0, rejected: [record]))
        let saved = ledger.beginSave()
        #expect(
            saved?.archive == [ArchivedObject(object: ListedSource.object("bad"), outcome: .rejected, reason: "not JSON")])
    }
}

/// Lists keys, one batch for each.
struct ListedSource: Source {
    struct Extent: SourceExtent {
        struct Position: SourcePosition { var key: String }
        var object: RemoteObject
        var end: Position { Position(key: object.key) }
        var archive: [ArchivedObject] { [ArchivedObject(object: object)] }
    }

    static let lane = Lane("keys")
    let keys: [String]
    let renewals = Watched(0)
    private let reads = Watched(0)
    private let renewalFailure = Watched<PipeError?>(nil)
    private let readFailure = Watched<PipeError?>(nil)

    init(keys: [String]) { self.keys = keys }

    func failRenewals(_ error: PipeError) { renewalFailure.update { $0 = error } }
    /// The first read fails before it repeats what is pending, the others after.
    func failReads(_ error: PipeError) { readFailure.update { $0 = error } }

    static func object(_ key: String) -> RemoteObject {
        RemoteObject(key: key, size: 10, etag: "e", lastModified: "2026-01-01T00:00:00Z")
    }

    static func location(session: Int) -> RemoteLocation {
        .s3(
            endpoint: "http://bucket.test/b", bucket: "b",
            credentials: S3Credentials(accessKeyID: "k", secretKey: "s", sessionToken: "\(session)"))
    }

    func read(from checkpoint: Checkpoint<Extent>, into output: some BatchOutput<Extent>) async throws {
        let isFirst = reads.update { count in
            count += 1
            return count == 1
        }
        if isFirst, let failure = readFailure.value { throw failure }
        for pending in checkpoint.pending { try await output.emit(batch(pending.extent.object, .replay)) }
        if let failure = readFailure.value { throw failure }
        let done = Set(checkpoint.pending.map(\.extent.object.key))
        let last = checkpoint.positions[Self.lane]?.key ?? ""
        for key in keys where key > last && !done.contains(key) { try await output.emit(batch(Self.object(key), .files)) }
    }

    func acknowledge(_ position: Extent.Position, in lane: Lane) async throws {}

    func renewed(_ load: RemoteLoad) async throws -> RemoteLoad {
        if let failure = renewalFailure.value { throw failure }
        var load = load
        load.location = Self.location(
            session: renewals.update { count in
                count += 1
                return count
            })
        return load
    }

    private func batch(_ object: RemoteObject, _ reason: FlushReason) -> Batch<Extent> {
        Batch(
            id: BatchID("load-\(object.key)"), lane: Self.lane, extent: Extent(object: object),
            payload: .load(RemoteLoad(objects: [object], location: Self.location(session: 0), format: "JSONEachRow")), reason: reason)
    }
}
