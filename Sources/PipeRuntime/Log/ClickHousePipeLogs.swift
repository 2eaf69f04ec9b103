internal import ClickHouse
internal import Logging
public import PipeCore
public import ServiceLifecycle
private import Synchronization

/// Logs of pipes: rows of `clickpipes_log` on each pipe's service, and lines of the program's log.
///
/// Lines are queued and written in batches by ``run()``. The queue is bounded: when the service does not take rows, the
/// oldest are dropped and the next row says how many.
public final class ClickHousePipeLogs: PipeLogProvider, Service {
    private let services: ServiceDirectory
    private let clock: any Clock<Duration>
    private let interval: Duration
    private let capacity: Int
    private let queue = Mutex(LogQueue())
    private let (wakeups, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// `interval` is the shortest time between two writes; `capacity` the most lines in memory.
    public init(
        services: ServiceDirectory, clock: any Clock<Duration> = ContinuousClock(), interval: Duration = .seconds(1), capacity: Int = 10_000
    ) {
        self.services = services
        self.clock = clock
        self.interval = interval
        self.capacity = capacity
    }

    public func log(for spec: PipeSpec) -> any PipeLog { ClickHousePipeLog(spec: spec, logs: self) }

    /// Writes until graceful shutdown or cancellation, then once more.
    public func run() async throws {
        let writer = PipeLogWriter(services: services)
        // Only the pauses are cut short: a write that is cancelled may have happened, and its lines would be written again.
        await withGracefulShutdownHandler {
            for await _ in self.wakeups {
                await self.flush(through: writer)
                await cancelWhenGracefulShutdown { try? await self.clock.sleep(for: self.interval) }
            }
        } onGracefulShutdown: {
            self.wake.finish()
        }
        await flush(through: writer)
    }

    /// Writes everything that is queued now. Lines that could not be written are queued again.
    private func flush(through writer: PipeLogWriter) async {
        let (lines, dropped) = queue.withLock { $0.take() }
        guard !lines.isEmpty else { return }
        let failed = await writer.write(lines, dropped: dropped)
        guard !failed.isEmpty else { return }
        queue.withLock { $0.putBack(failed, dropped: failed.count == lines.count ? dropped : 0, capacity: capacity) }
        wake.yield()
    }

    fileprivate func enqueue(_ line: PipeLogLine) {
        queue.withLock { $0.append(line, capacity: capacity) }
        wake.yield()
    }
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

/// The bounded queue of lines. Pure.
package struct LogQueue: Sendable {
    private var lines: [PipeLogLine] = []
    private var dropped = 0

    package init() {}

    package var count: Int { lines.count }

    package mutating func append(_ line: PipeLogLine, capacity: Int) {
        lines.append(line)
        trim(to: capacity)
    }

    /// All lines, and how many were dropped before them since the last call.
    package mutating func take() -> ([PipeLogLine], dropped: Int) {
        defer {
            lines = []
            dropped = 0
        }
        return (lines, dropped)
    }

    /// Lines that were taken and not written go back to the front.
    package mutating func putBack(_ old: [PipeLogLine], dropped: Int = 0, capacity: Int) {
        lines = old + lines
        self.dropped += dropped
        trim(to: capacity)
    }

    private mutating func trim(to capacity: Int) {
        let excess = lines.count - capacity
        guard excess > 0 else { return }
        lines.removeFirst(excess)
        dropped += excess
    }
}

private struct ClickHousePipeLog: PipeLog {
    let spec: PipeSpec
    let logs: ClickHousePipeLogs
    let logger: Logger

    init(spec: PipeSpec, logs: ClickHousePipeLogs) {
        self.spec = spec
        self.logs = logs
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
        logs.enqueue(
            PipeLogLine(
                service: spec.serviceID, database: spec.destination.database, pipe: spec.id, name: spec.name, source: spec.source.label,
                level: level, code: code?.rawValue ?? "", message: message, time: WallClock.milliseconds()))
    }
}
