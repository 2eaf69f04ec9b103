import AsyncHTTPClient
import NIOCore

/// The body of one answer, read piece by piece by one reader. An actor, so that a child task with a time limit can do the reading.
actor BodyReader {
    private var source: HTTPClientResponse.Body.AsyncIterator

    init(_ body: HTTPClientResponse.Body) { source = body.makeAsyncIterator() }

    /// The next bytes, nil at the end. Throws ``StatementTimeout`` when they are not there by `deadline`, and the body is lost then.
    nonisolated func next(by deadline: Deadline?) async throws -> ByteBuffer? {
        guard let deadline else { return try await next() }
        return try await deadline.limit { try await self.next() }
    }

    private func next() async throws -> ByteBuffer? {
        var source = source
        defer { self.source = source }
        return try await source.next(isolation: self)
    }
}
