import Catalog
import ControlAPI
import HTTPTypes
import PipeCore
import Testing

/// What the API does with the mapped tables of a database pipe.
@Suite struct ClickPipesTablesTests {
    private func mapping(_ table: String) -> JSONValue {
        ["sourceSchemaName": "public", "sourceTable": .string(table), "targetTable": .string("public_\(table)")]
    }

    /// Runs `body` with a stored Postgres pipe in `state`.
    private func with(
        _ pipe: JSONValue = PipeBodies.postgres, state: PipeState = .running,
        _ body: @Sendable (APIClient, PipeID, APIFixture) async throws -> Void
    ) async throws {
        let fixture = try await APIFixture(sources: .databases)
        try await fixture.run { client in
            let created = try await client.send(.post, "~~/clickpipes", body: pipe)
            let id = PipeID(try #require(created.result["id"]?.string))
            _ = try await fixture.catalog.updatePipe(id) { pipe in
                pipe.state = state
                if state == .paused { pipe.wanted = .stopped }
            }
            try await body(client, id, fixture)
        }
    }

    @Test func tablesAreListedInTheOrderOfTheirMappings() async throws {
        try await with(PipeBodies.postgres.setting("source.postgres.tableMappings", to: [mapping("z"), mapping("a")]), state: .paused) {
            client, id, fixture in
            try await fixture.catalog.record(
                [
                    TableReport(
                        target: "public_a",
                        progress: TableProgress(
                            target: "public_a", source: "public.a", state: .failed, rows: .init(done: 5, total: 9),
                            chunks: .init(done: 1, total: 2), message: "no privilege"),
                        written: RowEvents(inserts: 5, updates: 1, deletes: 2), lag: 12,
                        schemaEvents: [
                            SchemaEvent(time: 1_767_225_600_000, text: "one"), SchemaEvent(time: 1_767_225_600_001, text: "two"),
                        ],
                        time: 1_767_225_600_123),
                    TableReport(target: "public_gone", time: 1),
                ], of: id)
            let answer = try await client.send(.get, "~~/clickpipes/\(id)/tables")
            let waiting: JSONValue = [
                "targetTable": "public_z", "source": "public.z", "state": "Waiting", "snapshotRows": 0, "snapshotChunks": 0, "inserts": 0,
                "updates": 0, "deletes": 0,
            ]
            let failed: JSONValue = [
                "targetTable": "public_a", "source": "public.a", "state": "Failed", "message": "no privilege", "snapshotRows": 5,
                "snapshotRowsTotal": 9, "snapshotChunks": 1, "snapshotChunksTotal": 2, "inserts": 5, "updates": 1, "deletes": 2,
                "lagMs": 12,
                "schemaChanges": [
                    ["time": "2026-01-01T00:00:00.001Z", "change": "two"], ["time": "2026-01-01T00:00:00.000Z", "change": "one"],
                ],
                "updatedAt": "2026-01-01T00:00:00.123Z",
            ]
            #expect(answer.status == 200 && answer.result == .array([waiting, failed]))
            #expect(try await client.send(.get, "~~/clickpipes/\(id)/tables", key: "query").status == 403)
        }
        try await with(PipeBodies.s3) { client, id, _ in
            let answer = try await client.send(.get, "~~/clickpipes/\(id)/tables")
            #expect(answer.status == 400 && answer.error.contains("only database pipes have mapped tables"))
        }
    }

    @Test func targetsAreComparedBeforeAPipeIsStored() async throws {
        let fixture = try await APIFixture(sources: .databases)
        try await fixture.run { client in
            fixture.warehouses.answer(tables: ["public_users": ["is not empty"]])
            let refused = try await client.send(.post, "~~/clickpipes", body: PipeBodies.postgres)
            #expect(refused.status == 400)
            #expect(refused.error.contains("source.postgres.tableMappings[0].targetTable 'public_users' is not empty"))
            #expect(fixture.warehouses.inspectedTables.last?.mustBeEmpty == ["public_users"])
            fixture.warehouses.answer(tables: [:])
            let changesOnly = PipeBodies.postgres.setting("source.postgres.settings.replicationMode", to: "cdc_only")
            #expect(try await client.send(.post, "~~/clickpipes", body: changesOnly).status == 200)
            #expect(fixture.warehouses.inspectedTables.last?.mustBeEmpty == [], "nothing is copied over the rows of the table")
        }
    }

    @Test func aPausedPipeGoesOnWithItsNewTables() async throws {
        try await with(state: .paused) { client, id, fixture in
            let body: JSONValue = ["source": ["postgres": ["tableMappingsToAdd": .array([mapping("orders")])]]]
            let answer = try await client.send(.patch, "~~/clickpipes/\(id)", body: body)
            #expect(answer.status == 200 && answer.result["state"] == "Modifying")
            let record = try #require(try await fixture.catalog.pipe(id))
            #expect(record.wanted == .running && record.generation == 2)
            #expect(fixture.warehouses.inspectedTables.last?.mustBeEmpty == ["public_orders"], "its own tables hold rows")
        }
    }

    @Test func aRemovedTableIsForgotten() async throws {
        try await with(PipeBodies.postgres.setting("source.postgres.tableMappings", to: [mapping("z"), mapping("a")]), state: .paused) {
            client, id, fixture in
            try await fixture.catalog.record([TableReport(target: "public_a"), TableReport(target: "public_z")], of: id)
            let removal: JSONValue = ["source": ["postgres": ["tableMappingsToRemove": .array([mapping("z")])]]]
            #expect(try await client.send(.patch, "~~/clickpipes/\(id)", body: removal).status == 200)
            #expect(try await fixture.catalog.tables(of: id).map(\.target) == ["public_a"])
            let tables = try await client.send(.get, "~~/clickpipes/\(id)/tables").result.array
            #expect(tables?.compactMap { $0["targetTable"]?.string } == ["public_a"])
        }
    }

    @Test func otherEditsDoNotWakeAPausedPipe() async throws {
        try await with(state: .paused) { client, id, fixture in
            let body: JSONValue = ["source": ["postgres": ["settings": ["syncIntervalSeconds": 5]]]]
            let answer = try await client.send(.patch, "~~/clickpipes/\(id)", body: body)
            let record = try await fixture.catalog.pipe(id)
            #expect(answer.result["state"] == "Paused" && record?.wanted == .stopped)
        }
        try await with(state: .failed) { client, id, _ in
            let body: JSONValue = ["source": ["postgres": ["tableMappingsToAdd": .array([mapping("orders")])]]]
            let answer = try await client.send(.patch, "~~/clickpipes/\(id)", body: body)
            #expect(answer.result["state"] == "Failed")
        }
        try await with(state: .running) { client, id, _ in
            let body: JSONValue = ["source": ["postgres": ["tableMappingsToAdd": .array([mapping("orders")])]]]
            let answer = try await client.send(.patch, "~~/clickpipes/\(id)", body: body)
            #expect(answer.status == 400 && answer.error.contains("must be paused to edit"))
        }
    }

    @Test(arguments: [PipeState.running, .paused, .completed, .failed, .snapshot]) func theSourceDecidesFromWhereAResyncBegins(
        _ state: PipeState
    ) async throws {
        try await with(state: state) { client, id, fixture in
            try await fixture.catalog.save(Settlement(positions: [Lane("changes"): 7]), of: id)
            try await fixture.catalog.open(StoredBatch(id: BatchID("b"), lane: Lane("changes"), extent: 1), of: id)
            try await fixture.catalog.record([TableReport(target: "public_users", written: RowEvents(inserts: 3))], of: id)
            let answer = try await client.send(.patch, "~~/clickpipes/\(id)/state", body: ["command": "resync"])
            #expect(answer.status == 200 && answer.result["state"] == "Resync")
            let record = try #require(try await fixture.catalog.pipe(id))
            #expect(record.wanted == .running && record.generation == 2)
            #expect(
                try await fixture.catalog.load(id)
                    == StoredCheckpoint(positions: [Lane("changes"): 7, Lane("resync"): ["all"]]), "and no batch is repeated")
            #expect(try await fixture.catalog.tables(of: id) == [])
            #expect(fixture.pipes.drainedPipes == [id])
        }
    }

