import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix
import NIOSSL

/// What one event loop keeps of connections to one server.
package struct UpstreamLimits: Sendable {
    /// Longest wait for a connection, TLS handshake included.
    package var connectTime: TimeAmount
    /// ClickHouse 24.8 closes an idle connection after ten seconds; ours must be gone before.
    package var idleTime: TimeAmount = .seconds(8)
    package var idleConnections = 32
    /// Requests beyond wait for one of these.
    package var connections = 256

    package init(connectTime: TimeAmount) { self.connectTime = connectTime }
}

/// Connections to one server for statements whose answers are relayed; why they are not async-http-client's is told in
/// docs/decisions/0003-own-connections-for-relayed-answers.md.
///
/// Each event loop has connections of its own, so that a request, its answer and its caller's connection are on one thread.
final class Upstream: Sendable {
    let address: UpstreamAddress
    private let tls: NIOSSLContext?
    private let limits: UpstreamLimits
    /// By event loop; nil after the end.
    private let loops = NIOLockedValueBox<[ObjectIdentifier: NIOLoopBound<UpstreamConnections>]?>([:])

    init(origin: String, tls: NIOSSLContext?, limits: UpstreamLimits) {
        address = UpstreamAddress(origin: origin)
        self.tls = tls
        self.limits = limits
    }

    func start(_ exchange: UpstreamExchange) {
        let loop = exchange.loop
        guard loop.inEventLoop else { return loop.execute { self.start(exchange) } }
        let connections = loops.withLockedValue { loops -> UpstreamConnections? in
            guard loops != nil else { return nil }
            if let known = loops?[ObjectIdentifier(loop)] { return known.value }
            let new = UpstreamConnections(loop: loop, address: address, tls: tls, limits: limits)
            loops?[ObjectIdentifier(loop)] = NIOLoopBound(new, eventLoop: loop)
            return new
        }
        guard let connections else { return exchange.finish(UpstreamError.shutDown) }
        connections.start(exchange)
    }

    /// Fails what is under way and returns when all connections are closed. A second call does nothing.
    func shutdown() async throws {
        let ended = loops.withLockedValue { loops in
            defer { loops = nil }
            return loops ?? [:]
        }
        for connections in ended.values {
            try await connections.eventLoop.flatSubmit { connections.value.shutDown() }.get()
        }
    }
}
