import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import Testing

@Suite struct ClickPipesResourceTests {
    private func created(_ client: APIClient, _ body: JSONValue = PipeBodies.s3) async throws -> String {
        let answer = try await client.send(.post, "~~/clickpipes", body: body)
        #expect(answer.status == 200, "\(answer.error)")
        return try #require(answer.result["id"]?.string)
    }

    @Test func createdPipesAreListedAndRead() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let answer = try await client.send(.post, "~~/clickpipes/", body: PipeBodies.s3)
            #expect(answer.status == 200)
            #expect(answer.result["state"] == "Provisioning")
            #expect(!answer.text.contains("my_password"))
            let id = try #require(answer.result["id"]?.string)
            #expect(UUIDText.isValid(id))
            let read = try await client.send(.get, "~~/clickpipes/\(id.uppercased())")
            #expect(read.result == answer.result)
            let list = try await client.send(.get, "~~/clickpipes")
            #expect(list.result == [answer.result])
        }
        let pipe = try #require(try await fixture.catalog.pipes(service: nil).first)
        #expect(pipe.wanted == .running && pipe.serviceID == APIFixture.serviceID)
        #expect(try await fixture.catalog.activities(from: nil, to: nil).map(\.type) == ["clickpipe_create"])
        #expect(try await fixture.catalog.activities(from: nil, to: nil).first?.targetID == pipe.id.rawValue)
    }

    @Test func startPausedCreatesAStoppedPipe() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let answer = try await client.send(.post, "~~/clickpipes", body: PipeBodies.s3.setting("startPaused", to: true))
            #expect(answer.result["state"] == "Stopped")
        }
    }

    @Test(arguments: PipeBodies.all) func everyKindWithAConnectorCanBeCreatedAndRepeated(_ body: JSONValue) async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let id = try await created(client, body)
            let read = try await client.send(.get, "~~/clickpipes/\(id)")
            var repeated = read.result
            for field in ["id", "serviceId", "state", "createdAt", "updatedAt"] { repeated[field] = nil }
            let patched = try await client.send(.patch, "~~/clickpipes/\(id)", body: repeated)
            #expect(patched.status == 200, "\(patched.error)")
            #expect(patched.result == read.result)
        }
        #expect(try await fixture.catalog.pipes(service: nil).map(\.generation) == [1])
    }

    @Test func aKindWithoutConnectorIsRefusedAfterValidation() async throws {
        let fixture = try await APIFixture(sources: .described)
        try await fixture.run { client in
            let answer = try await client.send(.post, "~~/clickpipes", body: PipeBodies.kafka)
            #expect(answer.status == 400)
            #expect(answer.error.hasPrefix("BAD_REQUEST: source.kafka: this build has no connector for kafka"))
            let invalid = try await client.send(.post, "~~/clickpipes", body: PipeBodies.kafka.removing("source.kafka.topics"))
            #expect(invalid.error == "BAD_REQUEST: source.kafka.topics is required")
        }
        #expect(try await fixture.catalog.pipes(service: nil).isEmpty)
    }

    @Test func aServiceThatDoesNotRunIsAFailedDependency() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        fixture.services.set(.stopped, service: APIFixture.serviceID)
        try await fixture.run { client in
            let answer = try await client.send(.post, "~~/clickpipes", body: PipeBodies.s3)
            #expect(answer.status == 424)
            #expect(
                answer.error
                    == "FAILED_DEPENDENCY: ClickPipe creation is allowed only when the ClickHouse service is running. Current state: stopped"
            )
        }
    }

    @Test func whatEitherEndRefusesIsOneAnswer() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        fixture.warehouses.answer(findings: [
            Finding(.failure, FieldPath("destination.table"), "does not exist"), Finding(.hint, .root, "is slow"),
        ])
        try await fixture.run { client in
            let body = PipeBodies.s3.setting("source.objectStorage.url", to: "https://denied.s3.amazonaws.com/slow")
            let answer = try await client.send(.post, "~~/clickpipes", body: body)
            #expect(answer.status == 400)
            #expect(
                answer.error
                    == "BAD_REQUEST: source.objectStorage.credentials failed to access the source; destination.table does not exist")
        }
        #expect(try await fixture.catalog.pipes(service: nil).isEmpty)
    }

    @Test func samplesAreComparedWhereAskedFor() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        fixture.warehouses.answer(fields: [
            DiscoveredField(name: "id", type: "Int64", isOptional: true),
            DiscoveredField(name: "user", type: "Tuple(a Int64)", isOptional: true),
        ])
        try await fixture.run { client in
            let body = PipeBodies.s3.setting("source.validateSamples", to: true)
            let columns = try await client.send(.post, "~~/clickpipes", body: body)
            #expect(columns.status == 400)
            #expect(
                columns.error
                    == "BAD_REQUEST: destination.columns[1].name 'message' is not a field of the sample; it has: id, user")
            let mapped = body.setting(
                "fieldMappings",
                to: [["sourceField": "user.a", "destinationField": "id"], ["sourceField": "nope", "destinationField": "message"]])
            let mappings = try await client.send(.post, "~~/clickpipes", body: mapped)
            #expect(mappings.error.contains("fieldMappings[1].sourceField 'nope' is not a field of the sample"))
            #expect(!mappings.error.contains("user.a"))
            _ = try await created(
                client,
                body.setting(
                    "fieldMappings",
                    to: [["sourceField": "id", "destinationField": "id"], ["sourceField": "_file", "destinationField": "message"]]))
            _ = try await created(client, PipeBodies.s3)
            _ = try await created(client, PipeBodies.postgres.setting("source.validateSamples", to: true))
            let unreadable = try await client.send(
                .post, "~~/clickpipes", body: body.setting("source.objectStorage.url", to: "https://unreadable.s3.amazonaws.com/x"))
            #expect(unreadable.error == "BAD_REQUEST: source.objectStorage no file matches the url")
        }
    }

    @Test func updatesAreTestedAndStored() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let id = try await created(client)
            fixture.time.advance(60)
            let named = try await client.send(.patch, "~~/clickpipes/\(id)", body: ["name": "other"])
            #expect(named.status == 200)
            #expect(named.result["name"] == "other" && named.result["updatedAt"] == "2026-01-01T00:01:00.000Z")
            let denied = try await client.send(
                .patch, "~~/clickpipes/\(id)", body: ["source": ["objectStorage": ["startAfter": "denied"]]])
            #expect(denied.status == 400 && denied.error.contains("failed to access"))
            let moved = try await client.send(
                .patch, "~~/clickpipes/\(id)", body: ["source": ["objectStorage": ["startAfter": "data/7.json"]]])
            #expect(moved.result[path: "source.objectStorage.startAfter"] == "data/7.json")
            let refused = try await client.send(.patch, "~~/clickpipes/\(id)", body: ["destination": ["table": "x"]])
            #expect(refused.status == 400 && refused.error.contains("destination.table cannot be changed"))
        }
        let pipe = try #require(try await fixture.catalog.pipes(service: nil).first)
        #expect(pipe.generation == 2)
        let types = try await fixture.catalog.activities(from: nil, to: nil).map(\.type)
        #expect(types == ["clickpipe_update", "clickpipe_update", "clickpipe_create"])
    }

    @Test func databaseMappingsNeedAPausedPipe() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let id = try await created(client, PipeBodies.postgres)
            let edit: JSONValue = [
                "source": [
                    "postgres": [
                        "tableMappingsToAdd": [["sourceSchemaName": "public", "sourceTable": "orders", "targetTable": "orders"]]
                    ]
                ]
            ]
            let running = try await client.send(.patch, "~~/clickpipes/\(id)", body: edit)
            #expect(running.status == 400)
            #expect(running.error.hasPrefix("BAD_REQUEST: Postgres ClickPipe must be paused to edit"))
            _ = try await fixture.catalog.updatePipe(PipeID(id)) { $0.state = .paused }
            let paused = try await client.send(.patch, "~~/clickpipes/\(id)", body: edit)
            #expect(paused.result[path: "source.postgres.tableMappings"]?.array?.count == 2)
        }
    }

    @Test func deletionWaitsForTheRunnerAndCleansUp() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let id = try await created(client)
            let answer = try await client.send(.delete, "~~/clickpipes/\(id)")
            #expect(answer.status == 200 && answer.body["result"] == nil)
            #expect(fixture.pipes.drainedPipes.contains(PipeID(id)))
            #expect(fixture.pipes.cleanedPipes == [PipeID(id)])
            #expect(try await client.send(.get, "~~/clickpipes/\(id)").status == 404)
            #expect(try await client.send(.delete, "~~/clickpipes/\(id)").status == 404)
        }
        #expect(try await fixture.catalog.activities(from: nil, to: nil).first?.type == "clickpipe_delete")
    }

    @Test func unknownIdsAreNotFound() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        let other = "99999999-0000-4000-8000-000000000009"
        try await fixture.catalog.create(
            ServiceRecord(id: other, configurationName: "other", name: "other", createdAt: APIFixture.start))
        try await fixture.run { client in
            let id = try await created(client)
            let paths = [
                "~~/clickpipes/\(other)", "~~/clickpipes/not-a-uuid", "~/services/\(other)/clickpipes/\(id)",
                "/organizations/\(other)/services/\(APIFixture.serviceID)/clickpipes",
                "~/services/77777777-0000-4000-8000-000000000009/clickpipes",
            ]
            for path in paths {
                let answer = try await client.send(.get, path)
                #expect(answer.status == 404, "\(path)")
                #expect(answer.error.hasPrefix("NOT_FOUND: "))
            }
        }
    }

    @Test func contextNamesTheSourcesThatCanRun() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let answer = try await client.send(.get, "~~/clickpipes/context")
            #expect(answer.status == 200)
            #expect(answer.result["runnableSources"]?.array?.contains("objectStorage") == true)
        }
    }

    @Test func filesAreListedNewestFirst() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let id = try await created(client)
            let objects = (1...3).map { RemoteObject(key: "\($0).json", size: $0, etag: "e\($0)", lastModified: "2026-01-01T00:00:00Z") }
            let archive = [
                ArchivedObject(object: objects[0]), ArchivedObject(object: objects[1], outcome: .rejected, reason: "not JSON"),
                ArchivedObject(object: objects[2]),
            ]
            try await fixture.catalog.save(Settlement(archive: archive), of: PipeID(id))
            let all = try await client.send(.get, "~~/clickpipes/\(id)/files")
            #expect(all.result.array?.compactMap { $0["key"]?.string } == ["3.json", "2.json", "1.json"])
            let second = try await client.send(.get, "~~/clickpipes/\(id)/files?limit=1&offset=1")
            #expect(
                second.result
                    == json([
                        [
                            "key": "2.json", "size": 2, "etag": "e2", "lastModified": "2026-01-01T00:00:00Z", "outcome": "rejected",
                            "reason": "not JSON",
                        ]
                    ]))
            for query in ["limit=0", "limit=1001", "limit=x", "offset=-1"] {
                #expect(try await client.send(.get, "~~/clickpipes/\(id)/files?\(query)").status == 400)
            }
        }
    }

    @Test func aQueryKeyMayNotTouchPipes() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let list = try await client.send(.get, "~~/clickpipes", key: "query")
            #expect(list.status == 403)
            #expect(try await client.send(.post, "~~/clickpipes", key: "query", body: PipeBodies.s3).status == 403)
        }
    }
}