    @Test func someTablesAreLoadedAnew() async throws {
        try await with(PipeBodies.postgres.setting("source.postgres.tableMappings", to: [mapping("z"), mapping("a")])) {
            client, id, fixture in
            try await fixture.catalog.record([TableReport(target: "public_a"), TableReport(target: "public_z")], of: id)
            let unknown = try await client.send(
                .patch, "~~/clickpipes/\(id)/state", body: ["command": "resync", "tables": ["public_a", "nobody"]])
            #expect(unknown.status == 400 && unknown.error.contains("tables[1] 'nobody' is not a target of this pipe"))
            #expect(try await fixture.catalog.pipe(id)?.state == .running)
            let answer = try await client.send(
                .patch, "~~/clickpipes/\(id)/state", body: ["command": "resync", "tables": ["public_a"]])
            #expect(answer.status == 200)
            #expect(try await fixture.catalog.load(id).positions == [Lane("resync"): ["public_a"]])
            #expect(try await fixture.catalog.tables(of: id).map(\.target) == ["public_z"])
        }
    }

    @Test func aRefusedResyncLeavesThePipePaused() async throws {
        try await with(PipeBodies.postgres.setting("source.postgres.database", to: "stuck")) { client, id, fixture in
            try await fixture.catalog.save(Settlement(positions: [Lane("changes"): 7]), of: id)
            let answer = try await client.send(.patch, "~~/clickpipes/\(id)/state", body: ["command": "resync"])
            #expect(answer.status == 400 && answer.error.contains("the slot is in use"))
            #expect(try await fixture.catalog.load(id).positions == [Lane("changes"): 7])
            #expect(try await fixture.catalog.pipe(id)?.wanted == .stopped)
        }
    }

