import NIOCore
import NIOHTTP1
import NIOTLS

/// One kept-alive connection: the last handler of its channel. One exchange at a time.
///
/// The server is read as fast as it sends; only while a reader is behind is nothing asked of the socket, and TCP holds the server back.
final class UpstreamConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// Since when nobody uses it.
    var idleSince = NIODeadline.now()

    private weak var pool: UpstreamConnections?
    private var context: ChannelHandlerContext?
    private var exchange: UpstreamExchange?
    private var isFirstUse = true
    private var isBodySent = false
    private var hasAnswerBegun = false
    private var mayStay = true
    private var isPaused = false
    private var isReadHeldBack = false
    private var handshakeTimer: Scheduled<Void>?
    private var error: (any Error)?

    /// - Parameter handshakeDeadline: the TLS handshake must be over by then; nil: without TLS.
    init(pool: UpstreamConnections, handshakeDeadline: NIODeadline?, loop: any EventLoop) {
        self.pool = pool
        guard let handshakeDeadline else { return }
        handshakeTimer = loop.assumeIsolated().scheduleTask(deadline: handshakeDeadline) { [weak self] in
            self?.fail(ChannelError.connectTimeout(.zero))
        }
    }

    var isOpen: Bool { context?.channel.isActive ?? false }

    func send(_ exchange: UpstreamExchange) {
        guard let context else { return exchange.finish(UpstreamError.closed) }
        self.exchange = exchange
        (isBodySent, hasAnswerBegun, mayStay) = (false, false, true)
        context.write(wrapOutboundOut(.head(exchange.request.head)), promise: nil)
        if case .bytes(let bytes) = exchange.request.body {
            if bytes.readableBytes > 0 { context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil) }
            context.write(wrapOutboundOut(.end(nil)), promise: nil)
            isBodySent = true
        }
        context.flush()
        // A write that failed has closed the channel, and the exchange is somewhere else.
        if self.exchange === exchange { exchange.sent(on: self) }
    }

    func write(_ bytes: ByteBuffer) -> EventLoopFuture<Void>? {
        guard let context, exchange != nil else { return nil }
        return context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))))
    }

    func endBody() {
        guard let context, exchange != nil else { return }
        isBodySent = true
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func resume() {
        isPaused = false
        guard isReadHeldBack else { return }
        isReadHeldBack = false
        context?.read()
    }

    func close() { context?.close(promise: nil) }

    /// Completes when the channel has closed.
    var closing: EventLoopFuture<Void>? { context?.channel.closeFuture }

    /// Ends the exchange with this error, and the connection.
    func fail(_ error: any Error) {
        if self.error == nil { self.error = error }
        close()
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func read(context: ChannelHandlerContext) {
        if isPaused { isReadHeldBack = true } else { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else { return fail(UpstreamError.closed) }
        switch unwrapInboundIn(data) {
        case .head(let head):
            hasAnswerBegun = true
            mayStay = head.isKeepAlive
            exchange.receive(head)
        case .body(let bytes):
            if !exchange.receive(bytes), !exchange.isOver { isPaused = true }
        case .end:
            self.exchange = nil
            isFirstUse = false
            resume()
            if mayStay, isBodySent, context.channel.isActive { pool?.release(self) } else { close() }
            exchange.finish(nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {  // allowed: NIO's signature
        if case .handshakeCompleted = event as? TLSUserEvent {
            handshakeTimer?.cancel()
            handshakeTimer = nil
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error as? HTTPParserError == .invalidEOFState ? UpstreamError.closed : error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        handshakeTimer?.cancel()
        pool?.closed(self)
        if let exchange = exchange.take() {
            // The server may close an idle connection in the moment when a request is on its way.
            if !isFirstUse, !hasAnswerBegun, exchange.request.isRepeatable, !exchange.isOver, let pool {
                pool.start(exchange, onNewConnection: true)
            } else {
                exchange.finish(error ?? UpstreamError.closed)
            }
        }
        context.fireChannelInactive()
    }
}
