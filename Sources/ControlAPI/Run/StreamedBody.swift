import Hummingbird
import NIOCore
import QueryEndpoints

/// The body of a request on its way into an INSERT: counted, and never taken for complete when the connection broke.
struct StreamedBody: AsyncSequence, Sendable {
    /// Bytes that were read from `body` already.
    let first: ByteBuffer
    let body: RequestBody
    /// Most bytes; nil: any number.
    let limit: Int?
    let presence: CallerPresence

    /// Waits for the first bytes; nil when there are none.
    static func begun(_ body: RequestBody, limit: Int?, presence: CallerPresence) async throws -> StreamedBody? {
        var iterator = Iterator(first: nil, base: body.makeAsyncIterator(), limit: nil, presence: presence)
        while let piece = try await iterator.next() {
            if piece.readableBytes > 0 { return StreamedBody(first: piece, body: body, limit: limit, presence: presence) }
        }
        return nil
    }

    func makeAsyncIterator() -> Iterator { Iterator(first: first, base: body.makeAsyncIterator(), limit: limit, presence: presence) }

    struct Iterator: AsyncIteratorProtocol {
        var first: ByteBuffer?
        var base: RequestBody.AsyncIterator
        let limit: Int?
        let presence: CallerPresence
        var count = 0

        @concurrent mutating func next() async throws -> ByteBuffer? {
            var piece = first
            if piece == nil {
                do {
                    piece = try await base.next()
                } catch {
                    // The client went away or broke the framing; nobody reads the answer.
                    throw QueryFailure(400, "INVALID_BODY", "the body ended early")
                }
            }
            first = nil
            guard let piece else {
                if presence.isOver { throw QueryFailure(400, "INVALID_BODY", "the body ended early") }
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
