import Hummingbird
import NIOCore
import QueryEndpoints

/// The body of a request on its way into an INSERT: counted, never empty, and never taken for complete when the connection broke.
struct StreamedBody: AsyncSequence, Sendable {
    let body: RequestBody
    /// Most bytes; nil: any number.
    let limit: Int?
    let presence: CallerPresence

    func makeAsyncIterator() -> Iterator { Iterator(base: body.makeAsyncIterator(), limit: limit, presence: presence) }

    struct Iterator: AsyncIteratorProtocol {
        var base: RequestBody.AsyncIterator
        let limit: Int?
        let presence: CallerPresence
        var count = 0

        @concurrent mutating func next() async throws -> ByteBuffer? {
            let piece: ByteBuffer?
            do {
                piece = try await base.next()
            } catch {
                // The client went away or broke the framing; nobody reads the answer.
                throw QueryFailure(400, "INVALID_BODY", "the body ended early")
            }
            guard let piece else {
                if presence.isOver { throw QueryFailure(400, "INVALID_BODY", "the body ended early") }
                if count == 0 { throw QueryFailure.bodyExpected }
                return nil
            }
            count += piece.readableBytes
            if let limit, count > limit { throw QueryFailure.bodyTooLarge(limit) }
            return piece
        }
    }
}

extension QueryFailure {
    /// Tells the client to close the connection, so that it stops sending the rest.
    static func bodyTooLarge(_ limit: Int) -> QueryFailure {
        QueryFailure(413, "BODY_TOO_LARGE", "the body is larger than \(limit) bytes", headers: ["Connection": "close"])
    }
}
