import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The connections of one event loop to one server. Everything happens on that loop.
final class UpstreamConnections {
    private let loop: any EventLoop
    private let address: UpstreamAddress
    private let tls: NIOSSLContext?
    private let limits: UpstreamLimits
    /// The longest unused first.
    private var idle: [UpstreamConnection] = []
    private var open: [ObjectIdentifier: UpstreamConnection] = [:]
    private var opening = 0
    /// For a connection.
    private var waiting: CircularBuffer<UpstreamExchange> = []
    private var sweep: Scheduled<Void>?
    private var isShutDown = false

    init(loop: any EventLoop, address: UpstreamAddress, tls: NIOSSLContext?, limits: UpstreamLimits) {
        self.loop = loop
        self.address = address
        self.tls = tls
        self.limits = limits
    }

    /// - Parameter onNewConnection: an idle one is not good enough.
    func start(_ exchange: UpstreamExchange, onNewConnection: Bool = false) {
        guard !isShutDown else { return exchange.finish(UpstreamError.shutDown) }
        if !onNewConnection {
            while let connection = idle.popLast() {
                if connection.isOpen, .now() - connection.idleSince < limits.idleTime { return connection.send(exchange) }
                connection.close()
            }
        }
        guard open.count + opening < limits.connections else { return waiting.append(exchange) }
        connect(for: exchange)
    }

    /// The answer is complete; the connection is good for another one.
    func release(_ connection: UpstreamConnection) {
        if isShutDown { return connection.close() }
        if let next = nextWaiting() { return connection.send(next) }
        connection.idleSince = .now()
        idle.append(connection)
        if idle.count > limits.idleConnections { idle.removeFirst().close() }
        if sweep == nil { scheduleSweep() }
    }

    func closed(_ connection: UpstreamConnection) {
        guard open.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        idle.removeAll { $0 === connection }
        connectForWaiting()
    }

    /// Ends everything; completes when all connections are closed.
    func shutDown() -> EventLoopFuture<Void> {
        isShutDown = true
        sweep?.cancel()
        sweep = nil
        for exchange in waiting { exchange.finish(UpstreamError.shutDown) }
        waiting.removeAll()
        let connections = Array(open.values)
        let closing = connections.compactMap(\.closing)
        for connection in connections { connection.fail(UpstreamError.shutDown) }
        return EventLoopFuture.andAllComplete(closing, on: loop)
    }

    // MARK: Parts

    private func connect(for exchange: UpstreamExchange) {
        guard let bootstrap = ClientBootstrap(validatingGroup: loop) else {
            return exchange.finish(ChannelError.operationUnsupported)
        }
        opening += 1
        let deadline = NIODeadline.now() + limits.connectTime
        let part = NIOLoopBound(self, eventLoop: loop)
        let prepared =
            bootstrap
            .connectTimeout(limits.connectTime)
            .channelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 4096, maximum: 256 << 10))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try part.value.addHandlers(to: channel, handshakeBy: deadline) }
            }
        prepared.connect(host: address.host, port: address.port).hop(to: loop).assumeIsolated().whenComplete { [self] result in
            opening -= 1
            do {
                let connection = try result.get().pipeline.syncOperations.handler(type: UpstreamConnection.self)
                open[ObjectIdentifier(connection)] = connection
                if isShutDown {
                    exchange.finish(UpstreamError.shutDown)
                    connection.close()
                } else if exchange.isOver {
                    release(connection)
                } else {
                    connection.send(exchange)
                }
            } catch {
                exchange.finish(error)
                connectForWaiting()
            }
        }
    }

    private func addHandlers(to channel: any Channel, handshakeBy deadline: NIODeadline) throws {
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            // A certificate for an address is checked against the address that the connection has.
            let isAddress = (try? SocketAddress(ipAddress: address.host, port: address.port)) != nil
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : address.host))
        }
        try pipeline.addHandler(HTTPRequestEncoder())
        try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder()))
        try pipeline.addHandler(UpstreamConnection(pool: self, handshakeDeadline: tls == nil ? nil : deadline, loop: loop))
    }

    private func nextWaiting() -> UpstreamExchange? {
        while let exchange = waiting.popFirst() {
            if !exchange.isOver { return exchange }
        }
        return nil
    }

    private func connectForWaiting() {
        guard !isShutDown, open.count + opening < limits.connections, let exchange = nextWaiting() else { return }
        connect(for: exchange)
    }

    private func scheduleSweep() {
        guard let oldest = idle.first else { return }
        sweep = loop.assumeIsolated().scheduleTask(deadline: oldest.idleSince + limits.idleTime) { [weak self] in
            guard let self else { return }
            sweep = nil
            let now = NIODeadline.now()
            let expired = idle.prefix { now - $0.idleSince >= limits.idleTime }
            idle.removeFirst(expired.count)
            for connection in expired { connection.close() }
            scheduleSweep()
        }
    }
}
