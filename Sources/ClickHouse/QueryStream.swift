import AsyncHTTPClient
public import NIOCore

/// The bytes of an answer as they come. Reading slowly holds the server back; one iteration only.
///
/// An exception that the server raises after the first byte ends the sequence with that ``ClickHouseError``; its text is not among the bytes.
/// When the transport loses the last bytes before the server aborts, the error is `connectionLost` instead; it is never a quiet end.
/// Who stops reading before the end should call ``cancel()``, or the server goes on until it notices the closed connection.
public struct QueryStream: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer
    public typealias Failure = ClickHouseError

    /// As of the first byte; see ``QuerySummary``.
    public let summary: QuerySummary
    /// `Content-Type` of the answer.
    public let contentType: String?
    /// `X-ClickHouse-Format`.
    public let format: String?
    let body: HTTPClientResponse.Body
    let scanner: ExceptionScanner
    let call: StatementCall
    let deadline: Deadline?

    /// Asks the server to stop the statement (KILL QUERY); returns when it said that it will, or after five seconds.
    public func cancel() async { await call.kill(waiting: false) }

    public func makeAsyncIterator() -> Iterator {
        Iterator(reader: BodyReader(body), scanner: scanner, call: call, deadline: deadline)
    }

    public struct Iterator: AsyncIteratorProtocol {
        public typealias Element = ByteBuffer
        public typealias Failure = ClickHouseError

        let reader: BodyReader
        var scanner: ExceptionScanner
        let call: StatementCall
        let deadline: Deadline?
        var isFinished = false

        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws(ClickHouseError) -> ByteBuffer? {
            while !isFinished {
                let chunk: ByteBuffer?
                do {
                    chunk = try await reader.next(by: deadline)
                } catch {
                    isFinished = true
                    if case .exception(let text) = scanner.finish(aborted: true) { throw call.failure(text: text, status: 200) }
                    let failure = call.failure(error)
                    if failure.code == .timedOut || failure.code == .cancelled { await call.kill(waiting: false) }
                    throw failure
                }
                guard let chunk else {
                    isFinished = true
                    switch scanner.finish(aborted: false) {
                    case .complete(let rest): return rest
                    case .exception(let text): throw call.failure(text: text, status: 200)
                    }
                }
                if let data = scanner.push(chunk) { return data }
            }
            return nil
        }
    }
}
