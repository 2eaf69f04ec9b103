import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// An HTTP server on loopback that answers statements as told, well or badly, and remembers what it was asked.
final class MisbehavingServer: Sendable {
    enum Reply: Sendable {
        case answer(status: HTTPResponseStatus, headers: [String: String], body: String)
        /// Some bytes of a chunked answer, then the connection is cut.
        case cut(body: String)
        /// Some bytes of a chunked answer, then nothing more.
        case stall(body: String)
        case silence
    }

    struct Asked: Sendable {
        var uri: String
        var headers: HTTPHeaders
        var body: String
    }

    let asked: AsyncStream<Asked>
    private let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }
    var url: String { "http://127.0.0.1:\(port)" }

    private init(channel: any Channel, asked: AsyncStream<Asked>) {
        self.channel = channel
        self.asked = asked
    }

    /// - Parameter tls: to speak HTTPS; nil for HTTP.
    static func with<Result>(
        _ reply: @escaping @Sendable (Asked) -> Reply, tls: NIOSSLContext? = nil, _ body: (MisbehavingServer) async throws -> Result
    ) async throws -> Result {
        let (asked, continuation) = AsyncStream.makeStream(of: Asked.self)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(Handler(reply: reply, asked: continuation))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = MisbehavingServer(channel: channel, asked: asked)
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        try await channel.close()
        return try result.get()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let reply: @Sendable (Asked) -> Reply
        private let asked: AsyncStream<Asked>.Continuation
        private var current = Asked(uri: "", headers: [:], body: "")

        init(reply: @escaping @Sendable (Asked) -> Reply, asked: AsyncStream<Asked>.Continuation) {
            self.reply = reply
            self.asked = asked
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): current = Asked(uri: head.uri, headers: head.headers, body: "")
            case .body(let bytes): current.body += String(buffer: bytes)
            case .end:
                asked.yield(current)
                switch reply(current) {
                case .answer(let status, let headers, let body):
                    let head = HTTPResponseHead(version: .http1_1, status: status, headers: HTTPHeaders(headers.map { ($0.key, $0.value) }))
                    context.write(wrapOutboundOut(.head(head)), promise: nil)
                    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
                    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
                case .cut(let body):
                    let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Transfer-Encoding": "chunked"])
                    context.write(wrapOutboundOut(.head(head)), promise: nil)
                    let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
                    context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body))))).whenComplete { _ in
                        loopBound.value.close(promise: nil)
                    }
                case .stall(let body):
                    let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Transfer-Encoding": "chunked"])
                    context.write(wrapOutboundOut(.head(head)), promise: nil)
                    context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
                case .silence: break
                }
            }
        }
    }
}
