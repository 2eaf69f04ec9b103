package import Catalog
package import ClickHouse
package import Logging
public import ServiceLifecycle

/// What was called, how fast and how well: rows of `query_endpoints_log` on each endpoint's own service, and metrics.
///
/// The table is in database `system` where the service's user may make tables there, else in that user's default database. While
/// ClickHouse takes no rows the oldest waiting ones are dropped and counted.
public final class CallLog: CallRecorder, Service {
    public let metrics: CallMetrics
    private let log: BatchedLog<CallRow>
    private let destination: @Sendable (String) -> LogDestination?
    private let hash: ParameterHash
    private let catalog: any QueryCatalog
    private let clock: any Clock<Duration>
    private let interval: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - catalog: which endpoints there are: the others' metrics go.
    ///   - secret: key of the hash of parameters, the same for the whole installation.
    ///   - days: how long calls are kept.
    ///   - interval: shortest time between two writes to a service.
    ///   - capacity: most calls in memory for one service.
    ///   - destination: the ClickHouse of a service.
    package init(
        catalog: any QueryCatalog, secret: String, days: Int = 30, clock: any Clock<Duration> = ContinuousClock(),
        interval: Duration = .seconds(2), batch: Int = 10_000, capacity: Int = 50_000, logger: Logger,
        destination: @escaping @Sendable (String) -> LogDestination?
    ) {
        let log = BatchedLog<CallRow>(
            CallRow.table(days: days), clock: clock, policy: .init(interval: interval, batch: batch, capacity: capacity),
            destination: destination)
        self.log = log
        self.destination = destination
        hash = ParameterHash(secret: secret)
        self.catalog = catalog
        self.clock = clock
        self.interval = interval
        self.logger = logger
        metrics = CallMetrics(dropped: { log.dropped(service: $0) })
    }

    public func entered(service: String, endpoint: String?) { metrics.entered(service: service, endpoint: endpoint) }
    public func left(service: String, endpoint: String?) { metrics.left(service: service, endpoint: endpoint) }

    public func record(_ call: CallRecord) {
        metrics.count(call)
        let database = destination(call.serviceID)?.client.connection.database ?? ""
        log.append(CallRow(database: database, call: call.bounded()))
    }

    public func parameterHash(_ values: [String: String]) -> String { hash.text(values) }

    /// Writes until graceful shutdown or cancellation, then once more.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.log.run() }
            group.addTask { await cancelWhenGracefulShutdown { await self.followCatalog() } }
            try await group.waitForAll()
        }
    }

    /// The metrics of an endpoint begin and end with it.
    private func followCatalog() async {
        var seen: Int?
        while !Task.isCancelled {
            let revision = catalog.accessRevision
            if revision != seen {
                do {
                    try await follow()
                    seen = revision
                } catch {
                    if Task.isCancelled { return }
                    logger.error("the list of query endpoints cannot be read", metadata: ["error": "\(String(reflecting: error))"])
                }
            }
            do { try await clock.sleep(for: interval) } catch { return }
        }
    }

    /// Lets the metrics know which endpoints there are.
    package func follow() async throws {
        let counted = metrics.counted()
        metrics.keep(try await catalog.queryEndpoints(service: nil), forgetting: counted)
    }

    // MARK: Reading

    /// Writes what waits for a service; returns when it is done or cannot be.
    func flush(service: String) async { await log.flush(service: service) }

    /// The service's ClickHouse and the log's table on it; no table when none was ever made. Nil for an unknown service.
    func source(service: String) async throws(ClickHouseError) -> (client: ClickHouseClient, table: TableName?)? {
        guard let client = destination(service)?.client else { return nil }
        return try await log.source(of: LogPlace(service: service, database: client.connection.database))
    }
}
