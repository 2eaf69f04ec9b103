/// Growing pauses between tries of the same thing.
public struct Backoff: Sendable {
    public struct Schedule: Hashable, Sendable {
        public var initial: Duration
        public var maximum: Duration
        public var factor: Double
        /// Part of each pause that is left to chance: 0.5 means between half of it and all of it.
        public var jitter: Double

        public init(
            initial: Duration = .milliseconds(500), maximum: Duration = .seconds(30), factor: Double = 2, jitter: Double = 0.5
        ) {
            self.initial = initial
            self.maximum = maximum
            self.factor = factor
            self.jitter = jitter
        }
    }

    private let schedule: Schedule
    private var generator: any RandomNumberGenerator & Sendable
    private var nominal: Duration

    public init(
        _ schedule: Schedule = Schedule(), generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.schedule = schedule
        self.generator = generator
        nominal = min(schedule.initial, schedule.maximum)
    }

    /// The pause before the next try; the one after is `factor` times as long, up to `maximum`.
    public mutating func next() -> Duration {
        let pause = nominal * (1 - schedule.jitter * Double.random(in: 0...1, using: &generator))
        nominal = min(nominal * schedule.factor, schedule.maximum)
        return pause
    }

    /// After a success: start small again.
    public mutating func reset() { nominal = min(schedule.initial, schedule.maximum) }
}
