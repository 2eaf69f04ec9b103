public import PipeCore

/// Keeps what a pipe logs.
public final class RecordingLog: PipeLog, PipeLogProvider {
    public struct Line: Sendable, Hashable {
        public var level: PipeLogLevel
        public var code: PipeError.Code?
        public var message: String
    }

    private let recorded = Watched<[Line]>([])

    public init() {}

    public var lines: [Line] { recorded.value }

    public func log(_ level: PipeLogLevel, _ code: PipeError.Code?, _ message: String) {
        recorded.update { $0.append(Line(level: level, code: code, message: message)) }
    }

    public func log(for spec: PipeSpec) -> any PipeLog { self }
}
