/// The state machine of a pipe, as a value: every transition the program makes goes through here.
public struct PipeLifecycle: Hashable, Sendable {
    public enum Event: Hashable, Sendable {
        /// A user asked to start; allowed at rest except when Completed.
        case startRequested
        /// A user asked to stop; allowed from any state.
        case stopRequested
        /// A user asked to load a database pipe anew; allowed from any state, Completed too. Changes no other pipe.
        case resyncRequested
        /// A user changed the tables of a database pipe at rest; it starts by itself when it was Paused.
        case tablesEdited
        /// The runner prepares target tables.
        case provisioningBegan
        /// The source reads; `snapshot` while a database is loaded for the first time.
        case runningBegan
        case snapshotBegan
        /// The runner has ended because it was asked to.
        case stopFinished
        /// The source has nothing more to give.
        case finished
        case failed(Disposition)
    }

    public enum Refusal: Error, Hashable, Sendable {
        /// The wire text must hold `ClickPipe is already running`: Terraform matches it and treats it as success.
        case alreadyRunning
        /// A completed pipe accepts only resync, and only database pipes have that.
        case completed
    }

    public let family: PipeFamily
    public private(set) var state: PipeState

    public init(family: PipeFamily, state: PipeState = .provisioning) {
        self.family = family
        self.state = state
    }

    /// Applies `event`. Requests may be refused; observations never are, an impossible one changes nothing.
    public mutating func apply(_ event: Event) throws(Refusal) {
        switch event {
        case .startRequested:
            switch state {
            case .completed: throw .completed
            case .stopped, .failed, .internalError, .paused, .stopping, .pausing: state = .provisioning
            default: throw .alreadyRunning
            }
        case .stopRequested:
            switch state {
            case .stopped, .paused, .completed: break
            case .failed, .internalError: state = resting
            default: state = family == .database ? .pausing : .stopping
            }
        case .resyncRequested:
            if family == .database { state = .resync }
        case .tablesEdited:
            if family == .database, state == .paused { state = .modifying }
        case .provisioningBegan:
            if !isStopping { state = family == .database ? .setup : .provisioning }
        case .runningBegan:
            if !isStopping { state = .running }
        case .snapshotBegan:
            if !isStopping { state = .snapshot }
        case .stopFinished:
            if !state.isAtRest { state = resting }
        case .finished:
            state = .completed
        case .failed(let disposition):
            state = disposition == .bug ? .internalError : .failed
        }
    }

    private var isStopping: Bool { state == .stopping || state == .pausing || state.isAtRest }

    private var resting: PipeState { family == .database ? .paused : .stopped }
}
