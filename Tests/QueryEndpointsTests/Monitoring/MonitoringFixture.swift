import Catalog
import ClickHouse
import Foundation
import Logging
import QueryEndpoints
import Synchronization

/// A log of calls on a real ClickHouse, for a service that only this test has.
final class MonitoringFixture: Sendable {
    static let url = ProcessInfo.processInfo.environment["PENSTOCK_TEST_CLICKHOUSE"] ?? "http://127.0.0.1:18123"
    static let start = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 / 3600).rounded(.down) * 3600 - 3600)

    let service = UUID().uuidString.lowercased()
    let endpoint = UUID().uuidString.lowercased()
    let client: ClickHouseClient
    let catalog: SQLiteCatalog
    private let folder: String

    private init() throws {
        client = try ClickHouseClient(ClickHouseConnection(url: Self.url), logger: Logger(label: "test"))
        folder = NSTemporaryDirectory() + "penstock-calls-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        catalog = try SQLiteCatalog(
            path: folder + "/catalog.sqlite", sealer: try SecretSealer.loadOrCreate(file: folder + "/key"), now: { Date() })
    }

    /// True when the server answers, and always when it is required.
    static func isAvailable() async -> Bool {
        if ProcessInfo.processInfo.environment["PENSTOCK_REQUIRE_IT"] == "1" { return true }
        guard let client = try? ClickHouseClient(ClickHouseConnection(url: url), logger: Logger(label: "test")) else { return false }
        let answers = await client.ping()
        try? await client.shutdown()
        return answers
    }

    static func use(_ body: (MonitoringFixture) async throws -> Void) async throws {
        let fixture = try MonitoringFixture()
        var failure: (any Error)?
        do { try await body(fixture) } catch { failure = error }
        try await fixture.client.shutdown()
        try FileManager.default.removeItem(atPath: fixture.folder)
        if let failure { throw failure }
    }

    /// `client` nil: the fixture's.
    func log(capacity: Int = 1000, client: ClickHouseClient? = nil) -> CallLog {
        let client = client ?? self.client
        return CallLog(
            catalog: catalog, secret: "secret", capacity: capacity, logger: Logger(label: "test"),
            destination: { [service] in $0 == service ? LogDestination(client: client, cluster: nil) : nil })
    }

    func call(
        _ number: Int, seconds: Double = 0, key: String? = "k1", subject: String? = nil, status: Int = 200,
        failure: CallRecord.Failure? = nil, milliseconds: Int = 10, cache: CallRecord.CacheUse = .none, ofService: Bool = false
    ) -> CallRecord {
        CallRecord(
            requestID: "r\(number)", time: Self.start.addingTimeInterval(seconds), serviceID: service,
            endpointID: ofService ? nil : endpoint, version: 3, keyID: key, tokenSubject: subject, status: status, failure: failure,
            firstByte: failure == nil ? .milliseconds(milliseconds - 1) : nil, total: .milliseconds(milliseconds), readRows: 100,
            readBytes: 2000, resultRows: 5, resultBytes: 70, cache: cache, format: "JSON", queryID: "q\(number)", parameterHash: "abc",
            clientAddress: "10.0.0.1")
    }
}
