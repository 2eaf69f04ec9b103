public import PipeCore

/// What a ``ScriptedSource`` gives, and what it was told: shared by a test and the sources of all restarts of a pipe.
public final class Script: Sendable {
    public struct State: Sendable {
        /// Number of rows of each lane; row `n` of lane `a` is `{"lane":"a","n":n}`.
        public var rows: [Lane: Int]
        /// Whether the source ends after the last row, or waits for more.
        public var isFinite: Bool
        /// Rows of a batch are drawn from this range.
        public var batchRows: ClosedRange<Int>
        public var acknowledged: [Lane: Int] = [:]
        /// How often `read` was called.
        public var reads = 0
        public var readers = 0
        var failures: [any Error] = []
        var generator: SeededGenerator
    }

    private let state: Watched<State>

    public init(rows: [Lane: Int], isFinite: Bool = true, batchRows: ClosedRange<Int> = 1...10, seed: UInt64 = 1) {
        state = Watched(
            State(rows: rows, isFinite: isFinite, batchRows: batchRows, generator: SeededGenerator(seed: seed)))
    }

    public var current: State { state.value }

    /// The next steps of the source throw these instead of emitting, one each.
    public func failNext(_ errors: any Error...) { state.update { $0.failures += errors } }

    public func append(_ count: Int, to lane: Lane) { state.update { $0.rows[lane, default: 0] += count } }

    /// No more rows will come: the source ends after the last one.
    public func finish() { state.update { $0.isFinite = true } }

    public func wait(until condition: @escaping @Sendable (State) -> Bool) async throws {
        try await state.wait(until: condition)
    }

    /// All rows of all lanes, as a warehouse has them.
    public var lines: [String] {
        current.rows.flatMap { lane, count in (0..<count).map { Self.line(lane, $0) } }
    }

    static func line(_ lane: Lane, _ number: Int) -> String { "{\"lane\":\"\(lane)\",\"n\":\(number)}" }

    func acknowledge(_ next: Int, in lane: Lane) { state.update { $0.acknowledged[lane] = next } }

    func readBegan() {
        state.update {
            $0.reads += 1
            $0.readers += 1
        }
    }

    func readEnded() { state.update { $0.readers -= 1 } }

    /// What comes after row `first` of a lane: the end of the next batch, or nil when the lane is exhausted. Its size is drawn
    /// anew at each call, as it would depend on timing in a real source.
    func nextBatch(in lane: Lane, from first: Int) async throws -> Int? {
        try await state.wait { $0.isFinite || $0.rows[lane, default: 0] > first || !$0.failures.isEmpty }
        return try state.update { state in
            if !state.failures.isEmpty { throw state.failures.removeFirst() }
            let count = state.rows[lane, default: 0]
            guard first < count else { return nil }
            return min(count, first + Int.random(in: state.batchRows, using: &state.generator))
        }
    }
}
