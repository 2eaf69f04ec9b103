public import NIOCore

/// Takes the pieces of an answer, on the event loop of its relay.
public protocol AnswerSink: Sendable {
    /// Passes a piece on. Nil: the next one may come at once; else it may when the future completes.
    func take(_ piece: ByteBuffer) -> EventLoopFuture<Void>?
    /// Completes when everything that was taken has been passed on.
    func flush() -> EventLoopFuture<Void>
}
