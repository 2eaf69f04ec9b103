import PipeCore
import PipeRuntime
import PipeTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct TableDeliveryTests {
    private func harness(
        _ warehouse: any Warehouse, store: any CheckpointStore = InMemoryCheckpointStore()
    ) -> RunHarness {
        var harness = RunHarness(Script(rows: [:]), warehouse: warehouse, clock: ManualClock(.immediate))
        harness.store = store
        harness.directory.add(
            PipeSpec(
                id: harness.pipe, name: "database", serviceID: "s", source: WrittenConfiguration(), destination: Destination(database: "d"))
        )
        return harness
    }

    private func table(_ name: String, _ state: TableProgress.State, _ message: String? = nil) -> TableProgress {
        TableProgress(target: name, source: "public.\(name)", state: state, message: message)
    }

    @Test func aBatchIsSettledWhenEveryTableHasItsRows() async throws {
        let warehouse = InMemoryWarehouse()
        warehouse.failNext(.retry(.destination))
        let harness = harness(warehouse)
        let outcome = await harness.run(
            WrittenSource { _, output in
                try await output.emit(WrittenSource.batch(0, 3, tables: ["a", "b", "c", "d", "e", "f"]))
            }, family: .database)
        #expect(outcome.isFinished)
        #expect(warehouse.current.tableInserts.map(\.rows.table).sorted() == ["a", "b", "c", "d", "e", "f"])
        #expect(warehouse.current.attempts.count == 7, "only the table that failed is tried again")
        let stored = try await harness.store.load(harness.pipe)
        #expect(stored == StoredCheckpoint(positions: [WrittenSource.changes: ["next": 3]]))
        #expect(harness.metrics.values.sentEvents == 18 && harness.metrics.values.fetchedEvents == 18)
    }

    @Test func aHalfWrittenBatchIsRepeatedUnderItsName() async throws {
        let warehouse = InMemoryWarehouse()
        let store = InMemoryCheckpointStore()
        let first = harness(RefusingWarehouse(inner: warehouse, table: "b"), store: store)
        let source = WrittenSource { checkpoint, output in
            let isFresh = checkpoint.pending.isEmpty && checkpoint.positions.isEmpty
            if !checkpoint.pending.isEmpty || isFresh { try await output.emit(WrittenSource.batch(0, 3, tables: ["a", "b"])) }
        }
        let failed = await first.run(source, family: .database)
        #expect(failed.error?.disposition == .user)
        #expect(try await store.load(first.pipe).pending.map(\.id) == [BatchID("changes:0-3")])
        try await warehouse.wait { $0.running == 0 }
        let second = harness(warehouse, store: store)
        let repeated = await second.run(source, family: .database)
        #expect(repeated.isFinished)
        #expect(warehouse.current.tableInserts.map(\.rows.table).sorted() == ["a", "b"])
        #expect(Set(warehouse.current.tableInserts.map(\.id)) == [BatchID("changes:0-3")])
        #expect(try await store.load(first.pipe).pending.isEmpty)
    }

    @Test func aBatchWithoutRowsMovesThePosition() async throws {
        let warehouse = InMemoryWarehouse()
        let harness = harness(warehouse)
        let outcome = await harness.run(
            WrittenSource { _, output in try await output.emit(WrittenSource.batch(0, 9, tables: [])) }, family: .database)
        #expect(outcome.isFinished && warehouse.current.attempts.isEmpty)
        #expect(try await harness.store.load(harness.pipe).positions == [WrittenSource.changes: ["next": 9]])
    }

    /// The change comes after every row before it, of all lanes, is durable and nothing of it is in the journal.
    @Test func aChangeIsABarrier() async throws {
        let warehouse = InMemoryWarehouse()
        let store = InMemoryCheckpointStore()
        let watched = WatchedWarehouse(inner: warehouse, store: store)
        let harness = harness(watched, store: store)
        warehouse.hang()
        let other = Lane("snapshot/public.b/0")
        let outcome = try await withThrowingTaskGroup(of: PipeOutcome?.self) { group in
            group.addTask {
                await harness.run(
                    WrittenSource { _, output in
                        try await output.emit(WrittenSource.batch(0, 1, tables: ["a", "b"]))
                        try await output.emit(WrittenSource.batch(0, 1, tables: ["b"], lane: other))
                        try await output.emit(WrittenSource.batch(1, 2, tables: ["a"]))
                        try await output.change([.dropColumns(table: "a", ["s"]), .truncate(table: "b")])
                        try await output.emit(WrittenSource.batch(2, 3, tables: ["a"]))
                    }, family: .database)
            }
            try await warehouse.wait { $0.running >= 2 }
            #expect(warehouse.current.changes.isEmpty)
            warehouse.release()
            return try await group.next() ?? nil
        }
        #expect(outcome?.isFinished == true)
        #expect(warehouse.current.changes == [.dropColumns(table: "a", ["s"]), .truncate(table: "b")])
        #expect(warehouse.current.insertsBeforeChange == [4, 4])
        #expect(warehouse.current.tableInserts.count == 5)
        #expect(watched.journaled.value == [0, 0], "nothing that was written before the change can come again after it")
        #expect(harness.log.lines.contains { $0.message == "done: drop from table 'a': 's'" })
    }

    @Test func aChangeIsRepeatedAndAnImpossibleOneEndsThePipe() async throws {
        let warehouse = InMemoryWarehouse()
        warehouse.failNext(.retry(.destination))
        let passing = await harness(warehouse).run(
            WrittenSource { _, output in try await output.change([.truncate(table: "a")]) }, family: .database)
        #expect(passing.isFinished)
        #expect(warehouse.current.changes == [.truncate(table: "a")])

        warehouse.failNext(.user(.destination, "column 's' is part of the key"))
        let impossible = await harness(warehouse).run(
            WrittenSource { _, output in
                do { try await output.change([.truncate(table: "b")]) } catch {}
                // A source that swallows the error does not get around it.
                try await output.emit(WrittenSource.batch(0, 1, tables: ["b"]))
            }, family: .database)
        #expect(impossible.error?.message == "column 's' is part of the key")
        #expect(warehouse.current.tableInserts.isEmpty)
    }

    @Test func theStateFollowsTheTables() async throws {
        let harness = harness(InMemoryWarehouse())
        let (a, b) = (table("a", .snapshot), table("b", .waiting))
        let done = (table("a", .streaming), table("b", .failed, "no privilege"))
        let outcome = await harness.run(
            WrittenSource { _, output in
                await output.progress([a, b])
                try await output.emit(WrittenSource.batch(0, 4, tables: ["a"], produced: 0...5))
                await output.progress([done.0])
                await output.progress([done.1])
            }, family: .database)
        #expect(outcome.isFinished)
        let entry = try #require(harness.directory[harness.pipe])
        #expect(entry.events == [.provisioningBegan, .snapshotBegan, .runningBegan])
        #expect(entry.message == "1 of 2 tables failed, the others go on; 'b': no privilege")
        #expect(entry.tables["a"]?.progress == done.0 && entry.tables["b"]?.progress == done.1)
        #expect(entry.tables["a"]?.written == RowEvents(inserts: 4))
        #expect((entry.tables["a"]?.lag ?? 0) > 0)
        #expect(harness.log.lines.contains { $0.level == .error && $0.message.contains("public.b → b: Failed, was Waiting: no privilege") })
        #expect(harness.metrics.values.tables["a"]?.events.inserts == 4)
        #expect(harness.metrics.values.tables["b"]?.progress?.state == .failed)
    }

    @Test func aPipeWithoutReportsRunsFromItsFirstRowsOn() async throws {
        let harness = harness(InMemoryWarehouse())
        _ = await harness.run(
            WrittenSource { _, output in try await output.emit(WrittenSource.batch(0, 1, tables: ["a"])) }, family: .database)
        #expect(harness.directory[harness.pipe]?.events == [.provisioningBegan, .runningBegan])
    }
}

