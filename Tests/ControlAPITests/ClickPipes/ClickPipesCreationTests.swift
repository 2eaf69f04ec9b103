import Catalog
import ControlAPI
import FoundationEssentials
import PipeCore
import Testing

/// One wrong thing in an otherwise right body, and what the answer must hold.
struct WrongBody: Sendable, CustomTestStringConvertible {
    var body: JSONValue
    var says: String
    init(_ body: JSONValue, _ path: String, _ value: JSONValue?, _ says: String) {
        self.body = body.setting(path, to: value)
        self.says = says
    }
    var testDescription: String { says }
}

@Suite struct ClickPipesCreationTests {
    private static let id = PipeID("cccccccc-0000-4000-8000-000000000001")
    private static let endpoint = "dddddddd-0000-4000-8000-000000000001"

    private func create(_ body: JSONValue, _ sources: SourceCatalog = .described) throws -> PipeCreation {
        try PipeCreation(
            body, id: Self.id, serviceID: "service", sources: sources, privateEndpoints: [Self.endpoint], now: APIFixture.start)
    }

    private func refusal(_ body: JSONValue) -> String {
        do {
            _ = try create(body)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: PipeBodies.all) func everyDocumentedBodyIsValidAndStopsAtTheMissingConnector(_ body: JSONValue) throws {
        let creation = try create(body)
        #expect(creation.record.name == body["name"]?.string)
        #expect(creation.record.generation == 1)
        #expect(creation.record.state == .provisioning)
        let kind = creation.record.kind
        let error = #expect(throws: APIError.self) { try creation.source.runnable(in: .described) }
        #expect(error?.description == "BAD_REQUEST: source.\(kind): this build has no connector for \(kind); it can run: none")
        #expect(throws: Never.self) { try create(body, .runnable).source.runnable(in: .runnable) }
    }

    @Test(arguments: PipeBodies.all) func secretsAreKeptApart(_ body: JSONValue) throws {
        let record = try create(body).record
        let visible = try JSONText.string(record.source)
        #expect(!visible.contains("my_password") && !visible.contains(PipeBodies.base64))
        #expect(try record.spec(.described).source.kind == record.kind)
    }

    static let wrong: [WrongBody] = {
        var all: [WrongBody] = []
        func add(_ body: JSONValue, _ path: String, _ value: JSONValue?, _ says: String) { all.append(WrongBody(body, path, value, says)) }
        // The body itself.
        add(PipeBodies.kafka, "name", nil, "name is required")
        add(PipeBodies.kafka, "name", "", "name must not be empty")
        add(PipeBodies.kafka, "name", 7, "name must be a string, not a number")
        add(PipeBodies.kafka, "name", .string(String(repeating: "x", count: 256)), "name must have at most 255 characters")
        add(PipeBodies.kafka, "startPaused", "yes", "startPaused must be a boolean")
        // 1. Exactly one arm.
        add(PipeBodies.kafka, "source", nil, "source is required")
        add(PipeBodies.kafka, "source", [], "source must be an object")
        add(PipeBodies.kafka, "source", [:], "source must hold exactly one of kafka, kinesis")
        add(
            PipeBodies.kafka, "source.kinesis", ["format": "Avro"], "source must hold exactly one source, has kafka, kinesis")
        add(PipeBodies.kafka, "source.redis", ["host": "x"], "source.redis is not a source; sources are: kafka, kinesis")
        add(PipeBodies.kafka, "source", ["redis": [:]], "source.redis is not a source")
        add(PipeBodies.kafka, "source.kafka", "broker", "source.kafka must be an object")
        add(PipeBodies.kafka, "source.validateSamples", "yes", "source.validateSamples must be a boolean")
        add(PipeBodies.kafka, "source.kafka.format", "XML", "source.kafka.format must be one of JSONEachRow")
        add(PipeBodies.kafka, "source.kafka.brokers", nil, "source.kafka.brokers is required")
        add(
            PipeBodies.kafka, "source.kafka.reversePrivateEndpointIds", ["x"],
            "source.kafka.reversePrivateEndpointIds[0] names no reverse private endpoint")
        // 2. Kafka: type and authentication. 3. Credentials.
        add(PipeBodies.kafka, "source.kafka.authentication", "SCRAM-SHA-256", "source.kafka.authentication")
        add(PipeBodies.kafka, "source.kafka.credentials", nil, "source.kafka.credentials.password is required")
        add(PipeBodies.kinesis, "source.kinesis.accessKey", nil, "source.kinesis.accessKey is required")
        add(PipeBodies.s3, "source.objectStorage.accessKey", nil, "source.objectStorage.accessKey is required")
        add(PipeBodies.postgres, "source.postgres.credentials", nil, "source.postgres.credentials.username is required")
        add(PipeBodies.pubsub, "source.pubsub.serviceAccountKey", nil, "source.pubsub.serviceAccountKey is required")
        add(
            PipeBodies.bigquery, "source.bigquery.credentials", nil, "source.bigquery.credentials.serviceAccountFile is required")
        // 4. Timestamps.
        add(
            PipeBodies.kafka, "source.kafka.offset", ["strategy": "from_timestamp"], "source.kafka.offset.timestamp is required")
        add(PipeBodies.kinesis, "source.kinesis.iteratorType", "AT_TIMESTAMP", "source.kinesis.timestamp is required")
        add(PipeBodies.pubsub, "source.pubsub.seekType", "timestamp", "source.pubsub.seekTimestamp is required")
        // 5. Object storage.
        add(PipeBodies.s3, "source.objectStorage.url", nil, "source.objectStorage.url is required")
        add(
            PipeBodies.azure, "source.objectStorage.azureContainerName", nil, "source.objectStorage.azureContainerName is required")
        add(PipeBodies.s3, "source.objectStorage.queueUrl", "https://sqs", "source.objectStorage.queueUrl")
        add(PipeBodies.s3, "source.objectStorage.skipInitialLoad", true, "source.objectStorage.skipInitialLoad")
        add(PipeBodies.gcs, "source.objectStorage.authentication", "IAM_ROLE", "source.objectStorage.authentication")
        // 6. Databases.
        add(PipeBodies.postgres, "source.postgres.tableMappings", [], "source.postgres.tableMappings must have at least one")
        add(
            PipeBodies.mysql, "source.mysql.tableMappings",
            [
                ["sourceSchemaName": "a", "sourceTable": "t", "targetTable": "x"],
                ["sourceSchemaName": "b", "sourceTable": "t", "targetTable": "x"],
            ], "source.mysql.tableMappings[1].targetTable 'x' is the target of another mapping")
        add(
            PipeBodies.postgres, "source.postgres.tableMappings",
            [["sourceSchemaName": "a", "sourceTable": "t", "targetTable": "x", "sortingKeys": ["id"]]],
            "source.postgres.tableMappings[0].sortingKeys needs useCustomSortingKey")
        add(
            PipeBodies.postgres, "source.postgres.settings.replicationSlotName", "slot",
            "source.postgres.settings.replicationSlotName is only for replicationMode cdc_only")
        add(
            PipeBodies.mysql.setting("source.mysql.type", to: "mariadb"), "source.mysql.settings.replicationMechanism", "FILE_POS",
            "source.mysql.settings.replicationMechanism must be GTID")
        add(PipeBodies.postgres, "source.postgres.tlsHost", "", "source.postgres.tlsHost must not be empty")
        // 7. Destination.
        add(PipeBodies.kafka, "destination", nil, "destination is required")
        add(PipeBodies.kafka, "destination.table", nil, "destination.table is required")
        add(PipeBodies.kafka, "destination.managedTable", nil, "destination.managedTable is required")
        add(PipeBodies.kafka, "destination.columns", nil, "destination.columns must list at least one column")
        add(PipeBodies.kafka, "destination.columns", [], "destination.columns must list at least one column")
        add(PipeBodies.kafka, "destination.columns", [["name": "id"]], "destination.columns[0].type is required")
        add(PipeBodies.kafka, "destination.tableDefinition", nil, "destination.tableDefinition is required")
        add(
            PipeBodies.kafka, "destination.tableDefinition.engine.type", "Log", "destination.tableDefinition.engine.type must be one of")
        add(
            PipeBodies.kafka, "destination.tableDefinition.engine.type", "ReplacingMergeTree()",
            "destination.tableDefinition.engine.versionColumnId is required")
        add(
            PipeBodies.kafka, "destination.tableDefinition.engine.versionColumnId", "id",
            "destination.tableDefinition.engine.versionColumnId is only for ReplacingMergeTree")
        add(
            PipeBodies.kafka, "destination.tableDefinition.engine.columnIds", [],
            "destination.tableDefinition.engine.columnIds must have at least 1")
        add(
            PipeBodies.kafka, "destination.tableDefinition.sortingKey", ["nope"],
            "destination.tableDefinition.sortingKey[0] 'nope' is not one of destination.columns")
        add(
            PipeBodies.kafka, "destination.tableDefinition.partitionBy", "",
            "destination.tableDefinition.partitionBy must not be empty")
        add(
            PipeBodies.kafka, "destination.tableDefinition.primaryKey", "", "destination.tableDefinition.primaryKey must not be empty")
        add(PipeBodies.kafka, "destination.roles", ["clickpipes"], "destination.roles must not name the reserved role")
        add(PipeBodies.postgres, "destination.table", "t", "destination.table is not allowed for a database source")
        add(PipeBodies.postgres, "destination.managedTable", true, "destination.managedTable is not allowed")
        add(PipeBodies.postgres, "destination.columns", [], "destination.columns is not allowed")
        // Mappings.
        add(PipeBodies.kafka, "fieldMappings", [["sourceField": "a"]], "fieldMappings[0].destinationField is required")
        add(
            PipeBodies.kafka, "fieldMappings", [["sourceField": "a", "destinationField": "nope"]],
            "fieldMappings[0].destinationField 'nope' is not one of destination.columns")
        add(
            PipeBodies.kafka, "fieldMappings",
            [["sourceField": "a", "destinationField": "id"], ["sourceField": "b", "destinationField": "id"]],
            "fieldMappings[1].destinationField 'id' is mapped twice")
        add(
            PipeBodies.postgres, "fieldMappings", [["sourceField": "a", "destinationField": "b"]],
            "fieldMappings is not allowed for a database source")
        // 8. Settings. 11. Zero where one is the least.
        add(PipeBodies.kafka, "settings", ["streaming_max_insert_wait_ms": 499], "settings.streaming_max_insert_wait_ms")
        add(
            PipeBodies.kafka, "settings", ["object_storage_concurrency": 2],
            "settings.object_storage_concurrency does not apply to kafka")
        add(
            PipeBodies.s3, "settings", ["kafka_read_committed": true], "settings.kafka_read_committed does not apply to objectStorage")
        add(
            PipeBodies.s3, "settings", ["object_storage_concurrency": 0], "settings.object_storage_concurrency must be >= 1, is 0")
        add(PipeBodies.s3, "settings", ["max_memory": 1], "settings.max_memory is not a setting")
        add(PipeBodies.postgres, "settings", ["streaming_max_insert_wait_ms": 500], "settings.streaming_max_insert_wait_ms")
        add(
            PipeBodies.postgres, "source.postgres.settings.syncIntervalSeconds", 0,
            "source.postgres.settings.syncIntervalSeconds must be >= 1, is 0")
        // 9. Scaling.
        add(PipeBodies.kafka, "scaling", ["replicas": 0], "scaling.replicas must be >= 1, is 0")
        add(PipeBodies.kafka, "scaling", ["replicas": 41], "scaling.replicas must be <= 40")
        add(PipeBodies.kafka, "scaling", ["replicaMemoryGb": 0.25], "scaling.replicaMemoryGb must be >= 0.5")
        add(PipeBodies.kafka, "scaling", ["replicaCpuMillicores": "125m"], "scaling.replicaCpuMillicores must be an integer")
        add(PipeBodies.kafka, "scaling", ["concurrency": 4], "scaling.concurrency is only for object storage")
        add(PipeBodies.postgres, "scaling", ["replicas": 1], "scaling is not for database pipes")
        return all
    }()

    @Test(arguments: wrong) func aWrongBodyIsRefusedByName(_ wrong: WrongBody) {
        #expect(refusal(wrong.body).contains(wrong.says))
    }

    @Test func allProblemsComeAtOnce() {
        let body = PipeBodies.kafka.removing("name").setting("source.kafka.format", to: "XML").removing("destination.table")
            .setting("scaling", to: ["replicas": 0]).setting("settings", to: ["nope": 1])
        let text = refusal(body)
        for field in ["name", "source.kafka.format", "destination.table", "scaling.replicas", "settings.nope"] {
            #expect(text.contains(field))
        }
    }

    @Test func validationComesBeforeTheMissingConnector() {
        #expect(refusal(PipeBodies.kafka.removing("source.kafka.topics")) == "source.kafka.topics is required")
    }

    @Test func nullArmsAndUnknownFieldsAreIgnored() throws {
        let body = PipeBodies.s3.setting("source.kafka", to: .null).setting("source.postgres", to: .null)
            .setting("source.note", to: "x").setting("source.objectStorage.future", to: 1).setting("future", to: [:])
        let record = try create(body).record
        #expect(record.kind == "objectStorage")
        #expect(record.source["future"] == nil)
    }

    @Test func emptyFormsThatClientsSendAreAccepted() throws {
        let body = PipeBodies.s3.setting("destination.tableDefinition.sortingKey", to: []).setting("fieldMappings", to: [])
            .setting("settings", to: [:]).setting("scaling", to: .null).setting("source.objectStorage.delimiter", to: "")
        let record = try create(body).record
        #expect(record.destination.tableDefinition?.sortingKey == [])
        #expect(record.fieldMappings == [])
        #expect(record.settings == PipeSettings())
        #expect(record.source["delimiter"] == nil)
        _ = try create(PipeBodies.postgres.setting("scaling", to: [:]).setting("fieldMappings", to: []))
    }

    @Test func engineNamesAreNormalised() throws {
        let record = try create(PipeBodies.s3.setting("destination.tableDefinition.engine.type", to: "MergeTree()")).record
        #expect(record.destination.tableDefinition?.engine.type == "MergeTree")
    }

    @Test func startPausedRests() throws {
        let streaming = try create(PipeBodies.s3.setting("startPaused", to: true)).record
        #expect(streaming.wanted == .stopped && streaming.state == .stopped)
        let database = try create(PipeBodies.postgres.setting("startPaused", to: true)).record
        #expect(database.wanted == .stopped && database.state == .paused)
    }

    @Test func scalingHasDefaultsExceptForDatabases() throws {
        #expect(try create(PipeBodies.s3).record.scaling == PipeScaling())
        #expect(try create(PipeBodies.postgres).record.scaling == nil)
        let sized = try create(
            PipeBodies.s3.setting("scaling", to: ["replicas": 2, "concurrency": 5, "replicaMemoryGb": 1])
        ).record
        #expect(sized.scaling == PipeScaling(replicas: 2, concurrency: 5, replicaMemoryGb: 1))
    }

    @Test func settingsInTextFormAreNormalised() throws {
        let record = try create(
            PipeBodies.kafka.setting("settings", to: ["streaming_max_insert_wait_ms": "2000", "kafka_read_committed": "true"])
        ).record
        #expect(JSONValue.object(record.settings.values) == json(["streaming_max_insert_wait_ms": 2000, "kafka_read_committed": true]))
    }

    @Test func anExistingPrivateEndpointMayBeNamedInAnyCase() throws {
        let ids: JSONValue = [.string(Self.endpoint.uppercased())]
        let record = try create(PipeBodies.kafka.setting("source.kafka.reversePrivateEndpointIds", to: ids)).record
        #expect(record.source["reversePrivateEndpointIds"] == ids)
    }

    @Test func decodingErrorsNameTheirField() {
        func problem(_ text: String) -> String? {
            let result = Result { try JSONText.decode(CountedItems.self, from: text) }
            guard case .failure(let error) = result else { return nil }
            return Problem(decoding: error, at: FieldPath("source.x")).description
        }
        #expect(problem(#"{"items":[{"count":1},{}]}"#) == "source.x.items[1].count is required")
        #expect(problem(#"{"items":[{"count":"a secret"}]}"#) == "source.x.items[0].count has a value of the wrong type")
    }
}

private struct CountedItems: Decodable {
    struct Item: Decodable { var count: Int }
    var items: [Item]
}
