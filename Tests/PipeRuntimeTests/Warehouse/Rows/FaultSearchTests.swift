import PipeRuntime
import PipeTesting
import Synchronization
import Testing

@Suite struct FaultSearchTests {
    private final class Calls: Sendable {
        let count = Mutex(0)
    }

    /// Searches rows of which `bad` fail alone and `spoiling` pass alone and make any row behind them fail.
    private func search(_ count: Int, bad: Set<Int>, spoiling: Set<Int> = [], names: Bool) async throws -> (found: [Int], calls: Int) {
        let calls = Calls()
        let search = FaultSearch<Int>(
            probe: { range in
                calls.count.withLock { $0 += 1 }
                for row in range {
                    if bad.contains(row) { return row - range.lowerBound }
                    if row > range.lowerBound, spoiling.contains(row - 1) { return row - range.lowerBound }
                }
                return nil
            }, place: { names ? $0 : nil })
        let found = try await search.faults(in: 0..<count).map(\.row)
        return (found, calls.count.withLock { $0 })
    }

    @Test(arguments: [true, false], [0, 0.0001, 0.01, 0.5, 1])
    func findsExactlyTheBadRows(names: Bool, rate: Double) async throws {
        var generator = SeededGenerator(seed: 11)
        let bad = Set((0..<20_000).filter { _ in Double.random(in: 0..<1, using: &generator) < rate })
        let (found, calls) = try await search(20_000, bad: bad, names: names)
        #expect(Set(found) == bad)
        #expect(found.count == bad.count)
        let limit = names ? 4 * bad.count + 40 : 18 * bad.count + 40
        #expect(calls <= limit, "\(calls) requests for \(bad.count) bad rows")
    }

    @Test(arguments: [true, false])
    func findsARowThatSpoilsItsNeighbours(names: Bool) async throws {
        let (found, _) = try await search(1000, bad: [5, 700], spoiling: [300, 699], names: names)
        #expect(Set(found).isSuperset(of: [5, 700, 300]))
        #expect(Set(found).isSubset(of: [5, 699, 700, 300]))
    }
}
