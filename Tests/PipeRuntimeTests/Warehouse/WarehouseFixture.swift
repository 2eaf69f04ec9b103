import AsyncHTTPClient
import ClickHouse
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import PipeCore
import PipeRuntime
import Synchronization

/// The real servers that the tests of this folder use.
enum TestServers {
    static let clickHouse = ProcessInfo.processInfo.environment["PENSTOCK_TEST_CLICKHOUSE"] ?? "http://127.0.0.1:18123"
    static let s3 = ProcessInfo.processInfo.environment["PENSTOCK_TEST_S3"] ?? "http://127.0.0.1:25000"

    /// True when both answer, and always when they are required.
    static func isAvailable() async -> Bool {
        if ProcessInfo.processInfo.environment["PENSTOCK_REQUIRE_IT"] == "1" { return true }
        for url in ["\(clickHouse)/ping", s3] {
            guard (try? await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(3))) != nil else { return false }
        }
        return true
    }
}

struct TestSource: SourceConfiguration {
    static let kind = "objectStorage"
    static let family = PipeFamily.objectStorage
    static let schema = ObjectSchema("TestSource", fields: [])
    func problems() -> [Problem] { [] }
}

/// The journal entry of one batch in memory, which can fail like a process that dies.
final class TestProgress: LoadProgress {
    struct Died: Error {}
    private let state = Mutex<(note: JSONValue?, writes: Int, dieAt: Int?)>((nil, 0, nil))

    /// Dies right after the n-th write from now is on disk.
    func die(afterWrite number: Int?) {
        state.withLock { $0.dieAt = number.map { [writes = $0.writes] in writes + $0 } }
    }

    func note() async throws -> JSONValue? { state.withLock(\.note) }

    func write(_ note: JSONValue) async throws {
        let dies = state.withLock { state in
            state.note = note
            state.writes += 1
            return state.writes == state.dieAt
        }
        if dies { throw Died() }
    }

    var phase: String? { state.withLock { $0.note?["phase"]?.string } }
    var writes: Int { state.withLock(\.writes) }

    func replace(_ note: JSONValue?) { state.withLock { $0.note = note } }
}

struct TestLog: PipeLog {
    func log(_ level: PipeLogLevel, _ code: PipeError.Code?, _ message: String) {}
}

/// A database and a bucket of one test, dropped afterwards.
struct WarehouseFixture {
    let client: ClickHouseClient
    let directory = ServiceDirectory()
    let database: String
    let bucket: String
    let pipe: PipeID

    static func use(_ body: (WarehouseFixture) async throws -> Void) async throws {
        let name = "t" + UUID().uuidString.lowercased().filter { $0 != "-" }.prefix(16)
        let client = try ClickHouseClient(ClickHouseConnection(url: TestServers.clickHouse), logger: Logger(label: "test"))
        let fixture = WarehouseFixture(
            client: client, database: name, bucket: "b\(name)", pipe: PipeID(UUID().uuidString.lowercased()))
        fixture.directory.add(service: "s", client: client)
        try await client.execute("CREATE DATABASE \(name)")
        try await fixture.put(key: nil, [])
        let result = await Result { try await body(fixture) }
        try await client.execute("DROP DATABASE \(name) SYNC")
        try await client.shutdown()
        try result.get()
    }

    var endpoint: String { "\(TestServers.s3)/\(bucket)" }

    /// Puts an object; without a key makes the bucket.
    @discardableResult
    func put(key: String?, _ text: String) async throws -> RemoteObject { try await put(key: key, Array(text.utf8)) }

    @discardableResult
    func put(key: String?, _ bytes: [UInt8]) async throws -> RemoteObject {
        var request = HTTPClientRequest(url: endpoint + (key.map { "/" + KeyPattern.encoded($0) } ?? ""))
        request.method = .PUT
        request.headers.add(
            name: "Authorization",
            value: "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
        request.body = .bytes(ByteBuffer(bytes: bytes))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        _ = try await response.body.collect(upTo: 1 << 20)
        guard response.status == .ok else { throw StoreRefused(status: Int(response.status.code)) }
        return RemoteObject(key: key ?? "", size: bytes.count, etag: "e\(bytes.count)", lastModified: "2026-01-01T00:00:00Z")
    }

    struct StoreRefused: Error { var status: Int }

    /// Lets ClickHouse write an object: the binary formats and the compressions.
    func write(key: String, format: String, compression: String = "none", select: String) async throws -> RemoteObject {
        try await client.execute(
            "INSERT INTO FUNCTION s3({url:String}, 'test', 'testtest', {f:String}, 'auto', {c:String}) SETTINGS s3_truncate_on_insert = 1 \(select)",
            parameters: ["url": "\(endpoint)/\(KeyPattern.encoded(key))", "f": format, "c": compression])
        return RemoteObject(key: key, size: 1, etag: "", lastModified: "2026-01-01T00:00:00Z")
    }

    func load(_ objects: [RemoteObject], format: String = "JSONEachRow", compression: String = "auto", delimiter: String? = nil)
        -> RemoteLoad
    {
        RemoteLoad(
            objects: objects,
            location: .s3(
                endpoint: endpoint, bucket: bucket, credentials: S3Credentials(accessKeyID: "test", secretKey: "testtest")),
            format: format, compression: compression, delimiter: delimiter)
    }

    func spec(
        columns: [(String, String)] = [("id", "UInt64"), ("s", "String")], mappings: [(String, String)] = [], managed: Bool = false,
        definition: JSONValue = .null, table: String = "t", database: String? = nil, settings: PipeSettings = PipeSettings()
    ) throws -> PipeSpec {
        let destination: JSONValue = [
            "database": .string(database ?? self.database), "table": .string(table), "managedTable": .bool(managed),
            "tableDefinition": definition,
            "columns": .array(columns.map { ["name": .string($0.0), "type": .string($0.1)] }),
        ]
        return PipeSpec(
            id: pipe, name: "test pipe", serviceID: "s", source: TestSource(), destination: try destination.decode(),
            fieldMappings: mappings.map { FieldMapping(sourceField: $0.0, destinationField: $0.1) }, settings: settings)
    }

    func warehouse(_ spec: PipeSpec) throws -> any Warehouse {
        try directory.warehouse(for: spec, settings: LiveSettings(spec.settings), log: TestLog())
    }

    func run(_ sql: String) async throws {
        try await client.execute(sql.replacing("$db", with: database))
    }

    /// The answer as tab-separated text.
    func answer(_ sql: String) async throws -> String {
        let text = try await client.query(sql.replacing("$db", with: database)).text
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// Names of staging tables and views that exist.
    func staged() async throws -> String {
        try await answer("SELECT count() FROM system.tables WHERE database = '$db' AND position(name, '_clickpipes_stage_') > 0")
    }
}

/// What a test keeps of a receipt, which is not copyable.
struct Loaded: Equatable {
    var rows: Int
    var rejected: [RejectedRecord]
}

extension Warehouse {
    func loaded(_ load: RemoteLoad, _ id: String, _ progress: TestProgress = TestProgress()) async throws -> Loaded {
        let receipt = try await self.load(load, id: BatchID(id), progress: progress)
        return Loaded(rows: receipt.rows, rejected: receipt.rejected)
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
