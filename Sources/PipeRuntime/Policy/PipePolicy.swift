public import PipeCore

/// The numbers that say how patient and how large pipes are.
public struct PipePolicy: Sendable {
    /// How long a source may fail without a success between before the pipe goes to Failed.
    public var sourcePatience: Duration
    /// The same for the destination, and for Penstock's own store.
    public var destinationPatience: Duration
    public var backoff: Backoff.Schedule
    /// Where the jitter of pauses comes from.
    public var randomness: @Sendable () -> any RandomNumberGenerator & Sendable
    /// Bytes in flight of the smallest pipe.
    public var windowBytes: Int
    /// Longest time between two comparisons of wanted and running pipes.
    public var reconcileInterval: Duration

    public init(
        sourcePatience: Duration = .seconds(60 * 60), destinationPatience: Duration = .seconds(60 * 60),
        backoff: Backoff.Schedule = Backoff.Schedule(),
        randomness: @escaping @Sendable () -> any RandomNumberGenerator & Sendable = { SystemRandomNumberGenerator() },
        windowBytes: Int = 64 << 20, reconcileInterval: Duration = .seconds(5)
    ) {
        self.sourcePatience = sourcePatience
        self.destinationPatience = destinationPatience
        self.backoff = backoff
        self.randomness = randomness
        self.windowBytes = windowBytes
        self.reconcileInterval = reconcileInterval
    }

    func patience(for side: PipeSide) -> Duration { side == .source ? sourcePatience : destinationPatience }

    func makeBackoff() -> Backoff { Backoff(backoff, generator: randomness()) }

    /// Bytes in flight of a pipe: ``windowBytes`` for the smallest replica (0.5 GiB), in proportion for larger ones, at most
    /// eight times.
    ///
    /// Streams have half of it: room for what two inserters write, while the source has its own buffers besides. Object storage has a
    /// sixteenth: its batches are lists of names, and listing far ahead of loading gains nothing, but fills memory and the journal.
    public func window(for family: PipeFamily, scaling: PipeScaling) -> Int {
        let bytes = Double(windowBytes) * min(max(scaling.replicaMemoryGb / 0.5, 1), 8)
        switch family {
        case .database: return Int(bytes)
        case .streaming: return Int(bytes / 2)
        case .objectStorage: return Int(bytes / 16)
        }
    }

    /// Bytes that a database source may hold beside its batches: half a window.
    func sourceMemory(scaling: PipeScaling) -> Int { window(for: .database, scaling: scaling) / 2 }

    /// Batches written at the same time.
    ///
    /// Object storage: the setting `object_storage_concurrency`, else the deprecated `scaling.concurrency`, for each replica.
    /// Streams: two for each replica, so that one request is on the wire while another is being parsed. Databases: two.
    public static func inserters(for family: PipeFamily, settings: PipeSettings, scaling: PipeScaling) -> Int {
        let replicas = max(1, scaling.replicas)
        switch family {
        case .objectStorage:
            let name = "object_storage_concurrency"
            let perReplica =
                settings.values[name] == nil && (scaling.concurrency ?? 0) > 0
                ? scaling.concurrency ?? 1 : Int(clamping: settings.integer(name))
            return min(max(1, perReplica) * replicas, 64)
        case .streaming: return min(2 * replicas, 32)
        case .database: return 2
        }
    }
}
