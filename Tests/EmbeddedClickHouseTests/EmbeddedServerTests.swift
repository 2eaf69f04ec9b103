import ClickHouse
import EmbeddedClickHouse
import Foundation
import Logging
import ServiceLifecycle
import Testing

/// Whether this machine has an engine: the suites that start servers need one.
enum Engine {
    static let environment = ProcessInfo.processInfo.environment
    static let isRequired = environment["PENSTOCK_REQUIRE_IT"] == "1"
    static let isThere: Bool = {
        let configuration = EmbeddedServerConfiguration(dataDirectory: "/nowhere", environment: environment)
        guard let engine = try? ServerEngine.locate(configuration, isExecutable: { FileManager.default.isExecutableFile(atPath: $0) })
        else { return false }
        guard case .chdb(let python) = engine else { return true }
        let probe = Process()
        probe.executableURL = URL(fileURLWithPath: python)
        probe.arguments = ["-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('chdb') is None)"]
        probe.standardError = FileHandle.nullDevice
        guard (try? probe.run()) != nil else { return false }
        probe.waitUntilExit()
        return probe.terminationStatus == 0
    }()
}

@Suite(.enabled(if: Engine.isThere || Engine.isRequired), .serialized, .timeLimit(.minutes(3)))
struct EmbeddedServerTests {
    let logger = Logger(label: "embedded-test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs `body` beside a running server, then shuts down gracefully and waits for `run()` to return.
    func withServer<Result: Sendable>(
        _ root: String, _ body: @escaping @Sendable (EmbeddedServer, ClickHouseClient) async throws -> Result
    ) async throws -> Result {
        let server = EmbeddedServer(
            EmbeddedServerConfiguration(dataDirectory: root, environment: Engine.environment), logger: logger)
        let client = try ClickHouseClient(try server.prepare(), logger: logger)
        let result: Swift.Result<Result, any Error> = await withTaskGroup(of: Swift.Result<Result, any Error>?.self) { group in
            group.addTask {
                do {
                    try await server.run()
                    return nil
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                do {
                    try await server.waitUntilReady(timeout: .seconds(60))
                    return .success(try await body(server, client))
                } catch {
                    return .failure(error)
                }
            }
            var outcome: Swift.Result<Result, any Error> = .failure(CancellationError())
            for await finished in group {
                if let finished {
                    outcome = finished
                    group.cancelAll()
                }
            }
            return outcome
        }
        try await client.shutdown()
        #expect(server.state == .stopped)
        return try result.get()
    }

    func withDirectory(_ body: (String) async throws -> Void) async throws {
        let root = NSTemporaryDirectory() + "penstock-" + UUID().uuidString
        let result: Result<Void, any Error>
        do { result = .success(try await body(root)) } catch { result = .failure(error) }
        try FileManager.default.removeItem(atPath: root)
        try result.get()
    }

    func processID(_ server: EmbeddedServer) throws -> Int {
        guard case .running(let process) = server.state else { throw EmbeddedServerError("not running: \(server.state)") }
        return process
    }

    func isAlive(_ process: Int) -> Bool {
        // A dead child that nobody has waited for yet has an empty command line.
        FileManager.default.contents(atPath: "/proc/\(process)/cmdline").map { !$0.isEmpty } ?? false
    }

    @Test func answersWithPasswordOnlyKeepsDataLeavesNoProcess() async throws {
        try await withDirectory { root in
            let logger = logger
            let first = try await withServer(root) { server, client in
                try await client.execute("CREATE TABLE t (x Int32) ENGINE = MergeTree ORDER BY x")
                try await client.insert("INSERT INTO t FORMAT CSV", body: Array("1\n2\n".utf8))
                try await client.execute("CREATE USER u1 IDENTIFIED WITH no_password")
                for connection in [
                    ClickHouseConnection(url: client.connection.url),
                    ClickHouseConnection(url: client.connection.url, user: "penstock", password: "wrong"),
                ] {
                    let stranger = try ClickHouseClient(connection, logger: logger)
                    await #expect(throws: ClickHouseError.self) { try await stranger.query("SELECT 1") }
                    try await stranger.shutdown()
                }
                return try processID(server)
            }
            #expect(!isAlive(first))
            let sum = try await withServer(root) { _, client in
                let users = try await client.query("SELECT count() FROM system.users WHERE name = 'u1'").text
                #expect(users == "1\n")
                return try await client.query("SELECT sum(x) FROM t").text
            }
            #expect(sum == "3\n")
        }
    }

    @Test func comesBackAfterAKill() async throws {
        try await withDirectory { root in
            try await withServer(root) { server, client in
                let first = try processID(server)
                kill(pid_t(first), SIGKILL)
                _ = try await server.firstState { if case .running(let process) = $0 { process != first } else { false } }
                #expect(!isAlive(first))
                #expect(await client.ping())
            }
        }
    }

    @Test func stopsAndStartsOnRequest() async throws {
        try await withDirectory { root in
            try await withServer(root) { server, client in
                let first = try processID(server)
                await server.setWanted(running: false)
                _ = try await server.firstState { $0 == .stopped }
                #expect(!isAlive(first))
                #expect(await client.ping() == false)
                await server.setWanted(running: true)
                try await server.waitUntilReady(timeout: .seconds(60))
                #expect(await client.ping())
            }
        }
    }

    /// The server answers for a moment after it was told to stop: who wants it back then must not be sent to that one.
    @Test func whatIsAboutToStopDoesNotCountAsRunning() async throws {
        try await withDirectory { root in
            try await withServer(root) { server, client in
                let first = try processID(server)
                await server.setWanted(running: false)
                await server.setWanted(running: true)
                #expect(!server.isRunning)
                try await server.waitUntilReady(timeout: .seconds(60))
                #expect(try processID(server) != first)
                #expect(await client.ping())
            }
        }
    }

    /// A server whose Penstock was killed, started as Penstock starts it. Closing `pipe` is the death of that Penstock;
    /// `ended` finishes with the process.
    struct Orphan {
        let process: Process
        let pipe: Pipe
        let ended: AsyncStream<Void>
        var id: Int { Int(process.processIdentifier) }
    }

    func orphan(_ root: String) throws -> Orphan {
        let configuration = EmbeddedServerConfiguration(dataDirectory: root, environment: Engine.environment)
        let paths = ServerPaths(dataDirectory: root)
        _ = try ServerDirectory(paths).prepare(configuration)
        let engine = try ServerEngine.locate(configuration) { FileManager.default.isExecutableFile(atPath: $0) }
        let process = Process()
        let pipe = Pipe()
        // Process hands on the signal mask of the thread it is called on, and those of Dispatch block SIGTERM; env unblocks it.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["--default-signal=TERM", "/bin/sh", paths.launcher, paths.config] + engine.command(paths)
        process.environment = Engine.environment.merging(["CLICKHOUSE_WATCHDOG_ENABLE": "0"]) { $1 }
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let (ended, end) = AsyncStream<Void>.makeStream()
        process.terminationHandler = { _ in end.finish() }
        try process.run()
        return Orphan(process: process, pipe: pipe, ended: ended)
    }

    func waitForAnswer(_ root: String) async throws {
        let server = EmbeddedServer(EmbeddedServerConfiguration(dataDirectory: root, environment: Engine.environment), logger: logger)
        let client = try ClickHouseClient(try server.prepare(), logger: logger)
        let deadline = ContinuousClock.now + .seconds(60)
        var answers = false
        while !answers, .now < deadline { answers = await client.ping() }
        try await client.shutdown()
        #expect(answers)
    }

    func serverLog(_ root: String) -> String {
        ServerDirectory(ServerPaths(dataDirectory: root)).read(ServerPaths(dataDirectory: root).logs + "/clickhouse-server.log") ?? ""
    }

    /// One signal, and the server did all of its clean-up.
    func expectCleanStop(_ root: String) {
        let log = serverLog(root)
        #expect(log.ranges(of: "Received termination signal").count == 1)
        #expect(log.contains("Application: shutting down"))
        #expect(!log.contains("Will shutdown forcefully"))
    }

    @Test func stopsCleanlyAndSoon() async throws {
        try await withDirectory { root in
            let stopping = try await withServer(root) { _, client in
                try await client.shutdown()
                return ContinuousClock.now
            }
            // Alone on a machine it takes 0.2 s; the rest is for a loaded one. Without its signal it would be killed after 20 s.
            #expect(ContinuousClock.now - stopping < .seconds(10))
            expectCleanStop(root)
        }
    }

    @Test func stopsAServerLeftBehind() async throws {
        try await withDirectory { root in
            let old = try orphan(root)
            try await waitForAnswer(root)
            try await withServer(root) { server, client in
                let fresh = try processID(server)
                #expect(fresh != old.id)
                #expect(await client.ping())
            }
            try old.pipe.fileHandleForWriting.close()
            for await _ in old.ended {}
            #expect(!isAlive(old.id))
        }
    }

    @Test func endsWhenItsPenstockDies() async throws {
        try await withDirectory { root in
            let old = try orphan(root)
            try await waitForAnswer(root)
            try old.pipe.fileHandleForWriting.close()
            for await _ in old.ended {}
            #expect(!isAlive(old.id))
            expectCleanStop(root)
        }
    }
}
