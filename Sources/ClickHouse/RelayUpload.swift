import NIOConcurrencyHelpers
package import NIOCore

/// The body of an INSERT on its way to the server.
package final class RelayUpload: Sendable {
    private let exchange = NIOLockedValueBox<UpstreamExchange?>(nil)
    private let ready: EventLoopPromise<Void>

    init(loop: any EventLoop) { ready = loop.makePromise() }

    func begin(_ exchange: UpstreamExchange) { self.exchange.withLockedValue { $0 = exchange } }

    /// The connection is ready for the body.
    func mayWrite() { ready.succeed() }

    /// The request is over, however it ended.
    func close() {
        exchange.withLockedValue { $0 = nil }
        ready.fail(UpstreamError.closed)
    }

    /// Sends all pieces; waits while the server takes no more. Returns early, without an error, when the server wants no more: the answer says
    /// why. Throws an error of `pieces`; then ``AnswerRelay/stop(_:)`` breaks the transfer off, so that the server drops the incomplete
    /// INSERT.
    package func send(_ pieces: some AsyncSequence<ByteBuffer, any Error> & Sendable) async throws {
        do { try await ready.futureResult.get() } catch { return }
        var iterator = pieces.makeAsyncIterator()
        while let piece = try await iterator.next() {
            guard let exchange = exchange.withLockedValue({ $0 }) else { return }
            do { try await exchange.write(piece).get() } catch { return }
        }
        exchange.withLockedValue { $0 }?.endBody()
    }
}
