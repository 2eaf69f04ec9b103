import NIOCore
import NIOHTTP1

/// Takes an answer, on the event loop of its exchange.
protocol UpstreamReader: Sendable {
    /// The connection is there, and the head of a request with a streamed body is sent.
    func mayWrite()
    func receive(_ head: HTTPResponseHead)
    /// Bytes of the body. False: read no more before ``UpstreamExchange/resume()``; what has arrived already still comes.
    func receive(_ bytes: ByteBuffer) -> Bool
    /// The last call: nil at the end of a complete answer. All bytes that arrived before were handed over.
    func finish(_ error: (any Error)?)
}

/// One request and its answer. Its methods may be called from anywhere and do nothing after the end; what they do happens on `loop`.
final class UpstreamExchange: Sendable {
    private enum Place {
        case waiting
        case sent(UpstreamConnection)
        case over
    }

    let loop: any EventLoop
    let request: UpstreamRequest
    private let reader: any UpstreamReader
    private let place: NIOLoopBoundBox<Place>

    init(_ request: UpstreamRequest, on loop: any EventLoop, reader: any UpstreamReader) {
        self.loop = loop
        self.request = request
        self.reader = reader
        place = NIOLoopBoundBox.makeBoxSendingValue(.waiting, eventLoop: loop)
    }

    /// Gives the request up; a connection that it has is closed.
    func cancel() {
        guard loop.inEventLoop else { return loop.execute { self.cancel() } }
        let connection = connection
        finish(UpstreamError.cancelled)
        connection?.close()
    }

    /// More of the answer is wanted.
    func resume() {
        guard loop.inEventLoop else { return loop.execute { self.resume() } }
        connection?.resume()
    }

    /// Sends a piece of a streamed body; completes when it is on its way. Fails when the server takes no more.
    func write(_ bytes: ByteBuffer) -> EventLoopFuture<Void> {
        guard loop.inEventLoop else { return loop.flatSubmit { self.write(bytes) } }
        return connection?.write(bytes) ?? loop.makeFailedFuture(UpstreamError.closed)
    }

    /// The streamed body is complete.
    func endBody() {
        guard loop.inEventLoop else { return loop.execute { self.endBody() } }
        connection?.endBody()
    }

    // MARK: For connections, on the loop

    private var connection: UpstreamConnection? {
        guard case .sent(let connection) = place.value else { return nil }
        return connection
    }

    var isOver: Bool {
        guard case .over = place.value else { return false }
        return true
    }

    func sent(on connection: UpstreamConnection) {
        place.value = .sent(connection)
        if case .streamed = request.body { reader.mayWrite() }
    }

    func receive(_ head: HTTPResponseHead) {
        if !isOver { reader.receive(head) }
    }

    func receive(_ bytes: ByteBuffer) -> Bool { isOver || reader.receive(bytes) }

    func finish(_ error: (any Error)?) {
        guard !isOver else { return }
        place.value = .over
        reader.finish(error)
    }
}
