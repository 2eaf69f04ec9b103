import Hummingbird
package import NIOCore
package import QueryEndpoints

/// Notices that a client has closed its connection while its request is still being answered, so that the query behind it is stopped.
///
/// A client that only closes its sending side counts as gone, as it does for nginx.
package final class ClientWatch: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = NIOAny

    private var isGone = false
    private var presence: CallerPresence?

    package init() {}

    /// Ends `presence` when the client goes; one request at a time. On the connection's event loop.
    package func watch(_ presence: CallerPresence) {
        self.presence = presence
        if isGone { presence.end() }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {  // allowed: NIO's signature
        if let event = event as? ChannelEvent, event == .inputClosed { gone() }
        context.fireUserInboundEventTriggered(event)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        gone()
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        gone()
        context.fireErrorCaught(error)
    }

    private func gone() {
        isGone = true
        presence?.end()
        presence = nil
    }

    /// The watch of a connection; nil for one that has none or belongs to another event loop.
    static func of(_ channel: any Channel) -> ClientWatch? {
        guard channel.eventLoop.inEventLoop else { return nil }
        return try? channel.pipeline.syncOperations.handler(type: ClientWatch.self)
    }
}
