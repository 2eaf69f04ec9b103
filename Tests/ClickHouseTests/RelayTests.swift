import ClickHouse
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

/// The connections of relayed answers against a server that is told what to do with every byte.
@Suite(.timeLimit(.minutes(5))) struct RelayTests {
    static let statement = Statement("SELECT 1")
    let loop: any EventLoop = NIOSingletons.posixEventLoopGroup.any()

    /// Hands a client to `body` and shuts it down.
    func withClient<Result: Sendable>(
        _ connection: ClickHouseConnection, _ limit: (inout UpstreamLimits) -> Void = { _ in },
        _ body: (ClickHouseClient) async throws -> Result
    ) async throws -> Result {
        var limits = UpstreamLimits(connectTime: .seconds(10))
        limit(&limits)
        let client = try ClickHouseClient(connection, logger: Logger(label: "test"), limits: limits)
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        try await client.shutdown()
        return try result.get()
    }

    func select(_ client: ClickHouseClient, isRead: Bool = true) async throws -> String {
        let relay = client.relay(Self.statement, isRead: isRead, on: loop)
        switch try await relay.begin() {
        case .complete(let bytes): return String(buffer: bytes)
        case .streaming:
            var text = ""
            while let piece = try await relay.next() { text += String(buffer: piece) }
            return text
        }
    }

    func expect(_ text: String, of client: ClickHouseClient) async throws {
        let answer = try await select(client)
        #expect(answer == text)
    }

    func error<Result>(of work: () async throws -> Result) async throws -> ClickHouseError {
        do { _ = try await work() } catch let error as ClickHouseError { return error }
        throw NoError()
    }

    struct NoError: Error {}

    // MARK: Connections

    @Test func aConnectionIsUsedAgain() async throws {
        let heads = Mutex<[String]>([])
        try await ScriptedServer.with { connection in
            while let request = try await connection.request() {
                heads.withLock { $0.append(request) }
                try await connection.answer("1\n")
            }
        } _: { server in
            try await withClient(ClickHouseConnection(url: server.url, user: "u", password: "p", database: "d")) { client in
                for _ in 0..<3 { try await expect("1\n", of: client) }
            }
            #expect(server.connections == 1)
            let head = try #require(heads.withLock { $0 }.last)
            #expect(head.hasPrefix("POST /?query_id="))
            for line in [
                "Host: 127.0.0.1:\(server.port)", "X-ClickHouse-User: u", "X-ClickHouse-Key: p", "X-ClickHouse-Database: d",
                "Content-Length: 8",
            ] {
                #expect(head.contains("\r\n\(line)\r\n"))
            }
        }
    }

    @Test func aConnectionThatTheServerEndsIsNotUsedAgain() async throws {
        try await ScriptedServer.with { connection in
            while try await connection.request() != nil {
                switch connection.index {
                case 0: try await connection.answer("1\n", headers: "Connection: close\r\n")
                case 1:
                    // Its end is the end of the answer.
                    try await connection.send("HTTP/1.1 200 OK\r\n\r\n1\n")
                    return
                case 2: try await connection.answer("1\n", headers: ""); try await connection.send("more than was asked for")
                default: try await connection.answer("1\n")
                }
            }
        } _: { server in
            try await withClient(ClickHouseConnection(url: server.url)) { client in
                for _ in 0..<4 { try await expect("1\n", of: client) }
            }
            #expect(server.connections == 4)
        }
    }

    @Test func anIdleConnectionIsClosedInTime() async throws {
        let (ended, end) = AsyncStream.makeStream(of: Int.self)
        try await ScriptedServer.with { connection in
            while try await connection.request() != nil { try await connection.answer("1\n") }
            end.yield(connection.index)
        } _: { server in
            try await withClient(ClickHouseConnection(url: server.url), { $0.idleTime = .milliseconds(20) }) { client in
                try await expect("1\n", of: client)
                for await index in ended {
                    #expect(index == 0)
                    break
                }
                try await expect("1\n", of: client)
            }
            #expect(server.connections == 2)
        }
    }

    @Test func idleConnectionsAreFew() async throws {
        let (ended, end) = AsyncStream.makeStream(of: Int.self)
        let together = Mutex<[CheckedContinuation<Void, Never>]>([])
        try await ScriptedServer.with { connection in
            while try await connection.request() != nil {
                // Answers when three are there.
                await withCheckedContinuation { continuation in
                    let all = together.withLock { waiting in
                        waiting.append(continuation)
                        return waiting.count == 3 ? waiting : []
                    }
                    for one in all { one.resume() }
                }
                try await connection.answer("1\n")
            }
            end.yield(connection.index)
        } _: { server in
            try await withClient(ClickHouseConnection(url: server.url), { $0.idleConnections = 1 }) { client in
                try await withThrowingTaskGroup(of: String.self) { group in
                    for _ in 0..<3 { group.addTask { try await select(client) } }
                    for try await text in group { #expect(text == "1\n") }
                }
                var closed: Set<Int> = []
                for await index in ended {
                    closed.insert(index)
                    if closed.count == 2 { break }
                }
            }
            #expect(server.connections == 3)
        }
    }

    @Test func requestsBeyondTheLimitWaitForAConnection() async throws {
        let (asked, ask) = AsyncStream.makeStream(of: Void.self)
        let (permits, permit) = AsyncStream.makeStream(of: Void.self)
        try await ScriptedServer.with { connection in
            var permitted = permits.makeAsyncIterator()
            while try await connection.request() != nil {
                ask.yield()
                await permitted.next()
                try await connection.answer("1\n")
            }
        } _: { server in
            try await withClient(ClickHouseConnection(url: server.url), { $0.connections = 1 }) { client in
                let first = client.relay(Self.statement, isRead: true, on: loop)
                var requests = asked.makeAsyncIterator()
                await requests.next()
                let given = client.relay(Self.statement, isRead: true, on: loop)
                let second = client.relay(Self.statement, isRead: true, on: loop)
                given.limit(to: .zero)
                let gone = try await error { try await given.begin() }
                #expect(gone.code == .timedOut)
                permit.yield()
                guard case .complete = try await first.begin() else { throw NoError() }
                permit.yield()
                guard case .complete(let bytes) = try await second.begin() else { throw NoError() }
                #expect(String(buffer: bytes) == "1\n")
            }
            // The one that was given up was never sent. (KILL has a connection of its own.)
            #expect(server.connections <= 2)
        }
    }

    // MARK: Stale connections

    @Test(arguments: [true, false]) func aReadIsSentAgainWhenItsKeptConnectionWasClosed(isRead: Bool) async throws {
        try await ScriptedServer.with { connection in
            var count = 0
            while try await connection.request() != nil {
                count += 1
                if connection.index == 0, count == 2 { return }
                try await connection.answer("\(connection.index)\n")
            }
        } _: { server in
            try await withClient(ClickHouseConnection(url: server.url)) { client in
                try await expect("0\n", of: client)
                if isRead {
                    try await expect("1\n", of: client)
                    #expect(server.connections == 2)
                } else {
                    let error = try await error { try await select(client, isRead: false) }
                    #expect(error.code == .connectionLost && error.isMaybeApplied)
                    #expect(server.connections == 1)
                }
            }
        }
    }

    @Test func itIsSentAgainOnceOnly() async throws {
        try await ScriptedServer.with { connection in
            guard try await connection.request() != nil else { return }
            guard connection.index == 0 else { return try await connection.resetOnClose() }
            try await connection.answer("1\n")
            _ = try await connection.request()
            try await connection.resetOnClose()
        } _: { server in
            try await withClient(ClickHouseConnection(url: server.url)) { client in
                try await expect("1\n", of: client)
                let error = try await error { try await select(client) }
                #expect(error.code == .connectionLost && error.isMaybeApplied)
                #expect(server.connections == 2)
            }
        }
    }

    @Test func anAnswerThatHasBegunIsNotAskedForAgain() async throws {
        try await ScriptedServer.with { connection in
            guard try await connection.request() != nil else { return }
            try await connection.answer("1\n")
            _ = try await connection.request()
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        } _: { server in
            try await withClient(ClickHouseConnection(url: server.url)) { client in
                try await expect("1\n", of: client)
                let error = try await error { try await select(client) }
                #expect(error.code == .connectionLost)
                #expect(server.connections == 1)
            }
        }
    }

    @Test func nobodyListens() async throws {
        let port = try ClosedPort()
        defer { port.release() }
        try await withClient(ClickHouseConnection(url: "http://127.0.0.1:\(port.number)")) { client in
            let error = try await error { try await select(client) }
            #expect(error.code == .connectFailed && error.disposition == .retryable && !error.isMaybeApplied)
        }
    }

    @Test func controlCharactersStayInside() async throws {
        try await withClient(ClickHouseConnection(url: "http://127.0.0.1:1", password: "a\r\nX: y")) { client in
            let error = try await error { try await select(client) }
            #expect(error.code == .invalidConnection && !error.isMaybeApplied)
        }
    }

    // MARK: TLS

    @Test(.enabled(if: OwnAuthority.openssl != nil || RealServer.isRequired)) func overTLS() async throws {
        try await OwnAuthority.with { authority in
            try await MisbehavingServer.with({ _ in .answer(status: .ok, headers: [:], body: "1\n") }, tls: authority.serverContext()) {
                server in
                try await withClient(ClickHouseConnection(url: "https://localhost:\(server.port)", caFile: authority.caFile)) { client in
                    for _ in 0..<2 { try await expect("1\n", of: client) }
                }
                for url in ["https://127.0.0.1:\(server.port)", "https://localhost:\(server.port)"] {
                    let file = url.contains("localhost") ? nil : authority.caFile
                    try await withClient(ClickHouseConnection(url: url, caFile: file)) { client in
                        let error = try await error { try await select(client) }
                        #expect(error.code == .tlsFailed && error.disposition == .user && !error.isMaybeApplied)
                    }
                }
            }
        }
    }

    @Test func aHandshakeThatNeverEndsIsGivenUp() async throws {
        try await ScriptedServer.with { connection in
            while try await connection.bytes() != nil {}
        } _: { server in
            let url = "https://127.0.0.1:\(server.port)"
            try await withClient(ClickHouseConnection(url: url), { $0.connectTime = .milliseconds(100) }) { client in
                let error = try await error { try await select(client) }
                #expect(error.code == .connectFailed && !error.isMaybeApplied)
            }
        }
    }

    // MARK: Shutdown

    @Test func shutdownEndsEverything() async throws {
        let (asked, ask) = AsyncStream.makeStream(of: Void.self)
        let (ended, end) = AsyncStream.makeStream(of: Int.self)
        try await ScriptedServer.with { connection in
            if connection.index == 0, try await connection.request() != nil { try await connection.answer("1\n") }
            ask.yield()
            while try await connection.bytes() != nil {}
            end.yield(connection.index)
        } _: { server in
            let client = try ClickHouseClient(ClickHouseConnection(url: server.url), logger: Logger(label: "test"))
            try await expect("1\n", of: client)
            let under = client.relay(Self.statement, isRead: false, on: loop)
            var requests = asked.makeAsyncIterator()
            await requests.next()
            try await client.shutdown()
            let stopped = try await error { try await under.begin() }
            #expect(stopped.code == .clientShutDown)
            let late = try await error { try await select(client) }
            #expect(late.code == .clientShutDown)
            try await client.shutdown()
            for await index in ended {
                #expect(index == 0)
                break
            }
            #expect(server.connections == 1)
        }
    }
}
