import Catalog
import ClickHouse
import Logging
import Synchronization

/// Brings the account of one service into its right state, one task at a time, and remembers that it is there.
final class AccountSetup: Sendable {
    /// For this long nothing is repaired again, and a failure to do so stands: calls come by the thousand.
    static let pause: Duration = .seconds(5)

    private struct State: Sendable {
        var isReady = false
        /// When the last attempt for a call ended.
        var triedAt: Duration?
        var failure: QueryFailure?
        /// Roles that were published through this process; the catalog may not know them yet.
        var prepared: Set<String> = []
    }

    private let state: Mutex<State>
    private let turn = Turn()
    private let service: QueryService
    private let client: ClickHouseClient
    private let catalog: any QueryCatalog
    private let elapsed: @Sendable () -> Duration
    private let logger: Logger

    init(service: QueryService, client: ClickHouseClient, catalog: any QueryCatalog, clock: any Clock<Duration>, logger: Logger) {
        self.service = service
        self.client = client
        self.catalog = catalog
        elapsed = clock.stopwatch()
        var logger = logger
        logger[metadataKey: "service"] = "\(service.id)"
        self.logger = logger
        // Nothing is made for a configured account.
        let isReady = if case .configured = service.account { true } else { false }
        state = Mutex(State(isReady: isReady))
    }

    var isReady: Bool { state.withLock { $0.isReady } }

    /// Whether a statement failed because its user or role does not exist any more or lost the other.
    static func isLoss(_ error: ClickHouseError) -> Bool {
        [.authenticationFailed, .unknownUser, .unknownRole, .roleNotGranted].contains(error.code)
    }

    /// For calls: the account as the catalog says.
    func makeReady() async throws(QueryFailure) { try await restoreForCalls(lostAt: nil) }

    func restoreAfterLoss() async throws(QueryFailure) -> Bool {
        guard case .managed = service.account else { return false }
        try await restoreForCalls(lostAt: elapsed())
        return true
    }

    /// For publishing: always looks, and says why not.
    func prepare(_ roles: [String]) async throws(QueryFailure) {
        await turn.take()
        let trouble: AccountTrouble?
        do throws(AccountTrouble) {
            switch service.account {
            case .configured:
                try await ConfiguredAccount(service: service, client: client).check(roles)
            case .managed:
                // Nothing is revoked: a role that the catalog does not know may be of an endpoint that is published at this moment.
                try await managed.restore(roles: [], isRevoking: false)
                for role in roles { try await managed.grant(role) }
            }
            trouble = nil
        } catch {
            trouble = error
        }
        await turn.release()
        if let trouble { throw trouble.forPublishing(service) }
        state.withLock {
            $0.prepared.formUnion(roles)
            $0.failure = nil
        }
    }

    /// For roles that no endpoint names: ``prepare(_:)``, unless this process did it before.
    func prepareOnce(_ roles: [String]) async throws(QueryFailure) {
        if state.withLock({ $0.prepared.isSuperset(of: roles) }) { return }
        try await prepare(roles)
    }

    // MARK: Parts

    private var managed: ManagedAccount { ManagedAccount(service: service, client: client, logger: logger) }

    private func restoreForCalls(lostAt: Duration?) async throws(QueryFailure) {
        await turn.take()
        let failure = await restoreUnlessDone(lostAt: lostAt)
        await turn.release()
        if let failure { throw failure }
    }

    private func restoreUnlessDone(lostAt: Duration?) async -> QueryFailure? {
        let known = state.withLock { $0 }
        if let triedAt = known.triedAt {
            // Another task repaired it while this one waited, or so shortly before the loss was noticed that the statement may have
            // been under way already.
            if known.isReady, lostAt.map({ $0 - triedAt < Self.pause }) ?? true { return nil }
            if let failure = known.failure, elapsed() - triedAt < Self.pause { return failure }
        } else if known.isReady, lostAt == nil {
            return nil
        }
        let failure = await restore()
        state.withLock {
            $0.isReady = failure == nil
            $0.triedAt = elapsed()
            $0.failure = failure
        }
        return failure
    }

    private func restore() async -> QueryFailure? {
        var roles = state.withLock { $0.prepared }
        do {
            roles.formUnion(try await catalog.rolesOfEndpoints(service: service.id))
        } catch {
            logger.error("the roles of query endpoints cannot be read", metadata: ["error": "\(error)"])
            return QueryFailure(500, "INTERNAL_ERROR", "the endpoints of this service cannot be read")
        }
        do throws(AccountTrouble) {
            try await managed.restore(roles: roles, isRevoking: true)
            return nil
        } catch {
            logger.error(
                "the ClickHouse user of query endpoints is not usable", metadata: ["reason": "\(error.forPublishing(service).details)"])
            return error.forCalls
        }
    }
}

extension QueryCatalog {
    /// Every role that an endpoint of this service runs with.
    fileprivate func rolesOfEndpoints(service: String) async throws -> Set<String> {
        var roles = Set(try await queryEndpoints(service: service).flatMap(\.roles))
        if let endpoint = try await serviceQueryEndpoint(service: service) { roles.formUnion(endpoint.roles) }
        return roles
    }
}