    @Test func aPipeIsKeptWhileItsSourceHoldsSomethingOfIt() async throws {
        try await with(PipeBodies.postgres.setting("source.postgres.database", to: "gone")) { client, id, fixture in
            let refused = try await client.send(.delete, "~~/clickpipes/\(id)")
            #expect(refused.status == 424 && refused.error.contains("connection refused") && refused.error.contains("force=true"))
            #expect(try await fixture.catalog.pipe(id)?.wanted == .stopped)
            #expect(try await client.send(.delete, "~~/clickpipes/\(id)?force=true").status == 200)
            #expect(try await fixture.catalog.pipe(id) == nil)
        }
        try await with { client, id, fixture in
            let answer = try await client.send(.delete, "~~/clickpipes/\(id)")
            #expect(answer.status == 200)
            #expect(fixture.pipes.cleanedPipes == [id])
        }
    }

    @Test func aNewSizeRestartsTheDatabasePipes() async throws {
        try await with { client, id, fixture in
            _ = try await client.send(.patch, "~~/clickpipesCdcScaling", body: ["replicaMemoryGb": 8])
            #expect(try await fixture.catalog.pipe(id)?.generation == 1, "nothing has changed")
            _ = try await client.send(.patch, "~~/clickpipesCdcScaling", body: ["replicaMemoryGb": 32])
            #expect(try await fixture.catalog.pipe(id)?.generation == 2)
            let wanted = try await CatalogPipeDirectory(catalog: fixture.catalog, sources: fixture.sources).pipes()
            #expect(try wanted.first?.spec().scaling.replicaMemoryGb == 2)
        }
    }
}
