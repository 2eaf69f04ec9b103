import NIOCore
import NIOHTTP1

/// A request as it goes to the server.
struct UpstreamRequest: Sendable {
    enum Body: Sendable {
        case bytes(ByteBuffer)
        /// Sent piece by piece with ``UpstreamExchange/write(_:)``; nil: of unknown length.
        case streamed(length: Int?)
    }

    let head: HTTPRequestHead
    let body: Body
    /// Whether the request may be sent a second time when the connection was gone before the first byte of an answer: only one that
    /// changes nothing, because nobody can know whether the server had begun to work.
    let isRepeatable: Bool

    /// Throws ``UpstreamError/invalidHeader`` for a value that would not stay within its line.
    init(
        _ encoded: EncodedRequest, authority: String, encoding: String? = nil, body: Body, isRepeatable: Bool
    ) throws(UpstreamError) {
        var headers = HTTPHeaders()
        headers.reserveCapacity(encoded.headers.count + 3)
        headers.add(name: "Host", value: authority)
        for header in encoded.headers {
            try Self.check(header.value)
            headers.add(name: header.name, value: header.value)
        }
        if let encoding {
            try Self.check(encoding)
            headers.add(name: "Content-Encoding", value: encoding)
        }
        switch body {
        case .bytes(let bytes): headers.add(name: "Content-Length", value: String(bytes.readableBytes))
        case .streamed(let length?): headers.add(name: "Content-Length", value: String(length))
        case .streamed(nil): headers.add(name: "Transfer-Encoding", value: "chunked")
        }
        head = HTTPRequestHead(version: .http1_1, method: .POST, uri: encoded.target, headers: headers)
        self.body = body
        self.isRepeatable = isRepeatable
    }

    private static func check(_ value: String) throws(UpstreamError) {
        for byte in value.utf8 where (byte < 0x20 && byte != 0x09) || byte == 0x7F { throw .invalidHeader }
    }
}

/// Why a request has no complete answer, besides the errors of NIO.
enum UpstreamError: Error, Hashable {
    /// The server closed the connection too early.
    case closed
    case cancelled
    case shutDown
    /// A header value holds a control character.
    case invalidHeader
}
