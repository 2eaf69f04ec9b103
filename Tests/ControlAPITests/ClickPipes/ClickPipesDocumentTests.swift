import Catalog
import ControlAPI
import FoundationEssentials
import PipeCore
import Testing

@Suite struct ClickPipesDocumentTests {
    private func record(_ body: JSONValue) throws -> PipeRecord {
        try PipeCreation(
            body, id: PipeID("cccccccc-0000-4000-8000-000000000001"), serviceID: "service", sources: .described, now: APIFixture.start
        ).record
    }

    private func document(_ body: JSONValue) throws -> JSONValue { PipeDocument(try record(body), sources: .described).value }

    /// What a source may hold beyond what was sent, by kind: the values the contract computes.
    private static let computed: [String: Set<String>] = [
        "kafka": ["consumerGroup"],
        "postgres": ["type", "authentication"],
        "mysql": ["type", "authentication", "serverId"],
        "bigquery": [],
    ]

    @Test(arguments: PipeBodies.all) func theEchoIsWhatWasSentWithoutSecrets(_ body: JSONValue) throws {
        let echo = try document(body)
        let kind = try #require(body["source"]?.object?.keys.first)
        let text = try JSONText.string(echo)
        #expect(!text.contains("my_password") && !text.contains(PipeBodies.base64))
        let sent = try #require(body["source"]?[kind]?.object)
        let shown = try #require(echo["source"]?[kind]?.object)
        let secrets: Set<String> = ["credentials", "accessKey", "connectionString", "serviceAccountKey"]
        for (name, value) in sent where !secrets.contains(name) { #expect(shown[name]?.contains(value) == true) }
        #expect(Set(shown.keys).isDisjoint(with: secrets))
        #expect(Set(shown.keys).subtracting(sent.keys).isSubset(of: Self.computed[kind] ?? []))
        #expect(echo["destination"]?.contains(body["destination"] ?? .null) == true)
        for absent in ["fieldMappings", "settings", "stateMessage", "startPaused"] { #expect(echo[absent] == nil) }
        #expect(echo["source"]?.object?.count == 1)
    }

    @Test func valuesTheContractComputesAreReturned() throws {
        let kafka = try document(PipeBodies.kafka.removing("source.kafka.consumerGroup").removing("source.kafka.type"))
        #expect(kafka[path: "source.kafka.consumerGroup"] == "clickpipes-cccccccc-0000-4000-8000-000000000001")
        #expect(kafka[path: "source.kafka.type"] == "kafka")
        let postgres = try document(PipeBodies.postgres.removing("source.postgres.port"))
        for path in [
            "type", "authentication", "port", "settings.syncIntervalSeconds", "settings.pullBatchSize", "settings.allowNullableColumns",
            "settings.initialLoadParallelism", "settings.snapshotNumRowsPerPartition", "settings.snapshotNumberOfParallelTables",
        ] {
            #expect(postgres[path: "source.postgres.\(path)"] != nil)
        }
        for path in ["publicationName", "replicationSlotName", "enableFailoverSlots"] {
            #expect(postgres[path: "source.postgres.settings.\(path)"] == nil)
        }
    }

    @Test func whatTheUserSetIsReturned() throws {
        let body = PipeBodies.s3.setting("fieldMappings", to: [["sourceField": "uid", "destinationField": "id"]])
            .setting("settings", to: ["object_storage_concurrency": 3]).setting("scaling", to: ["replicas": 2])
            .setting("destination.roles", to: ["analyst"])
            .setting(
                "destination.tableDefinition",
                to: [
                    "engine": ["type": "SummingMergeTree", "columnIds": ["id"]], "sortingKey": ["id"], "partitionBy": "id % 4",
                    "primaryKey": "id",
                ])
        let echo = try document(body)
        #expect(echo["fieldMappings"] == body["fieldMappings"])
        #expect(echo["settings"] == json(["object_storage_concurrency": 3]))
        #expect(echo["scaling"] == json(["replicas": 2, "replicaCpuMillicores": 125, "replicaMemoryGb": 0.5]))
        #expect(echo["destination"]?["roles"] == nil)
        #expect(echo["destination"]?["tableDefinition"] == body["destination"]?["tableDefinition"])
        #expect(echo["destination"]?["database"] == "default")
    }

    @Test func databasePipesShowOnlyTheirDatabaseAndAlwaysSettings() throws {
        let echo = try document(PipeBodies.postgres)
        #expect(echo["destination"] == json(["database": "default"]))
        #expect(echo["scaling"] == nil)
        #expect(try document(PipeBodies.bigquery.removing("source.bigquery.settings"))[path: "source.bigquery.settings"] != nil)
    }

    @Test func stateMessageAndTimesAreShown() throws {
        var record = try record(PipeBodies.s3)
        record.state = .failed
        record.stateMessage = "the bucket is gone"
        let echo = PipeDocument(record, sources: .described).value
        #expect(echo["state"] == "Failed")
        #expect(echo["stateMessage"] == "the bucket is gone")
        #expect(echo["createdAt"] == "2026-01-01T00:00:00.000Z")
        #expect(echo["id"] == .string(record.id.rawValue) && echo["serviceId"] == "service")
    }
}
