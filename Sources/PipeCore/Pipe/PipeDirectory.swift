/// The pipes there should be, and what became of them: the supervisor's view of the catalog.
public protocol PipeDirectory: Sendable {
    /// All pipes that exist. A pipe that is gone from this list is stopped.
    func pipes() async throws -> [WantedPipe]

    /// Applies an observation to the pipe's state machine and stores the result. `message` becomes the pipe's state message;
    /// nil clears it. `generation` is that of the run which was observed; nil: whichever. Does nothing when the pipe is gone,
    /// or is of another generation by now: what became of a run says nothing of its successor.
    func observe(_ event: PipeLifecycle.Event, of pipe: PipeID, generation: Int?, message: String?) async throws

    /// Replaces the state message without a transition: what the pipe is waiting for.
    func describe(_ message: String?, of pipe: PipeID) async throws

    /// Keeps what has become known of the tables of a database pipe. Does nothing when the pipe is gone.
    func record(_ reports: [TableReport], of pipe: PipeID) async throws

    /// A value after every change of what is wanted; coalesced.
    func changes() -> AsyncStream<Void>
}

extension PipeDirectory {
    public func observe(_ event: PipeLifecycle.Event, of pipe: PipeID, message: String?) async throws {
        try await observe(event, of: pipe, generation: nil, message: message)
    }
}

/// One pipe as wanted.
public struct WantedPipe: Sendable {
    public var id: PipeID
    public var name: String
    public var serviceID: String
    /// `running` only when the user wants it, its service is running, and it is not at rest for another reason.
    public var wanted: WantedState
    public var state: PipeState
    /// Grows with every change that needs a restart: source, destination, mappings, scaling. Settings are applied live.
    public var generation: Int
    public var settings: PipeSettings
    /// The state message as stored.
    public var message: String?
    /// Decodes the pipe; fails when its source kind is not runnable in this build.
    public var spec: @Sendable () throws -> PipeSpec

    public init(
        id: PipeID, name: String, serviceID: String, wanted: WantedState, state: PipeState, generation: Int,
        settings: PipeSettings, message: String?, spec: @escaping @Sendable () throws -> PipeSpec
    ) {
        self.id = id
        self.name = name
        self.serviceID = serviceID
        self.wanted = wanted
        self.state = state
        self.generation = generation
        self.settings = settings
        self.message = message
        self.spec = spec
    }
}
