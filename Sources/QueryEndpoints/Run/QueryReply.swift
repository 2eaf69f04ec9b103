public import NIOCore

/// The answer to a call.
public struct QueryReply: Sendable {
    public enum Body: Sendable {
        case bytes(ByteBuffer)
        /// Comes as ClickHouse makes it.
        case stream(AnswerStream)
    }

    /// 200, or 304 without a body.
    public var status: Int
    /// Without those of the transport, of CORS and of the request id.
    public var headers: [(name: String, value: String)]
    public var body: Body

    public init(status: Int = 200, headers: [(name: String, value: String)] = [], body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
