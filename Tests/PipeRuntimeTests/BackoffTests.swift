import PipeCore
import PipeRuntime
import PipeTesting
import Testing

@Suite struct BackoffTests {
    @Test func pausesGrowUpToTheMaximum() {
        var backoff = Backoff(Backoff.Schedule(initial: .seconds(1), maximum: .seconds(10), factor: 2, jitter: 0))
        let pauses = (0..<6).map { _ in backoff.next() }
        #expect(pauses == [1, 2, 4, 8, 10, 10].map { .seconds($0) })
        backoff.reset()
        let afterReset = backoff.next()
        #expect(afterReset == .seconds(1))
    }

    @Test func jitterStaysInItsPartAndIsReproducible() {
        let schedule = Backoff.Schedule(initial: .seconds(8), maximum: .seconds(8), jitter: 0.5)
        var first = Backoff(schedule, generator: SeededGenerator(seed: 7))
        var second = Backoff(schedule, generator: SeededGenerator(seed: 7))
        let pauses = (0..<100).map { _ in first.next() }
        let repeated = (0..<100).map { _ in second.next() }
        #expect(pauses == repeated)
        #expect(pauses.allSatisfy { $0 >= .seconds(4) && $0 <= .seconds(8) })
        #expect(Set(pauses).count > 90)
    }

    @Test func insertersFollowTheSettings() {
        let scaling = PipeScaling(replicas: 2, concurrency: 5)
        let set = PipeSettings(["object_storage_concurrency": 3])
        #expect(PipePolicy.inserters(for: .objectStorage, settings: PipeSettings(), scaling: PipeScaling()) == 1)
        #expect(PipePolicy.inserters(for: .objectStorage, settings: PipeSettings(), scaling: scaling) == 10)
        #expect(PipePolicy.inserters(for: .objectStorage, settings: set, scaling: scaling) == 6)
        #expect(PipePolicy.inserters(for: .streaming, settings: PipeSettings(), scaling: PipeScaling(replicas: 40)) == 32)
        #expect(PipePolicy.inserters(for: .streaming, settings: PipeSettings(), scaling: PipeScaling()) == 2)
    }

    @Test func theWindowGrowsWithMemory() {
        let policy = PipePolicy(windowBytes: 64)
        #expect(policy.window(for: .streaming, scaling: PipeScaling(replicaMemoryGb: 0.5)) == 32)
        #expect(policy.window(for: .streaming, scaling: PipeScaling(replicaMemoryGb: 2)) == 128)
        #expect(policy.window(for: .streaming, scaling: PipeScaling(replicaMemoryGb: 8)) == 256)
        #expect(policy.window(for: .database, scaling: PipeScaling(replicaMemoryGb: 0.5)) == 64)
        #expect(policy.window(for: .objectStorage, scaling: PipeScaling(replicaMemoryGb: 2)) == 16, "lists of files")
    }
}
