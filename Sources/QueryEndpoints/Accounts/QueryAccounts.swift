public import Catalog
public import ClickHouse
public import Logging
private import Synchronization

/// The ClickHouse users that query endpoints run as, one for each service.
///
/// `role=` takes away a user's default roles, not what was granted to the user itself. So endpoints never run as the service's own
/// user, but as one that holds nothing besides roles. Every statement must name its roles: without any it may do next to nothing.
public final class QueryAccounts: Sendable {
    /// What the service's own user must be allowed for a managed account, as GRANT takes it.
    package static let neededRights = "CREATE USER, ALTER USER, CREATE ROLE, ALTER ROLE, DROP ROLE, ROLE ADMIN"

    private let entries = Mutex<[String: Entry]>([:])
    private let catalog: any QueryCatalog
    private let clock: any Clock<Duration>
    private let logger: Logger

    /// - Parameters:
    ///   - catalog: tells which roles a service's endpoints use.
    ///   - clock: measures the pause between two repairs of an account.
    public init(catalog: any QueryCatalog, clock: any Clock<Duration> = ContinuousClock(), logger: Logger) {
        self.catalog = catalog
        self.clock = clock
        self.logger = logger
    }

    /// Makes a service known, or replaces how it is reached. Asks it nothing. Throws ``ClickHouseError`` for an unusable connection.
    public func add(_ service: QueryService) throws {
        var connection = service.client.connection
        connection.user = service.queryUser
        connection.password = service.queryPassword
        let client = try ClickHouseClient(connection, stopper: service.client.connection, clock: clock, logger: logger)
        let entry = Entry(
            service: service, client: client,
            setup: AccountSetup(service: service, client: client, catalog: catalog, clock: clock, logger: logger))
        entries.withLock { $0[service.id] = entry }
    }

    /// The clients handed out, for the end of the program.
    public var clients: [ClickHouseClient] { entries.withLock { $0.values.map(\.client) } }

    /// The client that endpoints of this service run through; the same at every call.
    ///
    /// The first call of a managed account makes the user what it must be; later ones are a lookup. Throws 404 for an unknown service,
    /// 502 when ClickHouse refuses, 503 when it does not answer; the reason of a 502 is in the log.
    public func client(service id: String) async throws(QueryFailure) -> ClickHouseClient {
        let entry = try entry(id)
        if !entry.setup.isReady { try await entry.setup.makeReady() }
        return entry.client
    }

    /// Makes `roles` usable for endpoints of this service; called when an endpoint is published.
    ///
    /// A managed account is made and gets the roles; the two console roles are made where they do not exist. A configured account is
    /// only checked. Throws 400, naming the role or the missing right and what to do; 502 and 503 like ``client(service:)``.
    public func prepare(roles: [String], service id: String) async throws(QueryFailure) {
        try await entry(id).setup.prepare(roles)
    }

    /// ``prepare(roles:service:)``, unless this process did it before: for the console, whose roles no endpoint names.
    public func prepareOnce(roles: [String], service id: String) async throws(QueryFailure) {
        try await entry(id).setup.prepareOnce(roles)
    }

    /// Whether a failed statement is worth a second try, once: its user or a role was lost behind Penstock's back and is there again.
    ///
    /// Such a statement had no effect. Throws like ``client(service:)``.
    public func recover(from error: ClickHouseError, service id: String) async throws(QueryFailure) -> Bool {
        guard AccountSetup.isLoss(error) else { return false }
        return try await entry(id).setup.restoreAfterLoss()
    }

    private struct Entry: Sendable {
        var service: QueryService
        var client: ClickHouseClient
        var setup: AccountSetup
    }

    private func entry(_ id: String) throws(QueryFailure) -> Entry {
        guard let entry = entries.withLock({ $0[id] }) else {
            throw QueryFailure(404, "SERVICE_NOT_FOUND", "service \(id) is not configured")
        }
        return entry
    }
}
