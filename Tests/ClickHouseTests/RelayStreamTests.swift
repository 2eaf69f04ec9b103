import ClickHouse
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// Long answers and bodies: order, back-pressure and what is left of them when they break.
@Suite(.timeLimit(.minutes(5))) struct RelayStreamTests {
    let relays = RelayTests()
    var loop: any EventLoop { relays.loop }

    /// Takes a piece only when told, on the relay's loop.
    final class SlowSink: AnswerSink {
        private let state = Mutex<(text: String, waiting: EventLoopPromise<Void>?)>(("", nil))
        private let loop: any EventLoop
        let taken: AsyncStream<Int>
        private let took: AsyncStream<Int>.Continuation

        init(_ loop: any EventLoop) {
            self.loop = loop
            (taken, took) = AsyncStream.makeStream()
        }

        var text: String { state.withLock { $0.text } }

        func take(_ piece: ByteBuffer) -> EventLoopFuture<Void>? {
            loop.preconditionInEventLoop()
            let promise = loop.makePromise(of: Void.self)
            let count = state.withLock { state in
                state.text += String(buffer: piece)
                state.waiting = promise
                return state.text.utf8.count
            }
            took.yield(count)
            return promise.futureResult
        }

        func flush() -> EventLoopFuture<Void> { loop.makeSucceededVoidFuture() }

        func goOn(_ result: Result<Void, any Error> = .success(())) {
            let waiting = state.withLock { state in
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.completeWith(result)
        }
    }

    struct Refused: Error {}

    static let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-ClickHouse-Format: TabSeparated\r\n\r\n"
    static let exception = "__exception__\r\nCode: 395. DB::Exception: Value passed to 'throwIf'. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)\n"

    static func chunk(_ text: String) -> String { "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n" }

    /// The bytes before a break and the server's last words arrive, whoever reads and however the connection ends.
    @Test(arguments: [true, false], [true, false]) func aBreakComesAfterTheBytesBeforeIt(isReset: Bool, isSlow: Bool) async throws {
        let rows = String(repeating: "12345678\n", count: 5000)
        // An error that follows at once would be the whole answer.
        let (permits, permit) = AsyncStream.makeStream(of: Void.self)
        try await ScriptedServer.with { connection in
            guard try await connection.request() != nil else { return }
            try await connection.send(Self.head + Self.chunk(rows))
            for await _ in permits { break }
            try await connection.send(Self.chunk(rows) + Self.chunk(Self.exception))
            if isReset { try await connection.resetOnClose() }
        } _: { server in
            try await relays.withClient(ClickHouseConnection(url: server.url)) { client in
                let relay = client.relay(RelayTests.statement, isRead: true, on: loop)
                guard case .streaming = try await relay.begin() else { throw RelayTests.NoError() }
                permit.yield()
                var text = ""
                let error: ClickHouseError
                if isSlow {
                    let sink = SlowSink(loop)
                    async let failed = relays.error { try await relay.forward(sink) }
                    for await count in sink.taken {
                        sink.goOn()
                        if count == 2 * rows.utf8.count { break }
                    }
                    error = try await failed
                    text = sink.text
                } else {
                    error = try await relays.error { while let piece = try await relay.next() { text += String(buffer: piece) } }
                }
                #expect(text == rows + rows)
                #expect(error.code.rawValue == 395 && error.message.hasPrefix("Value passed to 'throwIf'"))
            }
        }
    }

    @Test func aBreakWithoutLastWords() async throws {
        try await ScriptedServer.with { connection in
            guard try await connection.request() != nil else { return }
            try await connection.send(Self.head + Self.chunk("1\n") + "100\r\n2\n3")
        } _: { server in
            try await relays.withClient(ClickHouseConnection(url: server.url)) { client in
                let error = try await relays.error { try await relays.select(client) }
                #expect(error.code == .connectionLost && error.isMaybeApplied)
            }
        }
    }

    /// Nobody takes anything: the server is held back after what fits the buffers between, and loses nothing.
    @Test func aReaderWhoWaitsHoldsTheServerBack() async throws {
        let sent = Atomic(0)
        let total = 96 << 20
        let piece = String(repeating: "x", count: 1 << 20)
        try await ScriptedServer.with { connection in
            if connection.index > 0 {
                while try await connection.request() != nil { try await connection.answer("1\n") }
                return
            }
            guard try await connection.request() != nil else { return }
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            for _ in 0..<total >> 20 {
                try await connection.send(piece)
                sent.add(1 << 20, ordering: .relaxed)
            }
            _ = try await connection.bytes()
        } _: { server in
            try await relays.withClient(ClickHouseConnection(url: server.url)) { client in
                let relay = client.relay(RelayTests.statement, isRead: true, on: loop)
                guard case .streaming = try await relay.begin() else { throw RelayTests.NoError() }
                // Much time for the server, measured in other work of the same event loop.
                for _ in 0..<500 { try await relays.expect("1\n", of: client) }
                #expect(sent.load(ordering: .relaxed) < 24 << 20)
                let sink = SlowSink(loop)
                async let forwarded: Void = relay.forward(sink)
                var largest = 0
                var before = 0
                for await count in sink.taken {
                    largest = max(largest, count - before)
                    before = count
                    sink.goOn()
                    if count == total { break }
                }
                try await forwarded
                // What waits for a slow sink is a few reads of the socket.
                #expect(largest < 4 << 20)
            }
        }
    }

    @Test func aSinkThatFailsStopsTheStatement() async throws {
        let (killed, kill) = AsyncStream.makeStream(of: Bool.self)
        try await ScriptedServer.with { connection in
            guard let head = try await connection.read(through: "\r\n\r\n") else { return }
            if head.contains("-kill") {
                try await connection.answer("")
                kill.yield(true)
                return
            }
            try await connection.send(Self.head)
            while true { try await connection.send(Self.chunk(String(repeating: "x", count: 1 << 16))) }
        } _: { server in
            try await relays.withClient(ClickHouseConnection(url: server.url)) { client in
                let relay = client.relay(RelayTests.statement, isRead: true, on: loop)
                guard case .streaming = try await relay.begin() else { throw RelayTests.NoError() }
                let sink = SlowSink(loop)
                async let failed = relays.error { try await relay.forward(sink) }
                for await _ in sink.taken { break }
                sink.goOn(.failure(Refused()))
                let error = try await failed
                #expect(error.code == .cancelled)
                for await isKilled in killed {
                    #expect(isKilled)
                    break
                }
            }
        }
    }

    // MARK: Bodies

    @Test(arguments: [nil, 9] as [Int?]) func aBodyArrivesInPieces(length: Int?) async throws {
        let expected = length == nil ? "3\r\nabc\r\n3\r\ndef\r\n3\r\nghi\r\n0\r\n\r\n" : "abcdefghi"
        try await ScriptedServer.with { connection in
            guard let head = try await connection.read(through: "\r\n\r\n") else { return }
            #expect(head.contains("\r\nContent-Encoding: gzip\r\n"))
            #expect(head.lowercased().contains(length.map { "\r\ncontent-length: \($0)\r\n" } ?? "\r\ntransfer-encoding: chunked\r\n"))
            #expect(try await connection.read(through: expected) == expected)
            try await connection.answer("")
        } _: { server in
            try await relays.withClient(ClickHouseConnection(url: server.url)) { client in
                let transfer = client.relay(inserting: Statement("INSERT INTO t"), length: length, encoding: "gzip", on: loop)
                let (pieces, more) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
                for piece in ["abc", "def", "ghi"] { more.yield(ByteBuffer(string: piece)) }
                more.finish()
                try await transfer.upload.send(pieces)
                guard case .complete(let bytes) = try await transfer.answer.begin() else { throw RelayTests.NoError() }
                #expect(bytes.readableBytes == 0)
            }
        }
    }

    @Test func aServerThatRefusesTheRestIsHeard() async throws {
        try await ScriptedServer.with { connection in
            guard try await connection.read(through: "abc") != nil else { return }
            let text = "Code: 27. DB::Exception: Cannot parse. (CANNOT_PARSE_INPUT_ASSERTION_FAILED)"
            try await connection.send(
                "HTTP/1.1 400 Bad Request\r\nX-ClickHouse-Exception-Code: 27\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
            while try await connection.bytes() != nil {}
        } _: { server in
            try await relays.withClient(ClickHouseConnection(url: server.url)) { client in
                let transfer = client.relay(inserting: Statement("INSERT INTO t"), length: nil, encoding: nil, on: loop)
                let (pieces, more) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
                more.yield(ByteBuffer(string: "abc"))
                async let sent: Void = transfer.upload.send(pieces)
                let error = try await relays.error { try await transfer.answer.begin() }
                #expect(error.code.rawValue == 27)
                more.yield(ByteBuffer(string: "def"))
                try await sent
            }
            #expect(server.connections == 1)
        }
    }

    @Test func aBodyThatBreaksOffIsNeverComplete() async throws {
        let (bodies, body) = AsyncStream.makeStream(of: String.self)
        try await ScriptedServer.with { connection in
            guard let head = try await connection.read(through: "\r\n\r\n") else { return }
            guard !head.contains("-kill") else { return try await connection.answer("") }
            var text = ""
            while let more = try? await connection.bytes() { text += more }
            body.yield(text)
        } _: { server in
            try await relays.withClient(ClickHouseConnection(url: server.url)) { client in
                let transfer = client.relay(inserting: Statement("INSERT INTO t"), length: nil, encoding: nil, on: loop)
                let (pieces, more) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
                more.yield(ByteBuffer(string: "abc"))
                more.finish(throwing: Refused())
                await #expect(throws: Refused.self) { try await transfer.upload.send(pieces) }
                transfer.answer.stop(.callerLeft)
                let error = try await relays.error { try await transfer.answer.begin() }
                #expect(error.code == .cancelled)
                for await text in bodies {
                    #expect(!text.contains("0\r\n\r\n"))
                    break
                }
            }
        }
    }

    /// Counts how much was asked of it.
    struct Source: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let count: Counter
        let pieces: Int
        var given = 0
        func makeAsyncIterator() -> Source { self }
        mutating func next() async throws -> ByteBuffer? {
            guard given < pieces else { return nil }
            given += 1
            count.number.add(1, ordering: .relaxed)
            return ByteBuffer(repeating: 120, count: 1 << 20)
        }
    }

    final class Counter: Sendable { let number = Atomic(0) }

    @Test func aServerThatDoesNotReadHoldsTheBodyBack() async throws {
        let (permits, permit) = AsyncStream.makeStream(of: Void.self)
        let total = 64
        try await ScriptedServer.with { connection in
            guard let head = try await connection.read(through: "\r\n\r\n") else { return }
            guard head.contains("query=INSERT") else {
                while try await connection.read(through: "SELECT 1") != nil { try await connection.answer("1\n") }
                return
            }
            for await _ in permits { break }
            var left = total << 20
            while left > 0, let bytes = try await connection.bytes() { left -= bytes.utf8.count }
            try await connection.answer("")
        } _: { server in
            try await relays.withClient(ClickHouseConnection(url: server.url)) { client in
                let transfer = client.relay(inserting: Statement("INSERT INTO t"), length: total << 20, encoding: nil, on: loop)
                let count = Counter()
                async let sent: Void = transfer.upload.send(Source(count: count, pieces: total))
                for _ in 0..<500 { try await relays.expect("1\n", of: client) }
                #expect(count.number.load(ordering: .relaxed) < 24)
                permit.yield()
                try await sent
                guard case .complete = try await transfer.answer.begin() else { throw RelayTests.NoError() }
                #expect(count.number.load(ordering: .relaxed) == total)
            }
        }
    }
}
