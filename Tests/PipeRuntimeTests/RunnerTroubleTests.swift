import PipeCore
import PipeRuntime
import PipeTesting
import Testing

/// Trouble outside of reading and writing, and settings that change meanwhile.
@Suite(.timeLimit(.minutes(5))) struct RunnerTroubleTests {
    @Test func aFailedAcknowledgementIsRepeated() async throws {
        let script = Script(rows: [Lane("a"): 3], batchRows: 3...3)
        let source = UnacknowledgedSource(script, failures: [.retry(.source, "no commit"), .retry(.source, "no commit")])
        let harness = RunHarness(script, clock: ManualClock(.immediate))
        let end = await harness.run(source)
        #expect(end.isFinished)
        #expect(script.current.acknowledged == [Lane("a"): 3])
        #expect(harness.metrics.values.retries == [.source: 2])
    }

    @Test func anAcknowledgementTheUserMustMendEndsTheRunWithoutLoss() async throws {
        let script = Script(rows: [Lane("a"): 3], isFinite: false, batchRows: 3...3)
        let harness = RunHarness(script)
        let end = await harness.run(UnacknowledgedSource(script, failures: [.user(.source, "no right to commit")]))
        #expect(end.error?.message == "no right to commit")
        #expect(try await harness.store.load(harness.pipe).positions == [Lane("a"): ["next": 3]], "saved before it was acknowledged")
        #expect(script.current.readers == 0)
    }

    @Test func aFailedObservationIsRepeated() async throws {
        struct DiskFull: Error {}
        let harness = RunHarness(Script(rows: [Lane("a"): 3]), clock: ManualClock(.immediate))
        harness.directory.failNextObservations(
            PipeError("CATALOG_FAILED", .retry, side: .penstock, "disk full"),
            PipeError("CATALOG_FAILED", .retry, side: .penstock, "disk full"))
        let end = await harness.run()
        #expect(end.isFinished)
        #expect(harness.directory[harness.pipe]?.events == [.provisioningBegan, .runningBegan])
        #expect(harness.metrics.values.retries == [.penstock: 2])

        harness.directory.failNextObservations(DiskFull())
        let second = await harness.run()
        #expect(second.error?.disposition == .bug, "an error that nobody classified is not repeated")
    }

    @Test func concurrencyFollowsTheSettingsOfARunningPipe() async throws {
        let inner = InMemoryWarehouse()
        inner.hang()
        let warehouse = CountedWarehouse(inner)
        let keys = (10..<40).map { "\($0)" }
        let harness = RunHarness(Script(rows: [:]), warehouse: warehouse)
        try await withThrowingTaskGroup(of: PipeOutcome.self) { group in
            group.addTask { await harness.run(ListedSource(keys: keys), family: .objectStorage) }
            try await inner.wait { $0.running == 1 }
            for concurrency in [3, 5, 9] {
                // Nothing else moves: only the change of the setting can start more.
                harness.settings.update(PipeSettings(["object_storage_concurrency": .integer(Int64(concurrency))]))
                try await inner.wait { $0.running == concurrency }
            }
            harness.settings.update(PipeSettings(["object_storage_concurrency": 2]))
            warehouse.loads.update { $0.most = 0 }
            inner.release()
            let outcome = try await group.next()
            #expect(outcome?.isFinished == true)
        }
        #expect(inner.current.loads.count == keys.count)
        #expect((1...2).contains(warehouse.loads.value.most), "what was under way is finished; no third load begins beside two")
    }
}

/// Counts loads that run at the same time, seen whenever one begins.
private struct CountedWarehouse: Warehouse {
    struct Loads: Sendable {
        var now = 0
        var most = 0
    }
    let loads = Watched(Loads())
    private let inner: InMemoryWarehouse

    init(_ inner: InMemoryWarehouse) { self.inner = inner }

    func prepare() async throws {}
    func insert(_ rows: EncodedRows, id: BatchID) async throws -> InsertReceipt { try await inner.insert(rows, id: id) }
    func load(_ load: RemoteLoad, id: BatchID, progress: any LoadProgress) async throws -> InsertReceipt {
        loads.update {
            $0.now += 1
            $0.most = max($0.most, $0.now)
        }
        defer { loads.update { $0.now -= 1 } }
        return try await inner.load(load, id: id, progress: progress)
    }
    func reject(_ records: [RejectedRecord]) async {}
}

/// A scripted source whose acknowledgements fail.
struct UnacknowledgedSource: Source {
    private let inner: ScriptedSource
    private let failures: Watched<[PipeError]>

    init(_ script: Script, failures: [PipeError]) {
        inner = ScriptedSource(script)
        self.failures = Watched(failures)
    }

    func read(from checkpoint: Checkpoint<ScriptedExtent>, into output: some BatchOutput<ScriptedExtent>) async throws {
        try await inner.read(from: checkpoint, into: output)
    }

    func acknowledge(_ position: ScriptedExtent.Position, in lane: Lane) async throws {
        let failure = failures.update { $0.isEmpty ? nil : $0.removeFirst() }
        if let failure { throw failure }
        try await inner.acknowledge(position, in: lane)
    }
}
