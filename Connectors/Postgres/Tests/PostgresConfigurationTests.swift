import PipeCore
import PipeTesting
import PostgresConnector
import Testing

@Suite struct PostgresConfigurationTests {
    typealias Draft = SourceDraft<PostgresConfiguration>
    static let example = SourceExamples.postgres
    static let orders: JSONValue = ["sourceSchemaName": "public", "sourceTable": "orders", "targetTable": "public_orders"]
    static let users: JSONValue = ["sourceSchemaName": "public", "sourceTable": "users", "targetTable": "public_users"]

    static func mapping(_ changes: [String: JSONValue]) -> JSONValue { [users.changing(changes)] }

    @Test func computedValuesAreFilledInAndNothingElse() throws {
        let draft = Draft(creating: Self.example.changing(["port": nil]))
        #expect(draft.problems == [])
        #expect(
            draft.visible
                == Self.example.changing([
                    "credentials": nil, "type": "postgres", "authentication": "basic", "port": 5432,
                    "settings": [
                        "replicationMode": "cdc", "syncIntervalSeconds": 60, "pullBatchSize": 100_000, "allowNullableColumns": false,
                        "initialLoadParallelism": 4, "snapshotNumRowsPerPartition": 100_000, "snapshotNumberOfParallelTables": 1,
                    ],
                ]))
        #expect(try #require(draft.configuration).settings.replicationMode == .cdc)
        #expect(PostgresConfiguration.family == .database)
    }

    @Test(
        arguments: [
            (["host": "postgres://h"], ["host"]),
            (["host": "h:5432"], ["host"]),
            (["host": "h/db"], ["host"]),
            (["port": 0], ["port"]),
            (["port": 65536], ["port"]),
            (["type": "oracle"], ["type"]),
            (["database": nil], ["database"]),
            (["tlsHost": ""], ["tlsHost"]),
            (["caCertificate": ""], ["caCertificate"]),
            (["credentials": nil], ["credentials.password", "credentials.username"]),
            (["credentials": ["username": "u"]], ["credentials.password"]),
            (["authentication": "IAM_ROLE"], ["credentials.password", "iamRole"]),
            (
                [
                    "authentication": "IAM_ROLE", "iamRole": "arn:aws:iam::1:role/r", "credentials": ["username": "u"],
                    "disableTls": true,
                ], ["disableTls"]
            ),
            (["settings.schemaChanges.truncate": "yes"], ["settings.schemaChanges.truncate"]),
            (["settings.schemaChanges.incompatible": "drop"], ["settings.schemaChanges.incompatible"]),
            (["settings": nil], ["settings"]),
            (["settings": [:]], ["settings.replicationMode"]),
            (["settings.replicationMode": "stream"], ["settings.replicationMode"]),
            (["settings.syncIntervalSeconds": 0], ["settings.syncIntervalSeconds"]),
            (["settings.pullBatchSize": 0], ["settings.pullBatchSize"]),
            (["settings.initialLoadParallelism": 0], ["settings.initialLoadParallelism"]),
            (["settings.snapshotNumRowsPerPartition": 999], ["settings.snapshotNumRowsPerPartition"]),
            (["settings.snapshotNumberOfParallelTables": 0], ["settings.snapshotNumberOfParallelTables"]),
            (["settings.replicationSlotName": "slot"], ["settings.replicationSlotName"]),
            (
                ["settings.replicationMode": "cdc_only", "settings.replicationSlotName": "slot", "settings.enableFailoverSlots": true],
                ["settings.enableFailoverSlots"]
            ),
            (["tableMappings": nil], ["tableMappings"]),
            (["tableMappings": []], ["tableMappings"]),
            (["tableMappings": [users, orders.changing(["targetTable": "public_users"])]], ["tableMappings[1].targetTable"]),
            (["tableMappings": mapping(["targetTable": ""])], ["tableMappings[0].targetTable"]),
            (["tableMappings": mapping(["sourceTable": nil])], ["tableMappings[0].sourceTable"]),
            (["tableMappings": mapping(["excludedColumns": ["a", "a"]])], ["tableMappings[0].excludedColumns"]),
            (["tableMappings": mapping(["sortingKeys": ["a"]])], ["tableMappings[0].sortingKeys"]),
            (["tableMappings": mapping(["useCustomSortingKey": true])], ["tableMappings[0].sortingKeys"]),
            (["tableMappings": mapping(["useCustomSortingKey": true, "sortingKeys": ["a", "a"]])], ["tableMappings[0].sortingKeys"]),
            (["tableMappings": mapping(["tableEngine": "Log"])], ["tableMappings[0].tableEngine"]),
        ] as [([String: JSONValue], [String])])
    func rules(_ changes: [String: JSONValue], _ fields: [String]) {
        #expect(Draft(creating: Self.example.changing(changes)).fields == fields)
    }

    @Test func whatIsAllowed() {
        let cases: [[String: JSONValue]] = [
            ["settings.replicationMode": "cdc_only", "settings.replicationSlotName": "slot"],
            ["authentication": "IAM_ROLE", "iamRole": "arn:aws:iam::1:role/r", "credentials": nil],
            ["authentication": "IAM_ROLE", "iamRole": "arn:aws:iam::1:role/r", "credentials": ["username": "u"]],
            ["host": "::1"],
            ["tableMappings": Self.mapping(["useCustomSortingKey": true, "sortingKeys": ["a", "b"]])],
            ["tableMappings": Self.mapping(["useCustomSortingKey": false, "sortingKeys": []])],
            ["tableMappingsToAdd": "ignored outside a PATCH"],
        ]
        for changes in cases { #expect(Draft(creating: Self.example.changing(changes)).problems == [], "\(changes)") }
    }

    @Test func emptyPartitionsAreUnset() {
        let draft = Draft(creating: Self.example.changing(["tableMappings": Self.mapping(["partitionKey": "", "partitionByExpr": ""])]))
        #expect(draft.document["tableMappings"] == [Self.users])
    }

    @Test func mappingsAreAddedAndRemovedAtRest() {
        let draft = Draft(creating: Self.example)
        let added = draft.patched(["tableMappingsToAdd": [Self.orders], "tableMappingsToRemove": []])
        #expect(added.problems == [])
        #expect(added.document["tableMappings"] == [Self.users, Self.orders])
        #expect(added.document["tableMappingsToAdd"] == nil)
        let removed = added.patched([
            "tableMappingsToRemove": [Self.users.changing(["tableEngine": "ReplacingMergeTree", "partitionKey": ""])]
        ])
        #expect(removed.problems == [])
        #expect(removed.document["tableMappings"] == [Self.orders])
    }

    @Test func mappingsAreNotEditedWhileRunning() {
        let draft = Draft(creating: Self.example)
        for edit in ["tableMappingsToAdd": Self.orders, "tableMappingsToRemove": Self.users] {
            let refused = draft.patched([edit.key: [edit.value]], isAtRest: false)
            #expect(refused.problems.contains { $0.description.hasPrefix("Postgres ClickPipe must be paused to edit") })
        }
        #expect(draft.patched(["tableMappingsToAdd": []], isAtRest: false).problems == [])
        #expect(draft.patched(["host": "other", "settings": ["pullBatchSize": 5]], isAtRest: false).problems == [])
    }

    @Test(
        arguments: [
            (["tableMappingsToRemove": [users]], ["tableMappings"]),
            (["tableMappingsToRemove": [users], "tableMappingsToAdd": [users]], ["tableMappingsToRemove[0]"]),
            (["tableMappingsToRemove": [orders]], ["tableMappingsToRemove[0]"]),
            (["tableMappingsToRemove": [users.changing(["targetTable": "other"])]], ["tableMappingsToRemove[0]"]),
            (["tableMappingsToAdd": [users]], ["tableMappings[1].targetTable"]),
            (["tableMappingsToAdd": [orders.changing(["sourceTable": nil])]], ["tableMappingsToAdd[0].sourceTable"]),
            (["tableMappings": [orders]], ["tableMappings"]),
            (["type": "neon"], ["type"]),
            (["authentication": "IAM_ROLE", "iamRole": "r"], ["authentication", "iamRole"]),
            (["settings": ["replicationMode": "snapshot"]], ["settings.replicationMode"]),
            (["settings": ["publicationName": "p", "deleteOnMerge": true]], ["settings.deleteOnMerge", "settings.publicationName"]),
            (["settings": ["initialLoadParallelism": 9]], ["settings.initialLoadParallelism"]),
            (["host": nil], ["host"]),
            (["caCertificate": ""], ["caCertificate"]),
            (["credentials": ["password": "new"]], ["credentials.username"]),
        ] as [([String: JSONValue], [String])])
    func patchRules(_ patch: [String: JSONValue], _ fields: [String]) {
        #expect(Draft(creating: Self.example).patched(.object(patch)).fields == fields)
    }

    @Test func whatAPatchMayChange() {
        let draft = Draft(creating: Self.example).patched([
            "host": "other", "port": 5433, "database": "otherdb", "tlsHost": "t", "disableTls": true, "skipCertVerification": true,
            "credentials": ["username": "u", "password": "p"], "settings": ["syncIntervalSeconds": 10, "pullBatchSize": 5],
            "authentication": "basic",
        ])
        #expect(draft.problems == [])
        #expect(draft.document["settings"]?["syncIntervalSeconds"] == 10)
        #expect(draft.document["settings"]?["replicationMode"] == "cdc")
        #expect(draft.document["port"] == 5433)
        // Clearing goes back to the default.
        #expect(draft.patched(["port": nil, "settings": ["pullBatchSize": nil]]).document["port"] == 5432)
        #expect(draft.patched(["settings": ["pullBatchSize": nil]]).document["settings"]?["pullBatchSize"] == 100_000)
    }

    @Test func aTableLoadedAnewLeavesTheJournalOfOthers() async throws {
        let configuration = try #require(Draft(creating: Self.example).configuration)
        let mapping = try #require(configuration.tableMappings.first)
        func batch(_ lane: Lane) -> StoredBatch { StoredBatch(id: BatchID(lane.rawValue), lane: lane, extent: [:]) }
        let position = try JSONValue(encoding: PostgresPosition(stream: StreamPosition(log: LogPosition(5), changes: 3)))
        let (changes, table) = (Lane("changes"), Lane("snapshot/\(mapping.table.quoted)"))
        let checkpoint = StoredCheckpoint(
            positions: [changes: position], pending: [batch(changes), batch(table), batch(Lane("snapshot/other"))])
        let pipe = PipeID("5ec5c0a1-3c6b-4c5c-9a51-0d1f6a3e9b01")

        // What the stream may have sent keeps its name and must keep its rows.
        let one = try await configuration.resynced(checkpoint, of: pipe, targets: [mapping.targetTable])
        #expect(one.pending.map(\.lane) == [changes, Lane("snapshot/other")])
        #expect(one.positions[changes] == position)
        // A stream that begins anew has other names.
        let all = try await configuration.resynced(checkpoint, of: pipe, targets: nil)
        #expect(all.pending == [])
        #expect(try all.positions[changes]?.decode(PostgresPosition.self).stream?.epoch == 1)
    }
}
