import Catalog
public import ClickHouse
import NIOConcurrencyHelpers
public import NIOCore

/// An answer that is passed on as it comes; read once, by ``next()`` or by ``forward(_:)``.
///
/// A failure after the first byte is thrown, and then the transfer must be broken off, so that nobody takes the part for the whole. Who lets
/// go of a stream before its end stops the query.
public final class AnswerStream: Sendable {
    private let relay: AnswerRelay
    /// Nil: bytes pass untouched.
    private let wrapper: NIOLockedValueBox<RowWrapper>?
    private let run: QueryRun

    init(relay: AnswerRelay, wrapper: RowWrapper?, run: QueryRun) {
        self.relay = relay
        self.wrapper = wrapper.map { NIOLockedValueBox($0) }
        self.run = run
    }

    deinit {
        relay.stop(.callerLeft)
        run.end(.failure(QueryFailure(499, "CANCELLED", "the answer was not read")), head: relay.head)
    }

    /// The next bytes, nil at the end.
    public func next() async throws(QueryFailure) -> ByteBuffer? {
        do {
            while let piece = try await relay.next() {
                let piece = try wrapped(piece)
                guard piece.readableBytes > 0 else { continue }
                run.sent(piece.readableBytes)
                return piece
            }
            let rest = try rest()
            if let rest {
                run.sent(rest.readableBytes)
                return rest
            }
            run.end(.success(()), head: relay.head)
            return nil
        } catch {
            throw fail(error)
        }
    }

    /// Hands every piece to `sink` on the event loop of the call and returns when the last one has been passed on.
    public func forward(_ sink: some AnswerSink) async throws(QueryFailure) {
        do {
            try await relay.forward(CountingSink(base: sink, wrapper: wrapper, run: run, loop: relay.loop))
            if let rest = try rest() {
                run.sent(rest.readableBytes)
                try await sink.take(rest)?.get()
                try await sink.flush().get()
            }
            run.end(.success(()), head: relay.head)
        } catch {
            throw fail(error)
        }
    }

    /// The caller has gone, or wants no more.
    public func stop() { relay.stop(.callerLeft) }

    private func wrapped(_ piece: ByteBuffer) throws -> ByteBuffer {
        guard let wrapper else { return piece }
        return try wrapper.withLockedValue { wrapper in Result { try wrapper.push(piece) } }.get()
    }

    /// The end of a wrapped document, once.
    private func rest() throws -> ByteBuffer? {
        guard let wrapper, run.mayFinishDocument() else { return nil }
        return try wrapper.withLockedValue { wrapper in Result { try wrapper.finish() } }.get()
    }

    private func fail(_ error: any Error) -> QueryFailure {
        relay.stop(.callerLeft)
        let failure = run.failure(error)
        run.end(.failure(failure), head: relay.head)
        return failure
    }
}

/// Counts what passes, and gives it the form of the answer.
private struct CountingSink<Base: AnswerSink>: AnswerSink {
    let base: Base
    let wrapper: NIOLockedValueBox<RowWrapper>?
    let run: QueryRun
    let loop: any EventLoop

    func take(_ piece: ByteBuffer) -> EventLoopFuture<Void>? {
        var piece = piece
        if let wrapper {
            do {
                let raw = piece
                piece = try wrapper.withLockedValue { wrapper in Result { try wrapper.push(raw) } }.get()
            } catch {
                return loop.makeFailedFuture(error)
            }
            guard piece.readableBytes > 0 else { return nil }
        }
        run.sent(piece.readableBytes)
        return base.take(piece)
    }

    func flush() -> EventLoopFuture<Void> { base.flush() }
}
