import Catalog
import ClickHouse
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

    /// Hands every piece to `sink` on the event loop of the call and returns when the last one is taken.
    public func forward(_ sink: @escaping @Sendable (ByteBuffer) -> EventLoopFuture<Void>) async throws(QueryFailure) {
        do {
            let run = run
            if let wrapper {
                try await relay.forward { piece in
                    let wrapped = wrapper.withLockedValue { wrapper in Result { try wrapper.push(piece) } }
                    switch wrapped {
                    case .success(let piece):
                        run.sent(piece.readableBytes)
                        return sink(piece)
                    case .failure(let error):
                        return sink(ByteBuffer()).flatMapThrowing { throw error }
                    }
                }
                if let rest = try rest() {
                    run.sent(rest.readableBytes)
                    try await sink(rest).get()
                }
            } else {
                try await relay.forward { piece in
                    run.sent(piece.readableBytes)
                    return sink(piece)
                }
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
