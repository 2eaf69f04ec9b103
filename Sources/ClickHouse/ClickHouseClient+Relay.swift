package import NIOCore
import NIOPosix

extension ClickHouseClient {
    /// Sends a statement and gives its answer as an ``AnswerRelay``: the cheapest way to pass an answer on.
    /// - Parameters:
    ///   - isRead: the statement changes nothing, so it may be sent again when a kept-alive connection turns out to be closed.
    ///   - loop: where pieces of the answer are handed on; the connection is one of that loop.
    package func relay(_ statement: Statement, isRead: Bool, on loop: (any EventLoop)?) -> AnswerRelay {
        let call = call(for: statement)
        let isForm = RequestEncoding.needsForm(statement)
        let encoded =
            isForm
            ? RequestEncoding.encodeForm(statement, queryID: call.queryID, connection: connection)
            : EncodedForm(
                request: RequestEncoding.encode(statement, queryID: call.queryID, connection: connection, statementInURL: false),
                body: ByteBuffer(string: statement.sql))
        let relay = AnswerRelay(call: call, loop: loop ?? NIOSingletons.posixEventLoopGroup.any())
        start(relay, encoded.request, body: .bytes(encoded.body), isRepeatable: isRead)
        return relay
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
        let loop = loop ?? NIOSingletons.posixEventLoopGroup.any()
        let upload = RelayUpload(loop: loop)
        let relay = AnswerRelay(call: call, loop: loop, upload: upload)
        start(relay, encoded, encoding: encoding, body: .streamed(length: length), isRepeatable: false)
        return (upload, relay)
    }

    private func start(
        _ relay: AnswerRelay, _ encoded: EncodedRequest, encoding: String? = nil, body: UpstreamRequest.Body, isRepeatable: Bool
    ) {
        do {
            relay.start(
                try UpstreamRequest(
                    encoded, authority: upstream.address.authority, encoding: encoding, body: body, isRepeatable: isRepeatable),
                through: upstream)
        } catch {
            relay.failedToStart(error)
        }
    }
}
