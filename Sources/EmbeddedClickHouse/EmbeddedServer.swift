public import ClickHouse
public import Logging
public import ServiceLifecycle
import Subprocess
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A ClickHouse server on this machine that lives as long as `run()`.
///
/// The server is a child in a session of its own, so Ctrl-C in the terminal reaches only Penstock, which stops the server in its turn.
/// It ends with Penstock even when that is killed: a watcher beside it waits for the end of a pipe. What still survives is stopped at
/// the next start. A server stops cleanly when nobody is connected any more: shut down its clients before; for open connections it waits
/// a second and then leaves its buffers unflushed (inserts that it has confirmed are safe). Only one Penstock may use a data directory;
/// the program that composes the services sees to that with a lock.
public final class EmbeddedServer: Service, Sendable {
    public enum State: Sendable, Hashable {
        case starting
        case running(processID: Int)
        /// Unwanted; it may still answer.
        case stopping
        /// Died or failed to start; the next attempt follows after a pause.
        case restarting
        case stopped
        /// Failed to start several times in a row; attempts go on, at long intervals. The message says why.
        case failed(message: String)
    }

    private let configuration: EmbeddedServerConfiguration
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let directory: ServerDirectory
    private let observed = Observed<State>(.stopped)
    private let wanted = Observed(true)

    public init(_ configuration: EmbeddedServerConfiguration, clock: any Clock<Duration> = ContinuousClock(), logger: Logger) {
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        directory = ServerDirectory(ServerPaths(dataDirectory: configuration.dataDirectory))
    }

    public var state: State { observed.value }

    public var isRunning: Bool {
        if case .running = state { true } else { false }
    }

    /// Writes the configuration files, with the password and port of the first time, and says how to reach the server.
    /// Throws ``EmbeddedServerError``.
    public func prepare() throws -> ClickHouseConnection {
        let identity = try directory.prepare(configuration)
        return ClickHouseConnection(
            url: "http://127.0.0.1:\(identity.httpPort)", user: ServerConfigText.user, password: identity.password,
            connectTimeout: .seconds(2))
    }

    /// Wants the server running or stopped; `run()` makes it so. Returns at once, `state` tells the progress: it is not `running` any more
    /// for a server that is about to stop, whoever wants it back meanwhile.
    public func setWanted(running: Bool) async {
        wanted.set(running)
        guard !running else { return }
        observed.update { state in
            if case .running = state { .stopping } else { nil }
        }
    }

    /// The first state, the present one included, for which `matches` holds. Throws CancellationError.
    package func firstState(where matches: @escaping @Sendable (State) -> Bool) async throws -> State {
        try await observed.first(where: matches)
    }

    /// Returns when the server answers. Throws ``EmbeddedServerError`` when it failed or `timeout` is over.
    public func waitUntilReady(timeout: Duration) async throws {
        let observed = observed
        let clock = clock
        try await withThrowingTaskGroup(of: State.self) { group in
            group.addTask {
                try await observed.first { state in
                    switch state {
                    case .running, .failed: true
                    case .starting, .restarting, .stopping, .stopped: false
                    }
                }
            }
            group.addTask {
                try await clock.sleep(for: timeout)
                throw EmbeddedServerError("the embedded ClickHouse server does not answer within \(timeout)")
            }
            defer { group.cancelAll() }
            if case .failed(let message)? = try await group.next() { throw EmbeddedServerError(message) }
        }
    }

    /// Runs the server, restarts it when it dies, and stops it before returning.
    ///
    /// Returns after graceful shutdown or cancellation. Throws ``EmbeddedServerError`` when the server can never start here: no engine,
    /// an unusable directory, an older server that cannot be stopped.
    public func run() async throws {
        let connection = try prepare()
        let engine = try ServerEngine.locate(configuration) { FileManager.default.isExecutableFile(atPath: $0) }
        try await StaleServer(directory: directory).stop(patience: configuration.stopTimeout, clock: clock)
        await cancelWhenGracefulShutdown { await self.supervise(engine, connection) }
        observed.set(.stopped)
    }

