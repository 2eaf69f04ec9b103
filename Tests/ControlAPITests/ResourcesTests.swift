import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import Testing

@Suite struct ResourcesTests {
    @Test func theOrganizationIsShownAndRenamed() async throws {
        try await APIFixture().run { client async throws in
            let list = try await client.send(.get, "/organizations").result
            let expected: JSONValue = [
                "id": .string(APIFixture.organizationID), "name": "Penstock", "createdAt": "2026-01-01T00:00:00.000Z",
                "privateEndpoints": [], "byocConfig": [], "enableCoreDumps": false,
            ]
            #expect(list == [expected])
            #expect(try await client.send(.get, "~").result == expected)
            let renamed = try await client.send(.patch, "~", body: ["name": "Works", "enableCoreDumps": true, "unknown": 1])
            #expect(renamed.result["name"] == "Works")
            #expect(renamed.result["enableCoreDumps"] == true)
            #expect(try await client.send(.patch, "~", body: ["name": ""]).status == 400)
            #expect(try await client.send(.patch, "~", key: "developer", body: ["name": "x"]).status == 403)
            let activities = try await client.send(.get, "~/activities").result
            #expect(activities.array?.map { $0["type"]?.string } == ["organization_update_name"])
            #expect(activities.array?.first?["actorDetails"] == "admin")
        }
    }

    @Test func servicesJoinRecordAndStatus() async throws {
        let fixture = try await APIFixture()
        try await fixture.catalog.create(
            ServiceRecord(id: "bbbbbbbb-0000-4000-8000-000000000002", configurationName: "gone", name: "gone", createdAt: APIFixture.start))
        try await fixture.run { client async throws in
            let services = try await client.send(.get, "~/services").result.array ?? []
            #expect(services.map { $0["state"]?.string } == ["running", "terminated"])
            let service = try await client.send(.get, "~~").result
            #expect(service == services.first)
            #expect(service["clickhouseVersion"] == "25.8.1.1")
            #expect(service["endpoints"] == [["protocol": "https", "host": "127.0.0.1", "port": 8443, "username": "default"]])
            #expect(service["autoscalingMode"] == "vertical")
            #expect(service["currentScaling"] == ["effectiveAutoscalingMode": "vertical"])
            #expect(try await client.send(.get, "~/services?filter=tag:a=b").result == [])
            #expect(try await client.send(.get, "~/services?filter=color:red").status == 400)
            #expect(try await client.send(.get, "~/services/\(APIFixture.organizationID)").status == 404)
        }
    }

    @Test func servicesAreRenamedStartedAndStopped() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            #expect(try await client.send(.patch, "~~", body: ["name": "main"]).result["name"] == "main")
            #expect(try await client.send(.patch, "~~", body: ["name": .string(String(repeating: "x", count: 51))]).status == 400)
            let stopped = try await client.send(.patch, "~~/state", body: ["command": "stop"])
            #expect(stopped.result["state"] == "stopped")
            #expect(try await fixture.catalog.service(APIFixture.serviceID)?.wanted == .stopped)
            #expect(try await client.send(.patch, "~~/state", body: ["command": "start"]).result["state"] == "running")
            #expect(try await client.send(.patch, "~~/state", body: ["command": "awake"]).status == 200)
            #expect(try await client.send(.patch, "~~/state", body: ["command": "explode"]).status == 400)
            #expect(try await client.send(.patch, "~~/state", body: [:]).status == 400)
            #expect(try await client.send(.patch, "~~/state", key: "developer", body: ["command": "stop"]).status == 403)
            for method in ["POST", "DELETE"] {
                let answer = try await client.send(method == "POST" ? .post : .delete, method == "POST" ? "~/services" : "~~", body: [:])
                #expect(answer.status == 400)
                #expect(answer.error.contains("configuration"))
            }
            let activities = try await client.send(.get, "~/activities").result.array ?? []
            #expect(activities.map { $0["type"]?.string } == ["service_awaken", "service_start", "service_stop", "service_update_name"])
            #expect(activities.allSatisfy { $0["serviceId"]?.string == APIFixture.serviceID })
        }
    }

    @Test func activitiesAreFoundByDayAndInstant() async throws {
        let fixture = try await APIFixture()
        for (index, seconds) in [0.0, 86_399.5, 86_400].enumerated() {
            try await fixture.catalog.append(
                ActivityRecord(
                    id: "dddddddd-0000-4000-8000-00000000000\(index)", createdAt: APIFixture.start + seconds, type: "key_create",
                    actorType: "api", actorID: "a", targetID: "t"))
        }
        try await fixture.run { client async throws in
            func count(_ query: String) async throws -> Int? { try await client.send(.get, "~/activities?\(query)").result.array?.count }
            #expect(try await count("") == 3)
            #expect(try await count("from_date=2026-01-01&to_date=2026-01-01") == 2)
            #expect(try await count("from_date=2026-01-02") == 1)
            #expect(try await count("to_date=2026-01-01T00:00:00Z") == 1)
            #expect(try await count("from_date=2026-01-02T01:00:00%2B01:00") == 1)
            for query in ["from_date=yesterday", "to_date=2026-02-30", "from_date=2026-02-01&to_date=2026-01-01"] {
                #expect(try await client.send(.get, "~/activities?\(query)").status == 400)
            }
            let one = try await client.send(.get, "~/activities/dddddddd-0000-4000-8000-000000000001").result
            #expect(one["targetKeyId"] == "t")
            #expect(one["actorIpAddress"] == nil)
            #expect(one["organizationId"]?.string == APIFixture.organizationID)
            #expect(try await client.send(.get, "~/activities/\(APIFixture.serviceID)").status == 404)
        }
    }

    @Test func queryKeysSeeOnlyThemselves() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            #expect(try await client.send(.get, "/whoami", key: "query").status == 200)
            #expect(try await client.send(.get, "/organizations", key: "query").status == 200)
            for path in ["~", "~/services", "~~", "~/keys", "~/roles", "~/activities"] {
                #expect(try await client.send(.get, path, key: "query").status == 403, "\(path)")
            }
        }
    }

    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00.000Z"), (1_767_225_600.123, "2026-01-01T00:00:00.123Z"), (951_782_399.9996, "2000-02-29T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.000Z"), (4_102_444_800, "2100-01-01T00:00:00.000Z"),
    ])
    func datesAreWritten(seconds: Double, text: String) {
        #expect(WireDate.string(Date(timeIntervalSince1970: seconds)) == text)
    }

    @Test(arguments: [
        ("2026-01-01T00:00:00Z", 1_767_225_600.0), ("2026-01-01T02:30:00+02:30", 1_767_225_600),
        ("2026-01-01t00:00:00.5z", 1_767_225_600.5),
        ("2025-12-31T19:00:00-05:00", 1_767_225_600),
    ])
    func datesAreRead(text: String, seconds: Double) { #expect(WireDate.date(text) == Date(timeIntervalSince1970: seconds)) }

    @Test(arguments: [
        "", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "now",
    ])
    func otherTextIsNoDate(text: String) { #expect(WireDate.date(text) == nil) }
}
