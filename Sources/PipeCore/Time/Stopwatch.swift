/// Time since it was made, on any clock.
public struct Stopwatch: Sendable {
    public let clock: any Clock<Duration>
    private let elapsed: @Sendable () -> Duration

    public init(_ clock: any Clock<Duration>) {
        self.clock = clock
        elapsed = Self.elapsed(on: clock)
    }

    public var now: Duration { elapsed() }

    public func sleep(for duration: Duration) async throws { try await clock.sleep(for: duration) }

    private static func elapsed<C: Clock>(on clock: C) -> @Sendable () -> Duration where C.Duration == Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }
}
