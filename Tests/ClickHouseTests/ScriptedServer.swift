import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A TCP server on loopback whose every connection is played by a script, byte for byte.
final class ScriptedServer: Sendable {
    /// One accepted connection. It is closed when its script returns.
    struct Connection {
        /// Counted from zero.
        let index: Int
        fileprivate var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        fileprivate let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        fileprivate let channel: any Channel
        private var received = ""

        fileprivate init(
            index: Int, inbound: NIOAsyncChannelInboundStream<ByteBuffer>, outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
            channel: any Channel
        ) {
            self.index = index
            self.inbound = inbound.makeAsyncIterator()
            self.outbound = outbound
            self.channel = channel
        }

        /// The next bytes, nil when the client has closed the connection.
        mutating func bytes() async throws -> String? {
            if !received.isEmpty {
                defer { received = "" }
                return received
            }
            return try await inbound.next(isolation: #isolation).map { String(buffer: $0) }
        }

        /// Everything up to and with `end`; what came after it is kept. Nil when the client closes before.
        mutating func read(through end: String) async throws -> String? {
            var text = ""
            while let more = try await bytes() {
                text += more
                if let found = text.firstRange(of: end) {
                    received = String(text[found.upperBound...])
                    return String(text[..<found.upperBound])
                }
            }
            return nil
        }

        /// A request whose body ends like this.
        mutating func request(endingWith body: String = "SELECT 1") async throws -> String? { try await read(through: "\r\n\r\n" + body) }

        func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

        func answer(_ body: String, headers: String = "") async throws {
            try await send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
        }

        /// What is closed now is reset, as by a server that is killed.
        func resetOnClose() async throws {
            try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
    }

    let port: Int
    private let accepted = Atomic(0)
    /// How many connections there were.
    var connections: Int { accepted.load(ordering: .acquiring) }
    var url: String { "http://127.0.0.1:\(port)" }

    private init(port: Int) { self.port = port }

    static func with<Result: Sendable>(
        _ script: @escaping @Sendable (inout Connection) async throws -> Void,
        _ body: @escaping @Sendable (ScriptedServer) async throws -> Result
    ) async throws -> Result {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let server = ScriptedServer(port: listener.channel.localAddress?.port ?? 0)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await withThrowingDiscardingTaskGroup { connections in
                    try await listener.executeThenClose { clients in
                        for try await client in clients {
                            let index = server.accepted.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
                            connections.addTask {
                                // A client that goes away is part of the play.
                                try? await client.executeThenClose { inbound, outbound in
                                    var connection = Connection(
                                        index: index, inbound: inbound, outbound: outbound, channel: client.channel)
                                    try await script(&connection)
                                }
                            }
                        }
                    }
                }
            }
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body(server)) } catch { result = .failure(error) }
            group.cancelAll()
            while await group.nextResult() != nil {}
            return try result.get()
        }
    }
}
