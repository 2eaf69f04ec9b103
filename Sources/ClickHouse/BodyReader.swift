import AsyncHTTPClient
import NIOCore

/// The body of one answer, read piece by piece by one reader. An actor, so that a child task with a time limit can do the reading.
actor BodyReader {
    private var source: HTTPClientResponse.Body.AsyncIterator

    init(_ body: HTTPClientResponse.Body) { source = body.makeAsyncIterator() }

    /// The next bytes, nil at the end. Throws ``StatementTimeout`` when they are not there by `deadline`, and the body is lost then.
    nonisolated func next(by deadline: ContinuousClock.Instant?) async throws -> ByteBuffer? {
        guard let deadline else { return try await next() }
        if deadline < .now { throw StatementTimeout() }
        return try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
            group.addTask { try await self.next() }
            group.addTask {
                try await Task.sleep(until: deadline, clock: .continuous)
                throw StatementTimeout()
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    private func next() async throws -> ByteBuffer? {
        var source = source
        defer { self.source = source }
        return try await source.next(isolation: self)
    }
}
