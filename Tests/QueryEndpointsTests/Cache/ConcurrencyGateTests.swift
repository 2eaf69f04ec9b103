import PipeCore
import QueryEndpoints
import Testing

@Suite struct ConcurrencyGateTests {
    @Test func callsOverTheLimitAreRefusedUntilOneEnds() throws {
        let gate = ConcurrencyGate()
        let first = try #require(gate.enter("e", limit: 2))
        let second = try #require(gate.enter("e", limit: 2))
        #expect(gate.enter("e", limit: 2) == nil)
        #expect(gate.enter("other", limit: 0) == nil)
        #expect(gate.running("e") == 2)
        first.end()
        first.end()
        #expect(gate.running("e") == 1)
        let third = try #require(gate.enter("e", limit: 2))
        #expect(gate.enter("e", limit: 2) == nil)
        second.end()
        third.end()
        #expect(gate.running("e") == 0)
    }

    @Test func aPassThatNobodyHoldsHasEnded() {
        let gate = ConcurrencyGate()
        #expect(gate.enter("e", limit: nil).map { _ in gate.running("e") } == 1)
        #expect(gate.running("e") == 0)
    }

    @Test func manyTasksNeverExceedTheLimit() async {
        struct Counts: Sendable {
            var inside = 0
            var most = 0
            var refused = 0
        }
        let gate = ConcurrencyGate()
        let counts = Watched(Counts())
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    for _ in 0..<2_000 {
                        guard let pass = gate.enter("e", limit: 3) else {
                            counts.update { $0.refused += 1 }
                            await Task.yield()
                            continue
                        }
                        counts.update {
                            $0.inside += 1
                            $0.most = max($0.most, $0.inside)
                        }
                        await Task.yield()
                        counts.update { $0.inside -= 1 }
                        pass.end()
                    }
                }
            }
        }
        #expect(counts.value.most <= 3)
        #expect(counts.value.refused > 0)
        #expect(gate.running("e") == 0)
    }
}
