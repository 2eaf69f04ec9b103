/// What a pipe tells its owner: rows of `clickpipes_log` and lines of the program's log.
public protocol PipeLog: Sendable {
    /// Returns at once; writing happens elsewhere and never fails a pipe. `message` holds no secrets.
    func log(_ level: PipeLogLevel, _ code: PipeError.Code?, _ message: String)
}

public enum PipeLogLevel: String, Sendable, Hashable, Codable { case info, warning, error }

/// Makes the log of a pipe.
public protocol PipeLogProvider: Sendable {
    func log(for spec: PipeSpec) -> any PipeLog
}