/// What the directory knows of the pipe of these tests.
struct WrittenConfiguration: SourceConfiguration {
    static let kind = "written"
    static let family = PipeFamily.database
    static let schema = ObjectSchema("WrittenSource", fields: [])
    func problems() -> [Problem] { [] }
}

/// Takes no row of one table.
private struct RefusingWarehouse: Warehouse {
    let inner: InMemoryWarehouse
    let table: String

    func prepare() async throws {}
    func insert(_ rows: EncodedRows, id: BatchID) async throws -> InsertReceipt { try await inner.insert(rows, id: id) }
    func load(_ load: RemoteLoad, id: BatchID, progress: any LoadProgress) async throws -> InsertReceipt {
        try await inner.load(load, id: id, progress: progress)
    }
    func reject(_ records: [RejectedRecord]) async {}
    func insert(_ rows: TableRows, id: BatchID) async throws -> InsertReceipt {
        if rows.table == table {
            try await inner.wait { !$0.tableInserts.isEmpty }
            throw PipeError.user(.destination, "no such column")
        }
        return try await inner.insert(rows, id: id)
    }
}

/// Remembers how many batches were in the journal at each change.
private struct WatchedWarehouse: Warehouse {
    let inner: InMemoryWarehouse
    let store: InMemoryCheckpointStore
    let journaled = Watched<[Int]>([])

    func prepare() async throws {}
    func insert(_ rows: EncodedRows, id: BatchID) async throws -> InsertReceipt { try await inner.insert(rows, id: id) }
    func load(_ load: RemoteLoad, id: BatchID, progress: any LoadProgress) async throws -> InsertReceipt {
        try await inner.load(load, id: id, progress: progress)
    }
    func reject(_ records: [RejectedRecord]) async {}
    func insert(_ rows: TableRows, id: BatchID) async throws -> InsertReceipt { try await inner.insert(rows, id: id) }
    func change(_ change: TableChange) async throws -> Bool {
        let count = try await store.load(PipeID("00000000-0000-4000-8000-000000000001")).pending.count
        journaled.update { $0.append(count) }
        return try await inner.change(change)
    }
}
