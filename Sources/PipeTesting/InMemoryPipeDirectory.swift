public import PipeCore
private import Synchronization

/// The pipes there should be, in memory.
public final class InMemoryPipeDirectory: PipeDirectory {
    public struct Entry: Sendable {
        public var pipe: PipeSpec
        public var lifecycle: PipeLifecycle
        public var wanted: WantedState = .running
        public var isServiceRunning = true
        public var generation = 1
        public var message: String?
        /// By target.
        public var tables: [String: TableStatus] = [:]
        public var events: [PipeLifecycle.Event] = []
        public var state: PipeState { lifecycle.state }
    }

    public struct Contents: Sendable {
        public var pipes: [PipeID: Entry] = [:]
        /// Every text ever given to `describe`.
        public var descriptions: [String?] = []
        /// Calls of `pipes()`.
        public var listings = 0
        var listingFailures: [any Error] = []
        var observationFailures: [any Error] = []
    }

    private let contents = Watched(Contents())
    private let listeners = Mutex<[AsyncStream<Void>.Continuation]>([])

    public init() {}

    public subscript(pipe: PipeID) -> Entry? { contents.value.pipes[pipe] }
    public var current: Contents { contents.value }

    public func wait(until condition: @escaping @Sendable (Contents) -> Bool) async throws {
        try await contents.wait(until: condition)
    }

    /// Returns once the pipe is in `state`.
    public func wait(for pipe: PipeID, toBe state: PipeState) async throws {
        try await contents.wait { $0.pipes[pipe]?.state == state }
    }

    public func add(_ pipe: PipeSpec, state: PipeState = .provisioning) {
        change { $0.pipes[pipe.id] = Entry(pipe: pipe, lifecycle: PipeLifecycle(family: pipe.source.family, state: state)) }
    }

    /// Changes a pipe as a user would; everybody in `changes()` is told.
    public func change(_ pipe: PipeID, _ body: (inout Entry) throws -> Void) rethrows {
        try change { contents in
            guard var entry = contents.pipes[pipe] else { return }
            try body(&entry)
            contents.pipes[pipe] = entry
        }
    }

    public func start(_ pipe: PipeID) throws {
        try change(pipe) {
            try $0.lifecycle.apply(.startRequested)
            $0.wanted = .running
        }
    }

    public func stop(_ pipe: PipeID) throws {
        try change(pipe) {
            try $0.lifecycle.apply(.stopRequested)
            $0.wanted = .stopped
        }
    }

    public func remove(_ pipe: PipeID) { change { $0.pipes[pipe] = nil } }

    public func failNextListings(_ errors: any Error...) { contents.update { $0.listingFailures += errors } }
    public func failNextObservations(_ errors: any Error...) { contents.update { $0.observationFailures += errors } }

    public func pipes() async throws -> [WantedPipe] {
        try contents.update { contents in
            contents.listings += 1
            if !contents.listingFailures.isEmpty { throw contents.listingFailures.removeFirst() }
            return contents.pipes.values.map { entry in
                let runs = entry.wanted == .running && entry.isServiceRunning && !entry.state.isAtRest
                return WantedPipe(
                    id: entry.pipe.id, name: entry.pipe.name, serviceID: entry.pipe.serviceID, wanted: runs ? .running : .stopped,
                    state: entry.state, generation: entry.generation, settings: entry.pipe.settings, message: entry.message,
                    spec: { entry.pipe })
            }
        }
    }

    public func observe(_ event: PipeLifecycle.Event, of pipe: PipeID, generation: Int?, message: String?) async throws {
        try contents.update { contents in
            if !contents.observationFailures.isEmpty { throw contents.observationFailures.removeFirst() }
            guard var entry = contents.pipes[pipe], generation == nil || generation == entry.generation else { return }
            try entry.lifecycle.apply(event)
            entry.message = message
            entry.events.append(event)
            contents.pipes[pipe] = entry
        }
    }

    public func describe(_ message: String?, of pipe: PipeID) async throws {
        contents.update {
            $0.pipes[pipe]?.message = message
            $0.descriptions.append(message)
        }
    }

    public func record(_ reports: [TableReport], of pipe: PipeID) async throws {
        contents.update { contents in
            for report in reports {
                var status = contents.pipes[pipe]?.tables[report.target] ?? TableStatus(target: report.target, updatedAt: report.time)
                status.add(report)
                contents.pipes[pipe]?.tables[report.target] = status
            }
        }
    }

    public func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        listeners.withLock { $0.append(continuation) }
        return stream
    }

    private func change(_ body: (inout Contents) throws -> Void) rethrows {
        try contents.update(body)
        for listener in listeners.withLock({ $0 }) { listener.yield() }
    }
}
