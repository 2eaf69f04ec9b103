/// What runs calls tells of them. Nothing here blocks, suspends or throws; ``CallLog`` is the real one.
public protocol CallRecorder: Sendable {
    /// A call of a known endpoint begins to run; nil is the service's own route. Each is followed by one ``left(service:endpoint:)``.
    func entered(service: String, endpoint: String?)
    /// The answer of a call has ended, in whatever way.
    func left(service: String, endpoint: String?)
    /// Keeps a call that has ended. Called once for each call whose endpoint exists, also when it was refused.
    func record(_ call: CallRecord)
    /// Text that is equal for equal parameters and tells nothing else about them; empty without parameters. `values` are the texts
    /// that ClickHouse gets.
    func parameterHash(_ values: [String: String]) -> String
}
