import AsyncHTTPClient
package import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ClickHouseClient {
    /// Sends a statement and gives its answer as an ``AnswerRelay``: the cheapest way to pass an answer on.
    /// - Parameter loop: where pieces of the answer are handed on; a connection of that loop is preferred.
    package func relay(_ statement: Statement, on loop: (any EventLoop)?) -> AnswerRelay {
        let call = call(for: statement)
        let isForm = RequestEncoding.needsForm(statement)
        let encoded =
            isForm
            ? RequestEncoding.encodeForm(statement, queryID: call.queryID, connection: connection)
            : EncodedForm(
                request: RequestEncoding.encode(statement, queryID: call.queryID, connection: connection, statementInURL: false),
                body: ByteBuffer(string: statement.sql))
        return start(call, encoded.request, body: .byteBuffer(encoded.body), encoding: nil, on: loop)
    }

    /// The same for an INSERT whose rows come from elsewhere. Send them with ``RelayUpload/send(_:)`` before reading the answer.
    /// - Parameters:
    ///   - length: bytes of the body; nil when unknown.
    ///   - encoding: `Content-Encoding` of the body.
    package func relay(
        inserting statement: Statement, length: Int?, encoding: String?, on loop: (any EventLoop)?
    ) -> (upload: RelayUpload, answer: AnswerRelay) {
        let call = call(for: statement)
        let encoded = RequestEncoding.encode(statement, queryID: call.queryID, connection: connection, statementInURL: true)
        let loop = loop ?? http.eventLoopGroup.any()
        let upload = RelayUpload(loop: loop)
        let body = HTTPClient.Body.stream(contentLength: length.map { Int64($0) }) { writer in upload.begin(writer) }
        let answer = start(call, encoded, body: body, encoding: encoding, on: loop, upload: upload)
        return (upload, answer)
    }

    private func start(
        _ call: StatementCall, _ encoded: EncodedRequest, body: HTTPClient.Body, encoding: String?, on loop: (any EventLoop)?,
        upload: RelayUpload? = nil
    ) -> AnswerRelay {
        let loop = loop ?? http.eventLoopGroup.any()
        let relay = AnswerRelay(call: call, loop: loop, upload: upload)
        var headers = encoded.httpHeaders
        if let encoding { headers.add(name: "Content-Encoding", value: encoding) }
        do {
            let request = try HTTPClient.Request(url: origin + encoded.target, method: .POST, headers: headers, body: body)
            // A body is pushed at a connection on its own loop, where the word to wait arrives at once: from another loop it would arrive
            // after megabytes. Other connections may be anywhere: the pool does not keep those that must be on one loop.
            let place: HTTPClient.EventLoopPreference = upload == nil ? .delegate(on: loop) : .delegateAndChannel(on: loop)
            relay.started(http.execute(request: request, delegate: relay, eventLoop: place))
        } catch {
            relay.failedToStart(error)
        }
        return relay
    }
}

/// The body of an INSERT on its way to the server.
package final class RelayUpload: Sendable {
    private let writer: EventLoopPromise<HTTPClient.Body.StreamWriter>
    private let end: EventLoopPromise<Void>

    init(loop: any EventLoop) {
        writer = loop.makePromise()
        end = loop.makePromise()
    }

    /// Called when the connection is ready for the body.
    func begin(_ writer: HTTPClient.Body.StreamWriter) -> EventLoopFuture<Void> {
        self.writer.succeed(writer)
        return end.futureResult
    }

    /// Called when the request is over, however it ended.
    func close() {
        writer.fail(UploadClosed())
        end.succeed()
    }

    /// Sends all pieces; waits while the server takes no more. Returns early, without an error, when the server wants no more: the answer says
    /// why. An error of `pieces` breaks the transfer off, so that the server drops the incomplete INSERT, and is thrown.
    package func send(_ pieces: some AsyncSequence<ByteBuffer, any Error> & Sendable) async throws {
        let writer: HTTPClient.Body.StreamWriter
        do { writer = try await self.writer.futureResult.get() } catch { return }
        var iterator = pieces.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            do {
                piece = try await iterator.next()
            } catch {
                end.fail(error)
                throw error
            }
            guard let piece else { break }
            do { try await writer.write(.byteBuffer(piece)).get() } catch { return }
        }
        end.succeed()
    }

    private struct UploadClosed: Error {}
}
