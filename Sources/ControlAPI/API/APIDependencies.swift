package import Catalog
package import FoundationEssentials
package import Logging
package import PipeCore
package import PipeRuntime
package import QueryEndpoints

/// What resources are made of.
package struct APIDependencies: Sendable {
    package var catalog: any Catalog
    package var sources: SourceCatalog
    package var warehouses: any WarehouseProvider
    package var services: any ServiceControl
    package var metrics: any MetricsSource
    package var pipes: any PipeControl
    package var queries: any QueryControl
    package var calls: any CallHistory
    package var history: PipeHistory
    package var pipeLogs: any PipeLogHistory
    /// Sign-ins of the console.
    package var sessions: SessionStore
    package var organizationID: String
    package var now: @Sendable () -> Date
    package var configuration: ControlAPIConfiguration
    package var logger: Logger

    package init(
        catalog: any Catalog, sources: SourceCatalog, warehouses: any WarehouseProvider, services: any ServiceControl,
        metrics: any MetricsSource, pipes: any PipeControl, queries: any QueryControl, calls: any CallHistory, history: PipeHistory,
        pipeLogs: any PipeLogHistory, sessions: SessionStore = SessionStore(), organizationID: String,
        now: @escaping @Sendable () -> Date,
        configuration: ControlAPIConfiguration, logger: Logger
    ) {
        self.catalog = catalog
        self.sources = sources
        self.warehouses = warehouses
        self.services = services
        self.metrics = metrics
        self.pipes = pipes
        self.queries = queries
        self.calls = calls
        self.history = history
        self.pipeLogs = pipeLogs
        self.sessions = sessions
        self.organizationID = organizationID
        // Whole milliseconds, which is what the catalog keeps: the answer to a POST shows the times of every later GET.
        self.now = { Date(timeIntervalSince1970: (now().timeIntervalSince1970 * 1000 + 0.001).rounded(.down) / 1000) }
        self.configuration = configuration
        self.logger = logger
    }

    /// The service with this id. Throws 404 when there is none.
    package func requireService(_ id: String) async throws -> ServiceRecord {
        guard let service = try await catalog.service(id) else { throw APIError.notFound("service \(id) does not exist") }
        return service
    }

    /// The service named in the path. Throws 400 when it is not a UUID, 404 when there is none.
    package func requireService(_ context: APIContext) async throws -> ServiceRecord {
        try await requireService(context.uuid("serviceId"))
    }
}

/// What the API asks of running pipes; the program hands in the supervisor.
package protocol PipeControl: Sendable {
    /// Returns when nothing of the pipe runs any more.
    func drained(_ pipe: PipeID) async
    /// Brings the rest of batches that have begun to arrive, so that none stays half in its table. The pipe is stopped.
    /// False when that was not possible; the reason is logged.
    func finishLoads(of spec: PipeSpec) async -> Bool
    /// Removes what a deleted pipe left behind outside the catalog: staging tables, replication slots, scratch files.
    func cleanUp(after spec: PipeSpec) async
}
