import PipeCore
import PipeRuntime
import PipeTesting
import Testing

/// Ends the process in thought: from the chosen step on, nothing has an effect any more.
private final class CrashSwitch: Sendable {
    struct Crash: Error {}
    private let left: Watched<Int>

    init(after steps: Int) { left = Watched(steps) }

    func step() throws {
        let isDead = left.update { left in
            left -= 1
            return left < 0
        }
        if isDead { throw Crash() }
    }
}

/// A warehouse that outlives its process. It may die before a batch is written or before its answer arrives, and may lose the
/// answer of a batch it has written.
private struct DrilledWarehouse: Warehouse {
    let inner: InMemoryWarehouse
    let crash: CrashSwitch
    let luck: Watched<SeededGenerator>

    func prepare() async throws {}

    func insert(_ rows: EncodedRows, id: BatchID) async throws -> InsertReceipt {
        try crash.step()
        let fate = luck.update { Int.random(in: 0..<8, using: &$0) }
        if fate == 0 { throw PipeError.retry(.destination) }
        let receipt = try await inner.insert(rows, id: id)
        if fate == 1 { throw PipeError.retry(.destination, "the answer was lost") }
        try crash.step()
        return receipt
    }

    func load(_ load: RemoteLoad, id: BatchID, progress: any LoadProgress) async throws -> InsertReceipt {
        try await inner.load(load, id: id, progress: progress)
    }

    func reject(_ records: [RejectedRecord]) async {}
}

/// The store of a process that dies: before an operation or after it.
private struct DrilledStore: CheckpointStore {
    let inner: InMemoryCheckpointStore
    let crash: CrashSwitch

    private func step<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        try crash.step()
        let result = try await body()
        try crash.step()
        return result
    }

    func load(_ pipe: PipeID) async throws -> StoredCheckpoint { try await step { try await inner.load(pipe) } }
    func open(_ batch: StoredBatch, of pipe: PipeID) async throws { try await step { try await inner.open(batch, of: pipe) } }
    func note(_ note: JSONValue, for batch: BatchID, of pipe: PipeID) async throws {
        try await step { try await inner.note(note, for: batch, of: pipe) }
    }
    func note(for batch: BatchID, of pipe: PipeID) async throws -> JSONValue? { try await inner.note(for: batch, of: pipe) }
    func save(_ settlement: Settlement, of pipe: PipeID) async throws { try await step { try await inner.save(settlement, of: pipe) } }
    func replace(_ checkpoint: StoredCheckpoint, of pipe: PipeID) async throws {
        try await step { try await inner.replace(checkpoint, of: pipe) }
    }
    func reset(_ pipe: PipeID) async throws { try await step { try await inner.reset(pipe) } }
}

@Suite(.timeLimit(.minutes(2))) struct CrashDrillTests {
    struct Result {
        var expected: [String]
        var delivered: [String]
        var crashes = 0
        var stops = 0
    }

    /// Runs a pipe until it completes, through crashes and stops at places drawn from the seed, on one surviving store and
    /// destination.
    private func drill(seed: UInt64, deduplicates: Bool) async throws -> Result {
        var generator = SeededGenerator(seed: seed)
        let lanes = (0..<Int.random(in: 1...4, using: &generator)).map { Lane("l\($0)") }
        let rows = Dictionary(uniqueKeysWithValues: lanes.map { ($0, Int.random(in: 0...60, using: &generator)) })
        let script = Script(rows: rows, batchRows: 1...8, seed: generator.next())
        let inner = InMemoryWarehouse(deduplicates: deduplicates)
        let memory = InMemoryCheckpointStore()
        let luck = Watched(SeededGenerator(seed: generator.next()))
        var result = Result(expected: script.lines.sorted(), delivered: [])
        for attempt in 0..<200 {
            // The longer it takes, the longer the runs, so that every drill ends.
            let crash = CrashSwitch(after: Int.random(in: 0...(20 + attempt * 5), using: &generator))
            var harness = RunHarness(
                script, warehouse: DrilledWarehouse(inner: inner, crash: crash, luck: luck), clock: ManualClock(.immediate))
            harness.store = DrilledStore(inner: memory, crash: crash)
            harness.policy.windowBytes = 300
            if Int.random(in: 0..<4, using: &generator) == 0 { script.failNext(PipeError.retry(.source)) }
            let stopAfter = Int.random(in: 0..<3, using: &generator) == 0 ? Int.random(in: 0...5, using: &generator) : nil
            switch try await run(harness, stoppingAfter: stopAfter, warehouse: inner) {
            case .finished:
                result.delivered = inner.lines.sorted()
                let end = try await memory.load(harness.pipe)
                #expect(end.pending.isEmpty)
                for (lane, count) in rows where count > 0 { #expect(end.positions[lane] == ["next": .integer(Int64(count))]) }
                return result
            case .failed(let error):
                #expect(error.message.contains("Crash"), "seed \(seed): \(error)")
                result.crashes += 1
            case .cancelled: result.stops += 1
            }
        }
        Issue.record("seed \(seed) did not complete")
        return result
    }

    private func run(_ harness: RunHarness, stoppingAfter inserts: Int?, warehouse: InMemoryWarehouse) async throws -> PipeOutcome {
        guard let inserts else { return await harness.run() }
        let target = warehouse.current.attempts.count + inserts
        let task = StoppableTask()
        return try await withThrowingTaskGroup(of: PipeOutcome?.self) { group in
            group.addTask { try await task.run { await harness.run() } }
            group.addTask {
                try? await warehouse.wait { $0.attempts.count >= target }
                task.stop()
                return nil
            }
            var outcome = PipeOutcome.cancelled
            while let ended = try await group.next() {
                guard let ended else { continue }
                outcome = ended
                group.cancelAll()
            }
            return outcome
        }
    }

    @Test func nothingIsLostAndNothingIsDoubled() async throws {
        var (crashes, stops) = (0, 0)
        for seed in UInt64(0)..<200 {
            let result = try await drill(seed: seed, deduplicates: true)
            #expect(result.delivered == result.expected, "seed \(seed)")
            crashes += result.crashes
            stops += result.stops
        }
        #expect(crashes > 200 && stops > 25, "the drill must hurt: \(crashes) crashes, \(stops) stops")
    }

    /// Shows that the drill can fail: a destination that cannot deduplicate gets rows twice, but still loses none.
    @Test func withoutDeduplicationRowsAreDoubled() async throws {
        var doubled = 0
        for seed in UInt64(0)..<40 {
            let result = try await drill(seed: seed, deduplicates: false)
            #expect(Set(result.delivered) == Set(result.expected))
            if result.delivered.count > result.expected.count { doubled += 1 }
        }
        #expect(doubled > 10)
    }
}
