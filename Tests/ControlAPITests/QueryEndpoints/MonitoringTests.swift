import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import QueryEndpoints
import Testing

@Suite struct MonitoringTests {
    private static let endpointID = "eeeeeeee-0000-4000-8000-000000000001"
    private static let path = "~~/query-api-endpoints/\(endpointID)"

    private func fixture() async throws -> APIFixture {
        let fixture = try await APIFixture()
        try await fixture.catalog.create(
            QueryEndpointRecord(
                id: Self.endpointID, serviceID: APIFixture.serviceID, name: "top", query: EndpointQuery(sql: "SELECT 1", database: "d"),
                apiKeyIDs: [], roles: [], createdAt: APIFixture.start, updatedAt: APIFixture.start), author: "")
        return fixture
    }

    @Test func withoutCallsEverythingIsZero() async throws {
        let fixture = try await fixture()
        try await fixture.run { client in
            let answer = try await client.send(.get, "\(Self.path)/monitoring")
            #expect(answer.status == 200)
            #expect(answer.result["total"]?["requests"] == 0 && answer.result["total"]?["errorRate"]?.double == 0)
            #expect(answer.result["total"]?["durationMs"] == nil)
            #expect(answer.result["steps"]?.array?.count == 60 && answer.result["step"] == 60)
            #expect(fixture.calls.questions == ["\(Self.endpointID) 3600 60"])
            let calls = try await client.send(.get, "\(Self.path)/calls")
            #expect(calls.result == [] && calls.body["limit"] == 100 && calls.body["nextCursor"] == nil)
        }
    }

    @Test func aReportNamesItsKeys() async throws {
        let fixture = try await fixture()
        let key = try #require(try await fixture.catalog.keys().first)
        var summary = CallSummary()
        summary.requests = 4
        summary.errors = ["caller": 1]
        summary.duration = .init(p50: 1.5, p95: 20, p99: 30)
        let span = try #require(CallSpan(from: APIFixture.start, to: APIFixture.start.addingTimeInterval(60), step: 60))
        fixture.calls.answer(
            report: CallReport(
                span: span, total: summary,
                callers: [.init(keyID: key.id, tokenSubject: nil, lastCall: APIFixture.start, summary: summary)]))
        try await fixture.run { client in
            let result = try await client.send(.get, "\(Self.path)/monitoring").result
            #expect(result["total"]?["errors"] == 1 && result["total"]?["errorRate"]?.double == 0.25)
            #expect(result["total"]?["errorsByClass"] == ["caller": 1])
            #expect(result["total"]?["durationMs"]?["p95"]?.double == 20)
            let caller = try #require(result["callers"]?.array?.first)
            #expect(caller["apiKeyName"] == .string(key.name) && caller["apiKeyId"] == .string(key.id))
            #expect(caller["lastCallAt"] == "2026-01-01T00:00:00.000Z" && caller["tokenSubject"] == nil)
        }
    }

    @Test func callsGoOnAfterACursor() async throws {
        let fixture = try await fixture()
        let call = CallRecord(
            requestID: "r.1", time: APIFixture.start, serviceID: APIFixture.serviceID, endpointID: Self.endpointID, version: 2, keyID: "k",
            status: 200, failure: .init("395", .midstream), firstByte: .milliseconds(3), total: .milliseconds(7), cache: .miss,
            format: "JSON", queryID: "q", parameterHash: "h")
        fixture.calls.answer(page: CallPage(calls: [call], next: CallCursor(call)))
        try await fixture.run { client in
            let first = try await client.send(.get, "\(Self.path)/calls?limit=1&status=error")
            let shown = try #require(first.result.array?.first)
            #expect(shown["errorClass"] == "midstream" && shown["firstByteMs"]?.double == 3 && shown["durationMs"]?.double == 7)
            #expect(shown["requestId"] == "r.1" && shown["clientAddress"] == nil)
            let cursor = try #require(first.body["nextCursor"]?.string)
            let encoded = cursor.replacing("=", with: "%3D").replacing("+", with: "%2B")
            _ = try await client.send(.get, "\(Self.path)/calls?cursor=\(encoded)")
            #expect(
                fixture.calls.questions == ["\(Self.endpointID) failed newest 1", "\(Self.endpointID) all 1767225600000.r.1 100"])
        }
    }

    @Test(arguments: [
        ("monitoring?from=yesterday", "from must be"), ("monitoring?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "before to"),
        ("monitoring?step=0", "step must be"), ("monitoring?step=1", "more than 1440 steps"), ("calls?limit=0", "limit must be"),
        ("calls?status=6xx", "status must be"), ("calls?status=abc", "status must be"), ("calls?cursor=!", "cursor must be"),
    ]) func badQuestionsAreNamed(_ query: String, _ text: String) async throws {
        let fixture = try await fixture()
        try await fixture.run { client in
            let answer = try await client.send(.get, "\(Self.path)/\(query)")
            #expect(answer.status == 400 && answer.error.contains(text), "\(answer.status) \(answer.error)")
        }
    }

    @Test(arguments: ["monitoring", "calls"]) func whatIsNotThereIsSaid(_ last: String) async throws {
        let fixture = try await fixture()
        try await fixture.run { client in
            #expect(try await client.send(.get, "~~/serviceQueryEndpoint/\(last)").status == 404)
            #expect(try await client.send(.get, "~~/query-api-endpoints/99999999-0000-4000-8000-000000000001/\(last)").status == 404)
            _ = try await fixture.catalog.upsert(
                ServiceQueryEndpointRecord(
                    id: "77777777-0000-4000-8000-000000000001", serviceID: APIFixture.serviceID, apiKeyIDs: [], roles: [],
                    allowedOrigins: [], createdAt: APIFixture.start, updatedAt: APIFixture.start))
            #expect(try await client.send(.get, "~~/serviceQueryEndpoint/\(last)").status == 200)
            #expect(fixture.calls.questions.last?.hasPrefix("service ") == true)
            fixture.calls.answer(failure: QueryFailure(503, "SERVICE_UNAVAILABLE", "does not answer"))
            #expect(try await client.send(.get, "\(Self.path)/\(last)").status == 503)
            fixture.services.set(.stopped, service: APIFixture.serviceID)
            let stopped = try await client.send(.get, "\(Self.path)/\(last)")
            #expect(stopped.status == 424 && stopped.error.contains("start the service"))
        }
    }
}
