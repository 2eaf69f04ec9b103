import Catalog
import ControlAPI
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import PipeCore
import PipeRuntime
import Synchronization

/// A control plane over memory: one organization, one running service, one key for each system role.
struct APIFixture: Sendable {
    static let organizationID = "aaaaaaaa-0000-4000-8000-000000000001"
    static let serviceID = "bbbbbbbb-0000-4000-8000-000000000001"
    static let start = Date(timeIntervalSince1970: 1_767_225_600)

    let catalog: SQLiteCatalog
    private let folder: TemporaryFolder
    let services: FakeServices
    let warehouses = FakeWarehouses()
    let metrics = FakeMetrics()
    let pipes = FakePipes()
    let queries = FakeQueries()
    let calls = FakeCalls()
    let time = TestTime(APIFixture.start)
    let sources: SourceCatalog
    var configuration = ControlAPIConfiguration()
    var resources = ControlAPI.resources
    var console: ConsoleFiles?

    let registry = MetricsRegistry()
    let history: PipeHistory
    var pipeLogs = FakePipeLogs()
    let sessions = SessionStore()

    init(sources: SourceCatalog = SourceCatalog([])) async throws {
        history = PipeHistory(registry)

        self.sources = sources
        folder = try TemporaryFolder()
        catalog = try SQLiteCatalog(
            path: folder.path + "/catalog.sqlite", sealer: try SecretSealer.loadOrCreate(file: folder.path + "/key"))
        services = FakeServices([
            ServiceStatus(
                id: Self.serviceID, name: "default", isEmbedded: true, state: .running, version: "25.8.1.1",
                endpoints: [.init(scheme: "https", host: "127.0.0.1", port: 8443, username: "default")])
        ])
        try await catalog.create(OrganizationRecord(id: Self.organizationID, name: "Penstock", createdAt: Self.start))
        try await catalog.create(
            ServiceRecord(id: Self.serviceID, configurationName: "default", name: "default", createdAt: Self.start))
        for (name, role) in [("admin", "admin"), ("developer", "developer"), ("query", "query_endpoints")] {
            try await addKey(name, roles: [role])
        }
    }

    /// Adds a key whose id is `<name>-id` and whose secret is `<name>-secret`.
    @discardableResult
    func addKey(
        _ name: String, roles: [String] = [], assigned: [String] = [], change: (inout KeyRecord) -> Void = { _ in }
    ) async throws -> KeyRecord {
        var key = KeyRecord(
            id: UUID().uuidString.lowercased(), name: name, keyIDHash: Digest.of("\(name)-id"),
            keySuffix: "\(name)-id".suffix(4).description,
            secretHash: Digest.of("\(name)-secret"), roles: roles, assignedRoleIDs: assigned, createdAt: Self.start)
        change(&key)
        try await catalog.create(key)
        return key
    }

    var dependencies: APIDependencies {
        APIDependencies(
            catalog: catalog, sources: sources, warehouses: warehouses, services: services, metrics: metrics, pipes: pipes,
            queries: queries, calls: calls, history: history, pipeLogs: pipeLogs, sessions: sessions, organizationID: Self.organizationID,
            now: { time.now }, configuration: configuration,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    var api: ControlAPI { ControlAPI(dependencies, console: console, resources: resources) }

    /// Runs `body` with a client of the router.
    func run<Value: Sendable>(_ body: @Sendable (APIClient) async throws -> Value) async throws -> Value {
        try await Application(router: try api.router()).test(.router) { try await body(APIClient(client: $0)) }
    }
}

/// A folder that goes with the last of its users.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "penstock-api-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { print("left behind: \(path)") }
    }
}

/// Time that stands still until a test moves it.
final class TestTime: Sendable {
    private let state: Mutex<Date>
    init(_ date: Date) { state = Mutex(date) }
    var now: Date { state.withLock { $0 } }
    func advance(_ seconds: TimeInterval) { state.withLock { $0 += seconds } }
}

/// Sends requests the way the official clients do.
struct APIClient: Sendable {
    let client: any TestClientProtocol

    /// `key` is a name given to ``APIFixture/addKey(_:roles:assigned:change:)``; nil sends no credentials. `path` starts
    /// below `/v1`; `~` at its start stands for the organization, `~~` for the service.
    func send(
        _ method: HTTPRequest.Method, _ path: String, key: String? = "admin", body: JSONValue? = nil, headers: HTTPFields = [:]
    ) async throws -> APIAnswer {
        try await send(method, path, key: key, bytes: body.map { ByteBuffer(bytes: try JSONText.encode($0)) }, headers: headers)
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, key: String? = "admin", bytes: ByteBuffer?, headers: HTTPFields = [:]
    ) async throws -> APIAnswer {
        var headers = headers
        if let key { headers[.authorization] = "Basic " + Data("\(key)-id:\(key)-secret".utf8).base64EncodedString() }
        var path = path
        let organization = "/organizations/\(APIFixture.organizationID)"
        if path.hasPrefix("~~") {
            path = "\(organization)/services/\(APIFixture.serviceID)\(path.dropFirst(2))"
        } else if path.hasPrefix("~") {
            path = "\(organization)\(path.dropFirst())"
        }
        return try await client.execute(uri: "/v1\(path)", method: method, headers: headers, body: bytes) { response in
            APIAnswer(
                status: Int(response.status.code), headers: response.headers, text: String(buffer: response.body),
                body: (try? JSONText.decode(JSONValue.self, from: response.body.readableBytesView)) ?? .null)
        }
    }
}

struct APIAnswer: Sendable {
    var status: Int
    var headers: HTTPFields
    var text: String
    var body: JSONValue

    var result: JSONValue { body["result"] ?? .null }
    var error: String { body["error"]?.string ?? "" }
}
