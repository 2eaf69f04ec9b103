import PipeCore
import PipeRuntime
import PipeTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct PipeRunnerTests {
    private let lanes: [Lane: Int] = [Lane("a"): 40, Lane("b"): 25]

    @Test func aFiniteSourceIsDeliveredOnce() async throws {
        let warehouse = InMemoryWarehouse(deduplicates: false)
        let harness = RunHarness(Script(rows: lanes), warehouse: warehouse)
        let end = await harness.run()
        #expect(end.isFinished)
        #expect(warehouse.lines.sorted() == harness.script.lines.sorted())
        #expect(harness.script.current.acknowledged == lanes)
        #expect(harness.directory[harness.pipe]?.events == [.provisioningBegan, .runningBegan])
        let saved = try await harness.store.load(harness.pipe)
        #expect(saved.pending.isEmpty)
        #expect(saved.positions == [Lane("a"): ["next": 40], Lane("b"): ["next": 25]])
        let values = harness.metrics.values
        #expect(values.fetchedEvents == 65)
        #expect(values.sentEvents == 65)
        #expect(values.sentBytes == values.fetchedBytes)
        #expect(values.openBatches == 0 && values.bytesInFlight == 0)
    }

    /// Journal, insert, save, acknowledge: seen from the store and the warehouse of one lane.
    @Test func theOrderIsAlwaysTheSame() async throws {
        let steps = Mutex<[String]>([])
        let script = Script(rows: [Lane("a"): 3], batchRows: 3...3)
        let store = InMemoryCheckpointStore { operation, _ in
            switch operation {
            case .open: steps.withLock { $0.append("journal") }
            case .save:
                steps.withLock { $0.append("save") }
                #expect(script.current.acknowledged.isEmpty)
            default: break
            }
        }
        var harness = RunHarness(script, warehouse: StepWarehouse { steps.withLock { $0.append("insert") } })
        harness.store = store
        let end = await harness.run()
        #expect(end.isFinished)
        #expect(steps.withLock { $0 } == ["journal", "insert", "save"])
        #expect(script.current.acknowledged == [Lane("a"): 3])
    }

    @Test func passingTroubleAtTheDestinationRepeatsTheSameBatch() async throws {
        let warehouse = InMemoryWarehouse()
        warehouse.failNext(.retry(.destination), .retry(.destination))
        let harness = RunHarness(Script(rows: [Lane("a"): 3], batchRows: 3...3), warehouse: warehouse)
        try await withThrowingTaskGroup(of: PipeOutcome.self) { group in
            group.addTask { await harness.run() }
            try await harness.clock.untilSomebodySleeps()
            #expect(harness.message?.hasPrefix("retrying: connection refused (attempt 1, next try in ") == true)
            harness.clock.advanceToNextDeadline()
            try await harness.directory.wait { $0.pipes.values.first?.message?.contains("attempt 2") == true }
            try await harness.clock.untilSomebodySleeps()
            harness.clock.advanceToNextDeadline()
            let outcome = try await group.next()
            #expect(outcome?.isFinished == true)
        }
        #expect(warehouse.current.attempts.map(\.rawValue) == ["a:0-3", "a:0-3", "a:0-3"])
        #expect(harness.message == nil, "the message goes away with the trouble")
        #expect(harness.metrics.values.retries == [.destination: 2])
        #expect(harness.log.lines.map(\.level) == [.warning, .info], "one line for a streak, not one for each try")
    }

    @Test func theDestinationsPatienceEnds() async throws {
        let warehouse = InMemoryWarehouse()
        for _ in 0..<1000 { warehouse.failNext(.retry(.destination, "no route to host")) }
        let harness = RunHarness(Script(rows: [Lane("a"): 1]), warehouse: warehouse, clock: ManualClock(.immediate))
        let outcome = await harness.run()
        let error = try #require(outcome.error)
        #expect(error.disposition == .user)
        #expect(error.code == .destinationUnreachable)
        #expect(error.message.hasPrefix("gave up after 1 h and "))
        #expect(error.message.contains("no route to host"))
        #expect(harness.clock.now.offset == .seconds(3600), "neither earlier nor later")
        #expect(try await harness.store.load(harness.pipe).pending.map(\.id.rawValue) == ["a:0-1"])
    }

    @Test func theSourceIsReadAgainFromTheNewestCheckpoint() async throws {
        let warehouse = InMemoryWarehouse(deduplicates: false)
        let script = Script(rows: [Lane("a"): 20], isFinite: false, batchRows: 2...2)
        let harness = RunHarness(script, warehouse: warehouse)
        try await withThrowingTaskGroup(of: PipeOutcome.self) { group in
            group.addTask { await harness.run() }
            try await script.wait { $0.acknowledged[Lane("a")] == 20 }
            script.failNext(PipeError.retry(.source))
            try await harness.clock.untilSomebodySleeps()
            #expect(harness.message?.contains("retrying: connection refused (attempt 1") == true)
            script.append(5, to: Lane("a"))
            script.finish()
            harness.clock.advanceToNextDeadline()
            let outcome = try await group.next()
            #expect(outcome?.isFinished == true)
        }
        #expect(script.current.reads == 2)
        #expect(warehouse.lines.sorted() == script.lines.sorted(), "no row is read twice")
        #expect(harness.message == nil)
    }

    @Test func aSourceThatIsAwayForTwentyMinutesNeedsNobody() async throws {
        let warehouse = InMemoryWarehouse(deduplicates: false)
        let script = Script(rows: [Lane("a"): 20], isFinite: false, batchRows: 2...2)
        let harness = RunHarness(script, warehouse: warehouse)
        try await withThrowingTaskGroup(of: PipeOutcome.self) { group in
            group.addTask { await harness.run() }
            try await script.wait { $0.acknowledged[Lane("a")] == 20 }
            let began = harness.clock.now.offset
            script.failNext(PipeError.retry(.source))
            try await harness.clock.untilSomebodySleeps()
            while harness.clock.now.offset - began < .seconds(20 * 60) {
                #expect(harness.message?.hasPrefix("retrying: ") == true)
                script.failNext(PipeError.retry(.source))
                harness.clock.advanceToNextDeadline()
                try await harness.clock.untilSomebodySleeps()
            }
            script.append(5, to: Lane("a"))
            script.finish()
            harness.clock.advanceToNextDeadline()
            let outcome = try await group.next()
            #expect(outcome?.isFinished == true)
        }
        #expect(warehouse.lines.sorted() == script.lines.sorted())
        #expect(harness.message == nil)
    }

    @Test func theSourcesPatienceEnds() async throws {
        let script = Script(rows: [Lane("a"): 20], isFinite: false)
        for _ in 0..<1000 { script.failNext(PipeError.retry(.source, "broker is down")) }
        let harness = RunHarness(script, clock: ManualClock(.immediate))
        let outcome = await harness.run()
        let error = try #require(outcome.error)
        #expect(error.disposition == .user && error.side == .source)
        #expect(error.message.hasPrefix("gave up after 1 h and "))
        #expect(harness.clock.now.offset == .seconds(3600))
    }

    @Test func aUserErrorEndsTheRunAndKeepsWhatIsSettled() async throws {
        let warehouse = InMemoryWarehouse()
        let script = Script(rows: [Lane("a"): 4], isFinite: false, batchRows: 2...2)
        let harness = RunHarness(script, warehouse: warehouse)
        try await withThrowingTaskGroup(of: PipeOutcome.self) { group in
            group.addTask { await harness.run() }
            try await warehouse.wait { $0.inserts.count == 2 }
            warehouse.failNext(.user(.destination))
            script.append(2, to: Lane("a"))
            let outcome = try await group.next()
            let error = try #require(outcome?.error)
            #expect(error.disposition == .user && error.message == "no such table")
        }
        let saved = try await harness.store.load(harness.pipe)
        #expect(saved.positions == [Lane("a"): ["next": 4]])
        #expect(saved.pending.map(\.id.rawValue) == ["a:4-6"])
        #expect(script.current.readers == 0, "the source was told to stop")
    }

    @Test func anUnknownErrorIsOursAndShowsNoText() async throws {
        struct Secretive: Error { let password = "hunter2" }
        let script = Script(rows: [Lane("a"): 4])
        script.failNext(Secretive())
        let outcome = await RunHarness(script).run()
        let error = try #require(outcome.error)
        #expect(error.disposition == .bug)
        #expect(error.message.contains("Secretive"))
        #expect(!error.message.contains("hunter2"))
    }

    @Test func stoppingIsPromptAndTheNextRunRepeatsTheSameBatches() async throws {
        let warehouse = InMemoryWarehouse()
        warehouse.hang()
        let script = Script(rows: lanes, isFinite: false, batchRows: 1...5)
        let harness = RunHarness(script, warehouse: warehouse)
        let task = StoppableTask()
        try await withThrowingTaskGroup(of: PipeOutcome.self) { group in
            group.addTask { try await task.run { await harness.run() } }
            try await warehouse.wait { $0.running == 2 }
            task.stop()
            let outcome = try await group.next()
            #expect(outcome?.isCancelled == true)
        }
        #expect(warehouse.current.inserts.isEmpty)
        let pending = try await harness.store.load(harness.pipe).pending
        #expect(pending.count >= 2)

        warehouse.release()
        script.finish()
        let end = await harness.run()
        #expect(end.isFinished)
        let ids = Set(warehouse.current.inserts.map(\.id))
        #expect(pending.allSatisfy { ids.contains($0.id) }, "journaled boundaries are kept")
        #expect(warehouse.lines.sorted() == script.lines.sorted())
    }

    @Test func theWindowHoldsTheSourceBack() async throws {
        let warehouse = InMemoryWarehouse()
        warehouse.hang()
        let script = Script(rows: [Lane("a"): 1000], batchRows: 1...1)
        var harness = RunHarness(script, warehouse: warehouse)
        harness.policy.windowBytes = 100
        let held = harness
        try await withThrowingTaskGroup(of: PipeOutcome.self) { group in
            group.addTask { await held.run() }
            try await warehouse.wait { $0.running == 2 }
            // Rows have 18 to 20 bytes: five fill the window, the sixth waits.
            for _ in 0..<1000 { await Task.yield() }
            #expect(held.metrics.values.openBatches <= 6)
            warehouse.release()
            let outcome = try await group.next()
            #expect(outcome?.isFinished == true)
        }
        #expect(warehouse.current.inserts.count == 1000)
    }

    @Test func savesAreMerged() async throws {
        let saves = Mutex<[Settlement]>([])
        let gate = Watched(false)
        var harness = RunHarness(Script(rows: [Lane("a"): 50], batchRows: 1...1))
        harness.store = InMemoryCheckpointStore { operation, _ in
            guard case .save(let settlement) = operation else { return }
            let isFirst = saves.withLock { saves in
                saves.append(settlement)
                return saves.count == 1
            }
            if isFirst { try await gate.wait { $0 } }
        }
        let held = harness
        try await withThrowingTaskGroup(of: PipeOutcome.self) { group in
            group.addTask { await held.run() }
            while held.metrics.values.sentEvents < 50 || held.metrics.values.openBatches > 0 { await Task.yield() }
            gate.update { $0 = true }
            let outcome = try await group.next()
            #expect(outcome?.isFinished == true)
        }
        let all = saves.withLock { $0 }
        #expect(all.count == 2)
        #expect(all.reduce(0) { $0 + $1.settled.count } == 50)
        #expect(all.last?.positions == [Lane("a"): ["next": 50]])
    }

    @Test func aSourceThatForgetsAJournaledBatchIsRefused() async throws {
        let harness = RunHarness(Script(rows: [:]))
        try await harness.store.open(
            StoredBatch(id: BatchID("other"), lane: Lane("a"), extent: ["first": 0, "next": 3]), of: harness.pipe)
        let outcome = await harness.run()
        let error = try #require(outcome.error)
        #expect(error.disposition == .bug)
        #expect(error.message.contains("other"))
    }

    @Test func preparingIsRepeatedToo() async throws {
        let warehouse = InMemoryWarehouse()
        warehouse.failNextPreparations(.retry(.destination), .retry(.destination))
        let harness = RunHarness(Script(rows: lanes), warehouse: warehouse, clock: ManualClock(.immediate))
        let end = await harness.run()
        #expect(end.isFinished)
        #expect(warehouse.current.preparations == 3)
        #expect(harness.directory.current.descriptions.last == .some(nil))
    }
}

/// Calls back at each insert.
private struct StepWarehouse: Warehouse {
    let step: @Sendable () -> Void
    private let inner = InMemoryWarehouse()

    init(_ step: @escaping @Sendable () -> Void) { self.step = step }

    func prepare() async throws {}
    func insert(_ rows: EncodedRows, id: BatchID) async throws -> InsertReceipt {
        step()
        return try await inner.insert(rows, id: id)
    }
    func load(_ load: RemoteLoad, id: BatchID, progress: any LoadProgress) async throws -> InsertReceipt {
        step()
        return try await inner.load(load, id: id, progress: progress)
    }
    func reject(_ records: [RejectedRecord]) async {}
}
