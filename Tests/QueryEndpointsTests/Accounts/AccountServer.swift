import Catalog
import ClickHouse
import EmbeddedClickHouse
import Foundation
import Logging
import PipeTesting
import QueryEndpoints

/// A ClickHouse of its own with access management, and what endpoints need of it: roles and users are global to a server, so that
/// suites which share one would disturb each other.
struct AccountServer: Sendable {
    static let service = "7d1f2c0a-0000-4000-8000-000000000001"
    static let password = "SecretOfTheQueryUser-0123456789abcdef"
    static let environment = ProcessInfo.processInfo.environment
    static let isRequired = environment["PENSTOCK_REQUIRE_IT"] == "1"
    static let isThere = isRequired || environment["PENSTOCK_PYTHON"] != nil
    static let log = Logger(label: "accounts-test") { _ in SwiftLogNoOpLogHandler() }

    let server: EmbeddedServer
    /// The service's own connection.
    let admin: ClickHouseClient
    let catalog: SQLiteCatalog
    let clock = ManualClock()

    /// Accounts of the one service, as after a start of the program; shut down at the end of `body`.
    func withAccounts<Result>(
        account: QueryService.Account = .managed(password: password, isLocal: true), client: ClickHouseClient? = nil,
        _ body: (QueryAccounts) async throws -> Result
    ) async throws -> Result {
        let accounts = QueryAccounts(catalog: catalog, clock: clock, logger: Self.log)
        try accounts.add(QueryService(id: Self.service, client: client ?? admin, account: account))
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(accounts)) } catch { result = .failure(error) }
        for client in accounts.clients { try await client.shutdown() }
        return try result.get()
    }

    /// Runs `body` with another user of the server.
    func with<Result>(user: String, password: String, _ body: (ClickHouseClient) async throws -> Result) async throws -> Result {
        var connection = admin.connection
        connection.user = user
        connection.password = password
        let client = try ClickHouseClient(connection, logger: Self.log)
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        try await client.shutdown()
        return try result.get()
    }

    func admin(_ statements: String...) async throws {
        for statement in statements { try await admin.execute(statement) }
    }

    func text(_ sql: String, parameters: [String: String] = [:]) async throws -> String {
        try await admin.query(sql, parameters: parameters, settings: ["default_format": "TSVRaw"]).text
    }

    /// Starts a server, runs `body` beside it, stops it.
    static func run(_ body: @escaping @Sendable (AccountServer) async throws -> Void) async throws {
        let root = NSTemporaryDirectory() + "penstock-accounts-" + UUID().uuidString
        let server = EmbeddedServer(EmbeddedServerConfiguration(dataDirectory: root, environment: environment), logger: log)
        let admin = try ClickHouseClient(try server.prepare(), logger: log)
        let sealer = try SecretSealer(base64: Data(repeating: 7, count: 32).base64EncodedString())
        let catalog = try SQLiteCatalog(path: root + "/catalog/catalog.sqlite", sealer: sealer, now: { Date() })
        try await catalog.create(
            ServiceRecord(id: service, configurationName: "default", name: "default", createdAt: Date(timeIntervalSince1970: 0)))
        let outcome = await withTaskGroup(of: Result<Void, any Error>?.self) { group in
            group.addTask {
                do {
                    try await server.run()
                    return nil
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                do {
                    try await server.waitUntilReady(timeout: .seconds(60))
                    try await body(AccountServer(server: server, admin: admin, catalog: catalog))
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
            var outcome: Result<Void, any Error> = .failure(CancellationError())
            for await finished in group {
                guard let finished else { continue }
                outcome = finished
                do { try await admin.shutdown() } catch { outcome = .failure(error) }
                group.cancelAll()
            }
            return outcome
        }
        try FileManager.default.removeItem(atPath: root)
        try outcome.get()
    }
}

/// The error number of a statement that fails; nil when it succeeds.
func code(of work: () async throws -> Void) async throws -> Int? {
    do {
        try await work()
        return nil
    } catch let error as ClickHouseError {
        return error.code.rawValue
    }
}
