import ClickHouse
import FoundationEssentials
import Logging
import PipeCore
import QueryEndpoints
import ServiceLifecycle
import Testing

@Suite(.enabled("needs ClickHouse") { await MonitoringFixture.isAvailable() })
struct CallStatisticsTests {
    private static func span(_ seconds: Double = 600, step: Int = 60) throws -> CallSpan {
        try #require(
            CallSpan(from: MonitoringFixture.start, to: MonitoringFixture.start.addingTimeInterval(seconds), step: step))
    }

    @Test func freshCallsAreCounted() async throws {
        try await MonitoringFixture.use { fixture in
            let log = fixture.log()
            let statistics = CallStatistics(log: log)
            for number in 1...100 {
                log.record(
                    fixture.call(number, seconds: Double(number), milliseconds: number * 10, cache: number % 4 == 0 ? .hit : .miss))
            }
            log.record(fixture.call(101, seconds: 130, key: nil, subject: "it's \"me\"\n", status: 400, failure: .init("456", .caller)))
            log.record(fixture.call(102, seconds: 131, key: "k2", failure: .init("395", .midstream)))
            log.record(fixture.call(103, seconds: 601, key: "k2"))
            log.record(fixture.call(104, seconds: 10, ofService: true))
            let report = try await statistics.report(service: fixture.service, endpoint: fixture.endpoint, span: Self.span())
            #expect(report.total.requests == 102)
            #expect(report.total.errors == ["caller": 1, "midstream": 1])
            #expect(abs(report.total.errorRate - 2.0 / 102) < 1e-9)
            #expect(report.total.readRows == 10_200 && report.total.readBytes == 204_000)
            #expect(report.total.resultRows == 510 && report.total.resultBytes == 7_140)
            #expect(report.total.cacheHits == 25 && report.total.cacheMisses == 75)
            let first = try #require(report.steps[0].summary.duration)
            #expect(report.steps.count == 10)
            #expect(report.steps.map(\.summary.requests) == [59, 41, 2, 0, 0, 0, 0, 0, 0, 0])
            #expect(first.p50 == 300 && first.p99 > 580 && first.p99 <= 590)
            #expect(report.steps[5].summary == CallSummary())
            #expect(report.callers.map(\.keyID) == ["k1", nil, "k2"] || report.callers.map(\.keyID) == ["k1", "k2", nil])
            #expect(report.callers.contains { $0.tokenSubject == "it's \"me\"\n" && $0.summary.failed == 1 })
            #expect(report.callers[0].lastCall == MonitoringFixture.start.addingTimeInterval(100))
            let ofService = try await statistics.report(service: fixture.service, endpoint: nil, span: Self.span())
            #expect(ofService.total.requests == 1)
            let later = try await statistics.report(
                service: fixture.service, endpoint: "00000000-0000-4000-8000-000000000000", span: Self.span())
            #expect(later == CallReport(span: try Self.span()))
        }
    }

    @Test func pagesOfCallsAreNewestFirst() async throws {
        try await MonitoringFixture.use { fixture in
            let log = fixture.log()
            let statistics = CallStatistics(log: log)
            // Calls of one millisecond are told apart by their ids.
            for number in 10..<30 { log.record(fixture.call(number, seconds: Double(number / 5))) }
            log.record(fixture.call(50, seconds: 9, status: 404, failure: .init("NOT_FOUND", .caller)))
            log.record(fixture.call(51, seconds: 10, failure: .init("395", .midstream)))
            func page(_ filter: CallFilter? = nil, before: CallCursor? = nil, limit: Int = 7) async throws -> CallPage {
                try await statistics.calls(
                    service: fixture.service, endpoint: fixture.endpoint, filter: filter, before: before, limit: limit)
            }
            var seen: [String] = []
            var cursor: CallCursor?
            repeat {
                let part = try await page(before: cursor)
                seen += part.calls.map(\.requestID)
                cursor = part.next.flatMap { CallCursor($0.text) }
            } while cursor != nil
            #expect(seen == ["r51", "r50"] + (10..<30).reversed().map { "r\($0)" })
            #expect(try await page(.failed).calls.map(\.requestID) == ["r51", "r50"])
            #expect(try await page(.status(404)).calls.map(\.requestID) == ["r50"])
            #expect(try await page(.statusClass(4)).calls.map(\.requestID) == ["r50"])
            #expect(try await page(.succeeded, limit: 100).calls.count == 20)
            #expect(try await page(.failed).calls[1] == fixture.call(50, seconds: 9, status: 404, failure: .init("NOT_FOUND", .caller)))
        }
    }

    @Test func whatWaitsIsWrittenAtTheEnd() async throws {
        try await MonitoringFixture.use { fixture in
            let log = fixture.log()
            log.record(fixture.call(1))
            let group = ServiceGroup(configuration: .init(services: [.init(service: log)], logger: Logger(label: "test")))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            let other = CallStatistics(log: fixture.log())
            #expect(
                try await other.calls(service: fixture.service, endpoint: fixture.endpoint, filter: nil, before: nil, limit: 5).calls.count
                    == 1)
        }
    }

    @Test func aLostServerLosesOnlyTheOldest() async throws {
        try await MonitoringFixture.use { fixture in
            let away = try ClickHouseClient(ClickHouseConnection(url: "http://127.0.0.1:1"), logger: Logger(label: "test"))
            let log = fixture.log(capacity: 3, client: away)
            for number in 0..<5 { log.record(fixture.call(number)) }
            let error = await #expect(throws: QueryFailure.self) {
                _ = try await CallStatistics(log: log).report(service: fixture.service, endpoint: nil, span: Self.span())
            }
            try await away.shutdown()
            #expect(error?.status == 503)
            let dropped = log.metrics.families(service: fixture.service).last
            #expect(dropped?.name == "QueryEndpoints_LogRecordsDropped_Total" && dropped?.samples.first?.value == 2)
        }
    }

    @Test func anUnknownServiceIsSaidToBe() async throws {
        try await MonitoringFixture.use { fixture in
            let log = fixture.log()
            log.record(
                CallRecord(requestID: "x", time: MonitoringFixture.start, serviceID: "nobody", endpointID: nil, status: 200, total: .zero))
            let error = await #expect(throws: QueryFailure.self) {
                _ = try await CallStatistics(log: log).calls(service: "nobody", endpoint: nil, filter: nil, before: nil, limit: 1)
            }
            #expect(error?.status == 404)
        }
    }
}
