import ClickHouse
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// The body of an answer, written to the caller's connection as it comes: at full speed while the kernel takes it, else piece by piece.
struct ChannelSink: AnswerSink {
    let channel: any Channel

    func take(_ piece: ByteBuffer) -> EventLoopFuture<Void>? {
        channel.writeAndFlush(HTTPResponsePart.body(piece), promise: nil)
        return channel.isWritable ? nil : flush()
    }

    /// Writes go out in their order, so an empty one says when those before are out.
    func flush() -> EventLoopFuture<Void> { channel.writeAndFlush(HTTPResponsePart.body(ByteBuffer())) }
}
