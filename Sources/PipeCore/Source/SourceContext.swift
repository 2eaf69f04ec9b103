private import Synchronization

/// What a running source gets from the runtime.
public struct SourceContext: Sendable {
    public var pipe: PipeID
    /// Read at each use: changes apply at once.
    public var settings: LiveSettings
    public var clock: any Clock<Duration>
    public var log: any PipeLog
    public var scaling: PipeScaling
    /// What is written where; a source adds only the virtual columns that are named here.
    public var mappings: [FieldMapping]
    /// Bytes that a database source may hold in memory beside the batches it has emitted.
    public var memory: Int
    /// A folder for what does not fit there, not made yet; the source empties it when it begins and removes it when it ends.
    public var scratchFolder: String

    public init(
        pipe: PipeID, settings: LiveSettings, clock: any Clock<Duration>, log: any PipeLog, scaling: PipeScaling = PipeScaling(),
        mappings: [FieldMapping] = [], memory: Int = 32 << 20, scratchFolder: String? = nil
    ) {
        self.pipe = pipe
        self.settings = settings
        self.clock = clock
        self.log = log
        self.scaling = scaling
        self.mappings = mappings
        self.memory = memory
        self.scratchFolder = scratchFolder ?? "/tmp/penstock-\(pipe)"
    }
}

/// The settings of a running pipe, shared by its source, its inserters and the API that changes them.
public final class LiveSettings: Sendable {
    private struct State {
        var settings: PipeSettings
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }
    private let state: Mutex<State>

    public init(_ settings: PipeSettings = PipeSettings()) { state = Mutex(State(settings: settings)) }

    public var current: PipeSettings { state.withLock { $0.settings } }

    public func integer(_ name: String) -> Int64 { current.integer(name) }
    public func bool(_ name: String) -> Bool { current.bool(name) }

    /// Replaces the settings and wakes everybody in ``change()``.
    public func update(_ settings: PipeSettings) {
        let waiters = state.withLock { state in
            state.settings = settings
            defer { state.waiters = [:] }
            return state.waiters.values.map { $0 }
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns at the next update, or when the task is cancelled. With `seen`, also at once when the settings are no longer these:
    /// an update between reading and waiting is not missed.
    public func change(from seen: PipeSettings? = nil) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let wake = state.withLock { state in
                    if Task.isCancelled { return true }
                    if let seen, seen != state.settings { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if wake { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}
