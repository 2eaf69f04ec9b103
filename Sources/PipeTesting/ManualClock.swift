import PipeCore

/// A clock that moves when a test says so.
public final class ManualClock: Clock {
    public struct Instant: InstantProtocol {
        /// Time since the clock was made.
        public var offset: Duration
        public init(offset: Duration) { self.offset = offset }
        public func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        public func duration(to other: Instant) -> Duration { other.offset - offset }
        public static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    public enum Mode: Sendable {
        /// Time stands still between two calls of ``ManualClock/advance(by:)``.
        case manual
        /// A sleeper moves the time to its deadline and goes on at once: for drills whose pauses do not matter.
        case immediate
    }

    private struct State: Sendable {
        var now = Instant(offset: .zero)
        /// Deadlines by sleeper.
        var sleepers: [Int: Instant] = [:]
        var nextSleeper = 0
    }
    private let state = Watched(State())
    private let mode: Mode

    public init(_ mode: Mode = .manual) { self.mode = mode }

    public var now: Instant { state.value.now }
    public var minimumResolution: Duration { .nanoseconds(1) }

    public func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        if mode == .immediate {
            state.update { $0.now = max($0.now, deadline) }
            await Task.yield()
            try Task.checkCancellation()
            return
        }
        let sleeper = state.update { state in
            state.nextSleeper += 1
            state.sleepers[state.nextSleeper] = deadline
            return state.nextSleeper
        }
        defer { state.update { $0.sleepers[sleeper] = nil } }
        try await state.wait { $0.now >= deadline }
    }

    /// Moves the time and wakes every sleeper whose deadline has come.
    public func advance(by duration: Duration) {
        state.update { state in
            state.now = state.now.advanced(by: duration)
            // A woken sleeper no longer counts as one, so that the next wait for a sleeper sees the next sleep.
            let now = state.now
            state.sleepers = state.sleepers.filter { $0.value > now }
        }
    }

    /// Moves the time to the earliest deadline; does nothing when nobody sleeps.
    public func advanceToNextDeadline() {
        guard let next = state.value.sleepers.values.min() else { return }
        advance(by: max(.zero, now.duration(to: next)))
    }

    /// Returns once `count` tasks sleep on this clock.
    public func untilSomebodySleeps(_ count: Int = 1) async throws {
        try await state.wait { $0.sleepers.count >= count }
    }
}
