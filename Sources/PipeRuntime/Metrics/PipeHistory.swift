package import FoundationEssentials
package import PipeCore
public import ServiceLifecycle

/// The last quarter of an hour of every pipe, for people who look at it.
public final class PipeHistory: Service {
    private struct State: Sendable {
        var tick = 0
        var newest: [PipeID: PipeSample] = [:]
        var past: [PipeID: [PipeSample]] = [:]
    }

    /// Ticks between two samples that are kept.
    private static let stride = 2
    /// Samples that are kept of a pipe: 15 minutes at ticks of a second.
    private static let kept = 450

    private let registry: MetricsRegistry
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Date
    private let state = Watched(State())

    /// - Parameter now: the time of day, for the samples.
    public convenience init(_ registry: MetricsRegistry, clock: any Clock<Duration> = ContinuousClock()) {
        self.init(registry, clock: clock, now: { Date() })
    }

    package init(_ registry: MetricsRegistry, clock: any Clock<Duration>, now: @escaping @Sendable () -> Date) {
        self.registry = registry
        self.clock = clock
        self.now = now
    }

    /// Looks once a second until graceful shutdown.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                self.look()
                try? await self.clock.sleep(for: .seconds(1))
            }
        }
    }

    /// Takes a sample of every pipe, and forgets the past of pipes that are gone.
    package func look() {
        let time = Int64(now().timeIntervalSince1970 * 1000)
        let samples = Dictionary(registry.values.map { ($0.identity.id, PipeSample($0, time: time)) }) { $1 }
        state.update { state in
            if state.tick % Self.stride == 0 {
                state.past = state.past.filter { samples[$0.key] != nil }
                for (id, sample) in samples {
                    state.past[id, default: []].append(sample)
                    if state.past[id, default: []].count > Self.kept { state.past[id]?.removeFirst() }
                }
            }
            state.newest = samples
            state.tick += 1
        }
    }

    /// Returns with the number of the newest tick once there is one after `seen`; throws when the task is cancelled.
    package func next(after seen: Int) async throws -> Int {
        try await state.wait { $0.tick > seen }
        return state.value.tick
    }

    /// Number of the newest tick.
    package var tick: Int { state.value.tick }

    /// The newest sample of every pipe that ran in this process.
    package var newest: [PipeID: PipeSample] { state.value.newest }

    /// Oldest first.
    package func samples(of pipe: PipeID) -> [PipeSample] { state.value.past[pipe] ?? [] }
}
