import Catalog
import FoundationEssentials
import Logging
import PipeCore
import QueryEndpoints
import Testing

@Suite struct CallMetricsTests {
    /// docs/metrics.md describes every metric of query endpoints, with its type, and no other.
    @Test func thePageListsExactlyTheMetrics() throws {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let page = String(decoding: try Data(contentsOf: root.appending(path: "docs/metrics.md")), as: UTF8.self)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `QueryEndpoints_") }.map { line in
            line.split(separator: "|").map { $0.drop { $0 == " " || $0 == "`" }.prefix { $0 != " " && $0 != "`" } }
        }
        #expect(rows.map { "\($0[0]) \($0[1])" } == CallMetrics().families(service: nil).map { "\($0.name) \($0.kind.rawValue)" })
        #expect(rows.allSatisfy { $0.count == 5 }, "name, type, unit, labels, meaning")
    }

    @Test func endpointsComeAndGoWithTheCatalog() async throws {
        try await MonitoringFixture.use { fixture in
            let log = fixture.log()
            let time = MonitoringFixture.start
            let record = QueryEndpointRecord(
                id: fixture.endpoint, serviceID: fixture.service, name: "top", query: EndpointQuery(sql: "SELECT 1", database: "default"),
                apiKeyIDs: [], roles: [], createdAt: time, updatedAt: time)
            try await fixture.catalog.create(
                ServiceRecord(id: fixture.service, configurationName: "s", name: "s", createdAt: time))
            try await fixture.catalog.create(record, author: "")
            func samples(_ name: String) -> [MetricFamily.Sample] {
                log.metrics.families(service: fixture.service).filter { $0.name == "QueryEndpoints_\(name)" }.flatMap(\.samples)
            }
            try await log.follow()
            #expect(samples("InFlight").map(\.value) == [0])
            #expect(
                samples("InFlight").first?.labels == [.init("query_endpoint_id", fixture.endpoint), .init("query_endpoint_name", "top")])
            log.entered(service: fixture.service, endpoint: fixture.endpoint)
            log.entered(service: fixture.service, endpoint: fixture.endpoint)
            log.left(service: fixture.service, endpoint: fixture.endpoint)
            log.record(fixture.call(1, milliseconds: 2, cache: .hit))
            log.record(fixture.call(2, status: 504, failure: .init("TIMEOUT", .timeout), milliseconds: 700))
            #expect(samples("InFlight").map(\.value) == [1])
            #expect(samples("Requests_Total").map(\.value) == [1, 1])
            #expect(samples("Requests_Total").map { $0.labels.suffix(2).map(\.value) } == [["2xx", "hit"], ["5xx", "none"]])
            #expect(samples("Errors_Total").filter { $0.value > 0 }.map { $0.labels.last?.value } == ["timeout"])
            #expect(samples("ReadRows_Total").map(\.value) == [200])
            let duration = samples("Duration_Seconds")
            #expect(duration.first { $0.labels.last?.value == "0.0025" }?.value == 1)
            #expect(duration.first { $0.labels.last?.value == "1" }?.value == 2)
            #expect(duration.last { $0.suffix == "_count" }?.value == 2)
            #expect(samples("FirstByte_Seconds").last { $0.suffix == "_count" }?.value == 1)
            #expect(log.metrics.families(service: "other").allSatisfy { $0.samples.allSatisfy { $0.value == 0 } })
            _ = try await fixture.catalog.deleteQueryEndpoint(fixture.endpoint)
            try await log.follow()
            #expect(samples("InFlight").isEmpty && samples("Requests_Total").isEmpty)
        }
    }

    @Test func aHashTellsEqualFromUnequal() async throws {
        try await MonitoringFixture.use { fixture in
            let log = fixture.log()
            #expect(log.parameterHash([:]).isEmpty)
            let one = log.parameterHash(["a": "1", "b": "2"])
            #expect(one.count == 32 && one == log.parameterHash(["b": "2", "a": "1"]))
            #expect(one != log.parameterHash(["a": "2", "b": "1"]))
            #expect(log.parameterHash(["a": "1b"]) != log.parameterHash(["a1": "b"]))
            let other = CallLog(catalog: fixture.catalog, secret: "other", logger: .init(label: "test"), destination: { _ in nil })
            #expect(one != other.parameterHash(["a": "1", "b": "2"]))
        }
    }
}
