import ClickHouse
import Logging
import NIOCore
import NIOHTTP1
import PipeTesting
import Testing

/// The client against a server that breaks off, fails late, or never answers.
@Suite(.timeLimit(.minutes(5))) struct MisbehaviourTests {
    let logger = Logger(label: "test")

    func withClient<Result: Sendable>(
        _ url: String, password: String = "pw-1", clock: any Clock<Duration> = ContinuousClock(),
        _ body: (ClickHouseClient) async throws -> Result
    ) async throws -> Result {
        let client = try ClickHouseClient(ClickHouseConnection(url: url, user: "u", password: password), clock: clock, logger: logger)
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        try await client.shutdown()
        return try result.get()
    }

    func error<Result: Sendable>(of work: () async throws -> Result) async throws -> ClickHouseError {
        do {
            _ = try await work()
        } catch let error as ClickHouseError {
            return error
        }
        throw Unexpected("no error")
    }

    struct Unexpected: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    @Test func connectionRefused() async throws {
        // Bound, so that no other test gets the port, and not listening.
        let port = try ClosedPort()
        defer { port.release() }
        try await withClient("http://127.0.0.1:\(port.number)") { client in
            let error = try await error { try await client.query("SELECT 1") }
            #expect(error.code == .connectFailed && error.disposition == .retryable && !error.isMaybeApplied)
            #expect(await client.ping() == false)
        }
    }

    @Test func cutWithoutException() async throws {
        try await MisbehavingServer.with({ _ in .cut(body: "1\n2\n") }) { server in
            try await withClient(server.url) { client in
                let error = try await error { try await client.query("SELECT 1") }
                #expect(error.code == .connectionLost && error.disposition == .retryable && error.isMaybeApplied)
                let stream = try await client.stream("SELECT 1")
                var data = ""
                let late = try await self.error { for try await bytes in stream { data += String(buffer: bytes) } }
                #expect(data == "1\n2\n")
                #expect(late.code == .connectionLost)
            }
        }
    }

    @Test func cutWithException() async throws {
        let body = "1\n__exception__\r\nCode: 241. DB::Exception: Memory pw-1. (MEMORY_LIMIT_EXCEEDED) (version 25.8.2.1)\n"
        try await MisbehavingServer.with({ _ in .cut(body: body) }) { server in
            try await withClient(server.url) { client in
                let error = try await error { try await client.query("SELECT 1") }
                #expect(error.code == .memoryLimitExceeded && error.name == "MEMORY_LIMIT_EXCEEDED" && error.disposition == .retryable)
                #expect(error.message == "Memory [HIDDEN].")
                let stream = try await client.stream("SELECT 1")
                var data = ""
                let late = try await self.error { for try await bytes in stream { data += String(buffer: bytes) } }
                #expect(data == "1\n")
                #expect(late.code == .memoryLimitExceeded)
            }
        }
    }

    @Test func errorWithoutHeaderAndRedirect() async throws {
        let text = "Code: 60. DB::Exception: No t. (UNKNOWN_TABLE) (version 25.8.2.1)"
        try await MisbehavingServer.with({ asked in
            asked.body == "moved"
                ? .answer(status: .movedPermanently, headers: ["Location": "http://127.0.0.1:1/"], body: "")
                : .answer(status: .internalServerError, headers: [:], body: text)
        }) { server in
            try await withClient(server.url) { client in
                let error = try await error { try await client.query("SELECT 1") }
                #expect(error.code == .unknownTable && error.message == "No t." && error.httpStatus == 500)
                let moved = try await self.error { try await client.query("moved") }
                #expect(moved.code == .unexpectedAnswer && moved.httpStatus == 301 && moved.disposition == .user)
            }
        }
    }

    @Test func timeoutStopsTheStatement() async throws {
        try await MisbehavingServer.with({ asked in
            asked.body.hasPrefix("KILL") ? .answer(status: .ok, headers: [:], body: "") : .silence
        }) { server in
            let clock = ManualClock()
            try await withClient(server.url, clock: clock) { client in
                for call in 0..<3 {
                    let id = "id-\(call)"
                    async let failed = error {
                        switch call {
                        case 0: _ = try await client.query("SELECT 1", queryID: id, timeout: .seconds(9))
                        case 1: _ = try await client.insert("INSERT INTO t FORMAT CSV", body: [49], queryID: id, timeout: .seconds(9))
                        default: _ = try await client.stream("SELECT 1", queryID: id, timeout: .seconds(9))
                        }
                    }
                    var requests = server.asked.makeAsyncIterator()
                    #expect(await requests.next()?.uri.contains("query_id=\(id)") == true)
                    try await clock.untilSomebodySleeps()
                    clock.advance(by: .seconds(9))
                    let kill = await requests.next()
                    #expect(kill?.body.hasPrefix("KILL QUERY WHERE query_id = {id:String}") == true)
                    #expect(kill?.uri.contains("param_id=\(id)") == true)
                    #expect(kill?.headers.first(name: "X-ClickHouse-Key") == "pw-1")
                    let error = try await failed
                    #expect(error.code == .timedOut && error.queryID == id && error.isMaybeApplied)
                }
            }
        }
    }

    @Test func aStalledStreamEndsInTime() async throws {
        try await MisbehavingServer.with({ asked in
            asked.body.hasPrefix("KILL") ? .answer(status: .ok, headers: [:], body: "") : .stall(body: "1\n2\n")
        }) { server in
            let clock = ManualClock()
            try await withClient(server.url, clock: clock) { client in
                let stream = try await client.stream("SELECT 1", queryID: "s-1", timeout: .seconds(2))
                var data = ""
                let error = try await error {
                    for try await bytes in stream {
                        data += String(buffer: bytes)
                        if data == "1\n2\n" { clock.advance(by: .seconds(2)) }
                    }
                }
                #expect(data == "1\n2\n")
                #expect(error.code == .timedOut && error.queryID == "s-1")
            }
            var requests = server.asked.makeAsyncIterator()
            #expect(await requests.next()?.body == "SELECT 1")
            #expect(await requests.next()?.uri.contains("param_id=s-1") == true)
        }
    }

    @Test func cancellationStopsTheStatement() async throws {
        try await MisbehavingServer.with({ asked in
            asked.body.hasPrefix("KILL") ? .answer(status: .ok, headers: [:], body: "") : .silence
        }) { server in
            try await withClient(server.url) { client in
                try await withThrowingTaskGroup(of: ClickHouseError.self) { group in
                    group.addTask { try await self.error { try await client.execute("OPTIMIZE TABLE t", queryID: "c-1") } }
                    for await request in server.asked {
                        #expect(request.body == "OPTIMIZE TABLE t")
                        break
                    }
                    group.cancelAll()
                    let first = try await group.next()
                    let error = try #require(first)
                    #expect(error.code == .cancelled)
                }
                for await request in server.asked {
                    #expect(request.uri.contains("param_id=c-1"))
                    break
                }
            }
        }
    }

    @Test func tooLongAnswer() async throws {
        try await MisbehavingServer.with({ _ in .answer(status: .ok, headers: [:], body: String(repeating: "x", count: 2000)) }) { server in
            try await withClient(server.url) { client in
                let error = try await error { try await client.query("SELECT 1", maxBytes: 1000) }
                #expect(error.code == .answerTooLarge)
            }
        }
    }

    @Test func controlCharactersInCredentials() async throws {
        try await MisbehavingServer.with({ _ in .silence }) { server in
            try await withClient(server.url, password: "a\r\nX: y") { client in
                let error = try await error { try await client.query("SELECT 1") }
                #expect(error.code == .invalidConnection && error.disposition == .user)
            }
        }
    }
}
