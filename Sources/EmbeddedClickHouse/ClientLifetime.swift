public import ClickHouse
public import ServiceLifecycle

/// Shuts clients down when its turn comes, so that a server which is stopped after it has no open connections to wait for.
public struct ClientLifetime: Service {
    private let clients: [ClickHouseClient]

    public init(_ clients: [ClickHouseClient]) { self.clients = clients }

    public func run() async throws {
        // Cancelled or asked to stop, both end the clients.
        try? await gracefulShutdown()
        for client in clients { try await client.shutdown() }
    }
}
