import Foundation
import PipeCore
import PipeRuntime
import PipeTesting
import ServiceLifecycle
import Testing

@Suite struct PipeHistoryTests {
    private let registry = MetricsRegistry()
    private static let pipe = PipeID("11111111-1111-4111-8111-111111111111")

    private func track(_ id: PipeID = pipe) -> PipeMetrics {
        registry.metrics(for: .init(id: id, name: "p", serviceID: "s", source: "s3", family: .objectStorage))
    }

    @Test func keepsEverySecondSampleOfAQuarterOfAnHour() {
        let history = PipeHistory(registry, clock: ManualClock(), now: { Date(timeIntervalSince1970: 1000) })
        _ = track()
        for _ in 0..<4 { history.look() }
        #expect(history.samples(of: Self.pipe).count == 2)
        #expect(history.newest[Self.pipe]?.time == 1_000_000)
        for _ in 0..<1200 { history.look() }
        #expect(history.samples(of: Self.pipe).count == 450)
    }

    @Test func forgetsPipesThatAreGone() {
        let history = PipeHistory(registry, clock: ManualClock(), now: { Date(timeIntervalSince1970: 1000) })
        _ = track()
        history.look()
        registry.retain([])
        history.look()
        history.look()
        #expect(history.newest.isEmpty)
        #expect(history.samples(of: Self.pipe).isEmpty)
    }

    @Test func listenersWaitForTheNextTick() async throws {
        let history = PipeHistory(registry, clock: ManualClock(), now: { Date(timeIntervalSince1970: 1000) })
        async let next = history.next(after: 1)
        history.look()
        history.look()
        #expect(try await next == 2)
        let waiting = StoppableTask()
        waiting.stop()
        await #expect(throws: CancellationError.self) { try await waiting.run { try await history.next(after: 2) } }
    }
}
