import Catalog
import ClickHouse
import ControlAPI
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import PipeCore
import QueryEndpoints
import Synchronization

/// The whole way of a call: a server on a socket, a real ClickHouse with access management behind it.
struct RunFixture: Sendable {
    /// Address of a ClickHouse whose user `default` has no password and may manage users and roles.
    static let url = ProcessInfo.processInfo.environment["PENSTOCK_TEST_CLICKHOUSE"]
    static let isRequired = ProcessInfo.processInfo.environment["PENSTOCK_REQUIRE_IT"] == "1"
    static let isThere = isRequired || url != nil

    let base: APIFixture
    let admin: ClickHouseClient
    let accounts: QueryAccounts
    let calls = RecordedCalls()
    let cache = ResultCache()
    let runner: QueryRunner
    /// Tables of this test only.
    let database: String
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private init() async throws {
        base = try await APIFixture()
        admin = try ClickHouseClient(ClickHouseConnection(url: Self.url ?? "http://127.0.0.1:8123"), logger: log)
        accounts = QueryAccounts(catalog: base.catalog, logger: log)
        try accounts.add(
            QueryService(id: APIFixture.serviceID, client: admin, account: .managed(password: "a password of the account", isLocal: true)))
        runner = QueryRunner(clients: accounts, cache: cache, recorder: calls, logger: log)
        database = "run_\(UUID().uuidString.prefix(8).lowercased())"
        try await admin.execute("CREATE DATABASE {d:Identifier}", parameters: ["d": database])
        try await accounts.prepare(roles: ["sql_console_read_only", "sql_console_admin"], service: APIFixture.serviceID)
    }

    /// Runs `body` with a server; what it made on ClickHouse is removed.
    static func run(_ body: @escaping @Sendable (RunFixture, RunClient) async throws -> Void) async throws {
        let fixture = try await RunFixture()
        let result: Result<Void, any Error>
        do {
            let api = ControlAPI(
                fixture.base.dependencies, runs: RunDependencies(runner: fixture.runner, tokens: TokenVerifier(log: fixture.log)))
            try await api.buildApplication().test(.ahc(.http)) { client in
                try await body(fixture, RunClient(client: client))
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await fixture.admin.execute("DROP DATABASE {d:Identifier}", parameters: ["d": fixture.database])
        for client in fixture.accounts.clients + [fixture.admin] { try await client.shutdown() }
        try result.get()
    }

    /// Stores an endpoint that the keys `query` and `admin` may call and gives its id.
    func endpoint(
        _ sql: String, roles: [String] = ["sql_console_read_only"], _ change: (inout QueryEndpointRecord) -> Void = { _ in }
    ) async throws -> String {
        let keys = try await base.catalog.keys().filter { ["query", "admin"].contains($0.name) }.map(\.id)
        var record = QueryEndpointRecord(
            id: UUID().uuidString.lowercased(), serviceID: APIFixture.serviceID, name: "test",
            query: EndpointQuery(sql: sql, database: database), apiKeyIDs: keys, roles: roles, createdAt: APIFixture.start,
            updatedAt: APIFixture.start)
        change(&record)
        try await base.catalog.create(record, author: "test")
        return record.id
    }

    func text(_ sql: String, _ parameters: [String: String] = [:]) async throws -> String {
        try await admin.query(sql, parameters: parameters, settings: ["database": database]).text
    }
}

/// Remembers every call.
final class RecordedCalls: CallRecorder {
    private let state = Mutex<(records: [CallRecord], running: Int)>(([], 0))
    var records: [CallRecord] { state.withLock { $0.records } }
    var running: Int { state.withLock { $0.running } }
    func entered(service: String, endpoint: String?) { state.withLock { $0.running += 1 } }
    func left(service: String, endpoint: String?) { state.withLock { $0.running -= 1 } }
    func record(_ call: CallRecord) { state.withLock { $0.records.append(call) } }
    func parameterHash(_ values: [String: String]) -> String { "\(values.count)" }
}

struct RunAnswer: Sendable {
    var status: Int
    var headers: HTTPFields
    var text: String
    var body: JSONValue { (try? JSONText.decode(JSONValue.self, from: text)) ?? .null }
    var code: String { body["error"]?["code"]?.string ?? "" }
    var details: String { body["error"]?["details"]?.string ?? "" }

    subscript(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }
}

struct RunClient: Sendable {
    let client: any TestClientProtocol

    func send(
        _ method: HTTPRequest.Method, _ path: String, key: String? = "query", body: String? = nil, headers: [String: String] = [:]
    ) async throws -> RunAnswer {
        try await send(method, path, key: key, bytes: body.map { ByteBuffer(string: $0) }, headers: headers)
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, key: String? = "query", bytes: ByteBuffer?, headers: [String: String] = [:]
    ) async throws -> RunAnswer {
        var fields = HTTPFields()
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        if let key { fields[.authorization] = "Basic " + Data("\(key)-id:\(key)-secret".utf8).base64EncodedString() }
        return try await client.execute(uri: path, method: method, headers: fields, body: bytes) { response in
            RunAnswer(status: Int(response.status.code), headers: response.headers, text: String(buffer: response.body))
        }
    }
}
