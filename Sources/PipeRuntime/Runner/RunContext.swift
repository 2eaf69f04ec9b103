public import Logging
public import PipeCore

/// What a run of a pipe works with besides its source and its warehouse.
public struct RunContext: Sendable {
    public var pipe: PipeID
    /// Of the pipe as this run knows it.
    public var generation: Int
    public var family: PipeFamily
    public var scaling: PipeScaling
    public var settings: LiveSettings
    public var store: any CheckpointStore
    public var directory: any PipeDirectory
    public var metrics: PipeMetrics
    public var policy: PipePolicy
    public var clock: any Clock<Duration>
    /// The time of day in milliseconds since 1970.
    public var wallClock: @Sendable () -> Int64
    public var log: any PipeLog
    public var logger: Logger

    public init(
        pipe: PipeID, generation: Int, family: PipeFamily, scaling: PipeScaling = PipeScaling(), settings: LiveSettings = LiveSettings(),
        store: any CheckpointStore, directory: any PipeDirectory, metrics: PipeMetrics, policy: PipePolicy = PipePolicy(),
        clock: any Clock<Duration> = ContinuousClock(), wallClock: (@Sendable () -> Int64)? = nil, log: any PipeLog, logger: Logger
    ) {
        self.pipe = pipe
        self.generation = generation
        self.family = family
        self.scaling = scaling
        self.settings = settings
        self.store = store
        self.directory = directory
        self.metrics = metrics
        self.policy = policy
        self.clock = clock
        self.wallClock = wallClock ?? { WallClock.milliseconds() }
        self.log = log
        self.logger = logger
    }
}