    // MARK: Supervision

    private enum Event: Sendable {
        case unwanted
        /// The server ended by itself; its last words.
        case ended(words: String)
    }

    private func supervise(_ engine: ServerEngine, _ connection: ClickHouseConnection) async {
        var pauses = RestartPauses()
        do {
            while true {
                _ = try await wanted.first { $0 }
                observed.set(.starting)
                let event = await once(engine, connection)
                try Task.checkCancellation()
                switch event {
                case .unwanted:
                    pauses = RestartPauses()
                    observed.set(.stopped)
                case .ended(let words):
                    if case .running = state { pauses = RestartPauses() }
                    let pause = pauses.next()
                    logger.error(
                        "the embedded ClickHouse server ended; starting it again", metadata: ["pause": "\(pause)", "output": "\(words)"])
                    observed.set(
                        pauses.isHopeless
                            ? .failed(message: "the embedded ClickHouse server does not start: \(words)") : .restarting)
                    try await clock.sleep(for: pause)
                }
            }
        } catch {
            // Cancelled: the server is stopped already.
        }
    }

    /// Runs the server until it ends, is unwanted, or the task is cancelled; it has ended when this returns.
    private func once(_ engine: ServerEngine, _ connection: ClickHouseConnection) async -> Event {
        await withTaskGroup(of: Event?.self) { group in
            group.addTask { await self.process(engine, connection) }
            group.addTask { [wanted] in
                do {
                    _ = try await wanted.first { !$0 }
                    return .unwanted
                } catch {
                    return nil
                }
            }
            var result: Event?
            for await event in group {
                if result == nil { result = event }
                group.cancelAll()
            }
            return result ?? .unwanted
        }
    }

    /// Cancelling this task stops the process: the end of its input (see ``LauncherText/shell``), the time to stop, SIGKILL.
    private func process(_ engine: ServerEngine, _ connection: ClickHouseConnection) async -> Event {
        let paths = directory.paths
        var options = PlatformOptions()
        options.createSession = true
        // SIGCONT changes nothing for a running process: the library wants a signal, the watcher at the end of the pipe sends the real one.
        options.teardownSequence = [.send(signal: .resume, allowedDurationToNextStep: configuration.stopTimeout)]
        var environment: [Environment.Key: String] = [:]
        for (name, value) in configuration.environment {
            if let key = Environment.Key(rawValue: name) { environment[key] = value }
        }
        // Without this ClickHouse forks, and the process that we know would only be the parent of the server.
        environment["CLICKHOUSE_WATCHDOG_ENABLE"] = "0"
        let words = Mutex("")
        do {
            let result = try await Subprocess.run(
                .name("sh"), arguments: Arguments([paths.launcher, paths.config] + engine.command(paths)),
                environment: .custom(environment), platformOptions: options, input: .inputWriter, output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                let process = Int(execution.processIdentifier.value)
                try directory.write(String(process), to: paths.processID)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await self.announce(process, connection) }
                    for try await buffer in execution.standardOutput {
                        let text = buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                        words.withLock { $0 = String(($0 + text).suffix(2000)) }
                    }
                    group.cancelAll()
                }
            }
            return .ended(words: "\(result.terminationStatus). \(words.withLock { $0 })")
        } catch {
            return .ended(words: "\(words.withLock { $0 }) \(error)")
        }
    }

    /// Sets the state to running at the first answer.
    private func announce(_ process: Int, _ connection: ClickHouseConnection) async throws {
        // A client of its own, so that no idle connection is left: a stopping server waits for those, and then skips its own clean-up.
        let client = try ClickHouseClient(connection, logger: logger)
        while !Task.isCancelled, await !client.ping(timeout: .seconds(1)) { try? await clock.sleep(for: .milliseconds(20)) }
        try await client.shutdown()
        try Task.checkCancellation()
        logger.info("the embedded ClickHouse server answers", metadata: ["pid": "\(process)"])
        observed.set(.running(processID: process))
    }
}
