package import ClickHouse
internal import Logging
public import PipeCore
public import ServiceLifecycle

/// Logs of pipes: rows of `clickpipes_log` on each pipe's service, and lines of the program's log.
public final class ClickHousePipeLogs: PipeLogProvider, Service {
    let log: BatchedLog<PipeLogLine>

    /// `interval` is the shortest time between two writes; `capacity` the most lines in memory for one database.
    public init(
        services: ServiceDirectory, clock: any Clock<Duration> = ContinuousClock(), interval: Duration = .seconds(1), capacity: Int = 10_000
    ) {
        log = BatchedLog(
            PipeLogLine.table, clock: clock, policy: .init(interval: interval, batch: capacity, capacity: capacity),
            destination: { services.logDestination($0) })
    }

    public func log(for spec: PipeSpec) -> any PipeLog { ClickHousePipeLog(spec: spec, log: log) }

    /// Writes until graceful shutdown or cancellation, then once more.
    public func run() async throws { try await log.run() }
}

/// A line on its way to `clickpipes_log`.
package struct PipeLogLine: Sendable, Hashable {
    package var service: String
    package var database: String
    package var pipe: PipeID
    package var name: String
    package var source: String
    package var level: PipeLogLevel
    package var code: String
    package var message: String
    /// Milliseconds since 1970.
    package var time: Int64

    package init(
        service: String, database: String, pipe: PipeID, name: String, source: String, level: PipeLogLevel, code: String, message: String,
        time: Int64
    ) {
        self.service = service
        self.database = database
        self.pipe = pipe
        self.name = name
        self.source = source
        self.level = level
        self.code = code
        self.message = message
        self.time = time
    }
}

extension PipeLogLine: LogRow {
    static let table = LogTable(
        "clickpipes_log",
        columns: [
            .init("clickpipe_id", "String"), .init("clickpipe_name", "LowCardinality(String)"),
            .init("source", "LowCardinality(String)", "Kind of source"),
            .init("level", "LowCardinality(String)", "info, warning or error"),
            .init("code", "LowCardinality(String)", "Error code; empty for none"), .init("message", "String"),
        ], sortingKey: "clickpipe_id, timestamp", days: 7)

    package var place: LogPlace { LogPlace(service: service, database: database) }

    package func write(to row: inout JSONRows) {
        row.field("timestamp", time)
        row.field("clickpipe_id", pipe.rawValue)
        row.field("clickpipe_name", name)
        row.field("source", source)
        row.field("level", level.rawValue)
        row.field("code", code)
        row.field("message", message)
    }

    package func notice(dropped: Int) -> PipeLogLine? {
        var line = self
        line.level = .warning
        line.code = "LOG_LINES_DROPPED"
        line.message = "\(dropped) older line(s) of pipes were dropped because ClickHouse did not take them in time"
        return line
    }
}

private struct ClickHousePipeLog: PipeLog {
    let spec: PipeSpec
    let log: BatchedLog<PipeLogLine>
    let logger: Logger

    init(spec: PipeSpec, log: BatchedLog<PipeLogLine>) {
        self.spec = spec
        self.log = log
        var logger = Logger(label: "penstock.pipe")
        logger[metadataKey: "pipe_id"] = .string(spec.id.rawValue)
        logger[metadataKey: "pipe_name"] = .string(spec.name)
        self.logger = logger
    }

    func log(_ level: PipeLogLevel, _ code: PipeError.Code?, _ message: String) {
        let metadata: Logger.Metadata? = code.map { ["code": .string($0.rawValue)] }
        switch level {
        case .info: logger.info("\(message)", metadata: metadata)
        case .warning: logger.warning("\(message)", metadata: metadata)
        case .error: logger.error("\(message)", metadata: metadata)
        }
        log.append(
            PipeLogLine(
                service: spec.serviceID, database: spec.destination.database, pipe: spec.id, name: spec.name, source: spec.source.label,
                level: level, code: code?.rawValue ?? "", message: message, time: WallClock.milliseconds()))
    }
}
