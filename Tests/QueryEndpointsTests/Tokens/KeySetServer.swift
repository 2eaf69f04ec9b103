import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PipeCore

/// An HTTP server on loopback that publishes a key set, well or badly, and counts how often it was asked.
final class KeySetServer: Sendable {
    enum Reply: Sendable {
        case text(String)
        case status(HTTPResponseStatus)
        case redirect(String)
        /// Some bytes of an answer, then the connection ends.
        case cut
    }

    private let channel: any Channel
    private let asked: Watched<Int>
    var port: Int { channel.localAddress?.port ?? 0 }
    var url: String { "http://127.0.0.1:\(port)" }
    var count: Int { asked.value }

    private init(channel: any Channel, asked: Watched<Int>) {
        self.channel = channel
        self.asked = asked
    }

    static func with(
        _ reply: @escaping @Sendable () -> Reply, tls: NIOSSLContext? = nil, _ body: (KeySetServer) async throws -> Void
    ) async throws {
        let asked = Watched(0)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(reply: reply, asked: asked))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let result: Result<Void, any Error>
        do { result = .success(try await body(KeySetServer(channel: channel, asked: asked))) } catch { result = .failure(error) }
        try await channel.close()
        try result.get()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let reply: @Sendable () -> Reply
        private let asked: Watched<Int>

        init(reply: @escaping @Sendable () -> Reply, asked: Watched<Int>) {
            self.reply = reply
            self.asked = asked
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = unwrapInboundIn(data) else { return }
            asked.update { $0 += 1 }
            switch reply() {
            case .text(let text): answer(context, .ok, ["content-type": "application/json"], text)
            case .status(let status): answer(context, status, [:], "no keys today")
            case .redirect(let target): answer(context, .found, ["location": target], "")
            case .cut:
                let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "1000"])
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: #"{"keys":["#))))).whenComplete { _ in
                    bound.value.close(promise: nil)
                }
            }
        }

        private func answer(_ context: ChannelHandlerContext, _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ text: String) {
            var headers = headers
            headers.replaceOrAdd(name: "content-length", value: "\(text.utf8.count)")
            context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
