import Catalog
import ControlAPI
import FoundationEssentials
import PipeCore
import Testing

@Suite struct ClickPipesUpdateTests {
    private static let later = APIFixture.start.addingTimeInterval(60)

    private func stored(_ body: JSONValue, state: PipeState = .running) throws -> PipeRecord {
        var record = try PipeCreation(
            body, id: PipeID("cccccccc-0000-4000-8000-000000000001"), serviceID: "service", sources: .described, now: APIFixture.start
        ).record
        record.state = state
        return record
    }

    private func update(_ record: PipeRecord, _ body: JSONValue) throws -> PipeUpdate {
        try PipeUpdate(body, of: record, sources: .described, now: Self.later)
    }

    private func refusal(_ record: PipeRecord, _ body: JSONValue) -> String {
        do {
            _ = try update(record, body)
            return ""
        } catch {
            return "\(error)"
        }
    }

    /// Terraform sends whole sources back, the values it may not change included, without the credentials.
    @Test(arguments: PipeBodies.all) func theWholePipeRepeatedChangesNothing(_ body: JSONValue) throws {
        let record = try stored(body)
        var echo = PipeDocument(record, sources: .described).value
        if echo["destination"]?["tableDefinition"] != nil {
            echo = echo.setting("destination.tableDefinition.engine.type", to: "MergeTree()")
        }
        let change = try update(record, echo)
        #expect(!change.isChange)
        #expect(change.record == record)
        #expect(try !update(record, body).isChange)
        #expect(try !update(record, [:]).isChange)
        #expect(try !update(record, ["name": .null, "source": .null, "destination": .null, "settings": .null]).isChange)
    }

    @Test func onlyWhatNeedsARestartMakesANewGeneration() throws {
        let record = try stored(PipeBodies.s3)
        let named = try update(record, ["name": "other"])
        #expect(named.isChange && !named.needsProbe)
        #expect(named.record.name == "other" && named.record.generation == 1 && named.record.updatedAt == Self.later)
        let settings = try update(record, ["settings": ["object_storage_concurrency": 2]])
        #expect(settings.isChange && !settings.needsProbe && settings.record.generation == 1)
        let source = try update(record, ["source": ["objectStorage": ["startAfter": "data/5.json"]]])
        #expect(source.needsProbe && source.record.generation == 2)
        #expect(source.record.source["startAfter"] == "data/5.json")
        #expect(source.record.secrets == record.secrets)
        let columns = try update(record, ["destination": ["columns": [["name": "id", "type": "UInt64"]]]])
        #expect(columns.needsProbe && columns.record.generation == 2)
        #expect(columns.record.destination.columns?.count == 1)
        #expect(columns.record.destination.table == "my_table")
    }

    @Test func newCredentialsReplaceTheOldOnesAndAreAChange() throws {
        let record = try stored(PipeBodies.s3)
        let change = try update(
            record, ["source": ["objectStorage": ["accessKey": ["accessKeyId": "AKIAOTHER", "secretKey": "new_password"]]]])
        #expect(change.needsProbe && change.record.generation == 2)
        #expect(try JSONText.string(change.record.secrets).contains("new_password"))
        #expect(try !JSONText.string(change.record.source).contains("new_password"))
    }

    static let immutable: [(String, JSONValue)] = [
        ("source.objectStorage.url", "https://other.s3.amazonaws.com/x"),
        ("source.objectStorage.format", "CSV"),
        ("source.objectStorage.type", "gcs"),
        ("destination.database", "other"),
        ("destination.table", "other"),
        ("destination.managedTable", false),
        ("destination.tableDefinition.engine.type", "Null"),
        ("destination.tableDefinition.sortingKey", ["id"]),
        ("destination.roles", ["other"]),
    ]

    @Test(arguments: immutable) func changedImmutableValuesAreRefusedByName(_ path: String, _ value: JSONValue) throws {
        let body = JSONValue.object([:]).setting(path, to: value)
        let text = refusal(try stored(PipeBodies.s3), body)
        #expect(text.contains("cannot be changed after the pipe was created"))
        #expect(text.contains(path) || path.contains("tableDefinition") && text.contains("destination.tableDefinition"))
    }

    @Test func theKindOfSourceStays() throws {
        let text = refusal(try stored(PipeBodies.s3), ["source": ["kafka": ["authentication": "PLAIN"]]])
        #expect(text == "source.kafka cannot be set: the source of this pipe is objectStorage, and its kind stays")
        #expect(refusal(try stored(PipeBodies.s3), ["source": ["objectStorage": "x"]]).contains("must be an object"))
        #expect(refusal(try stored(PipeBodies.s3), ["source": 5]).contains("source must be an object"))
        #expect(try !update(try stored(PipeBodies.s3), ["source": ["validateSamples": true, "kafka": .null]]).isChange)
    }

    @Test func bigQueryCannotBeUpdated() throws {
        let record = try stored(PipeBodies.bigquery)
        let text = refusal(
            record, ["source": ["bigquery": ["snapshotStagingPath": "gs://other-bucket/x", "settings": ["initialLoadParallelism": 9]]]])
        #expect(text.contains("source.bigquery.snapshotStagingPath cannot be changed"))
        #expect(text.contains("source.bigquery.settings"))
        #expect(try update(record, ["name": "other"]).isChange)
    }

    @Test func databaseMappingsAreEditedAtRestOnly() throws {
        let edit: JSONValue = [
            "source": [
                "postgres": [
                    "tableMappingsToAdd": [["sourceSchemaName": "public", "sourceTable": "orders", "targetTable": "orders"]],
                    "tableMappingsToRemove": [],
                ]
            ]
        ]
        let text = APIError(InvalidConfiguration([Problem(.root, refusal(try stored(PipeBodies.postgres), edit))])).description
        #expect(text.hasPrefix("BAD_REQUEST: Postgres ClickPipe must be paused to edit"))
        let change = try update(try stored(PipeBodies.postgres, state: .paused), edit)
        #expect(change.record.source["tableMappings"]?.array?.count == 2)
        #expect(change.record.source["tableMappingsToAdd"] == nil)
        #expect(change.record.generation == 2)
        let removal: JSONValue = [
            "source": ["postgres": ["tableMappingsToRemove": [["sourceSchemaName": "public", "sourceTable": "users"]]]]
        ]
        #expect(refusal(try stored(PipeBodies.postgres, state: .paused), removal).contains("must have at least one mapping"))
        #expect(change.record.state == .modifying && change.record.wanted == .running)
        var paused = change.record
        paused.state = .paused
        #expect(try update(paused, removal).record.source["tableMappings"]?.array?.count == 1)
    }

    @Test func databaseSettingsMayChangeWhileRunning() throws {
        let change = try update(
            try stored(PipeBodies.postgres), ["source": ["postgres": ["settings": ["syncIntervalSeconds": 5]]]])
        #expect(change.record.source[path: "settings.syncIntervalSeconds"] == 5)
        #expect(change.record.source[path: "settings.replicationMode"] == "cdc")
        #expect(change.record.generation == 2)
    }

    @Test func aCompletedPipeRefusesEditsButNotRepetition() throws {
        let record = try stored(PipeBodies.s3, state: .completed)
        #expect(refusal(record, ["name": "other"]).contains("a Completed ClickPipe cannot be edited"))
        #expect(try !update(record, PipeBodies.s3).isChange)
    }

    @Test func mappingsOfObjectStorageNeedTheColumns() throws {
        let mappings: JSONValue = [["sourceField": "uid", "destinationField": "id"]]
        let bucket = try stored(PipeBodies.s3)
        #expect(refusal(bucket, ["fieldMappings": mappings]).contains("destination.columns must be sent together with fieldMappings"))
        #expect(refusal(bucket, ["fieldMappings": []]).contains("destination.columns must be sent together"))
        let columns: JSONValue = [["name": "id", "type": "UInt64"]]
        let change = try update(bucket, ["fieldMappings": mappings, "destination": ["columns": columns]])
        #expect(change.record.fieldMappings == [FieldMapping(sourceField: "uid", destinationField: "id")])
        #expect(change.record.generation == 2)
        #expect(try update(try stored(PipeBodies.kafka), ["fieldMappings": mappings]).needsProbe)
        #expect(refusal(change.record, ["destination": ["columns": [["name": "x", "type": "String"]]]]).contains("fieldMappings[0]"))
    }

    @Test func settingsMergeAndNullRemoves() throws {
        var record = try stored(PipeBodies.s3)
        record = try update(record, ["settings": ["object_storage_concurrency": 2, "clickhouse_max_threads": 4]]).record
        record = try update(record, ["settings": ["object_storage_concurrency": .null, "clickhouse_max_insert_threads": 3]]).record
        #expect(JSONValue.object(record.settings.values) == json(["clickhouse_max_threads": 4, "clickhouse_max_insert_threads": 3]))
        #expect(refusal(record, ["settings": ["clickhouse_max_threads": 65]]).contains("must be <= 64"))
    }

    @Test func scalingHasItsOwnResource() throws {
        let record = try stored(PipeBodies.s3)
        #expect(refusal(record, ["scaling": ["replicas": 2]]).contains("scaling cannot be changed here"))
        #expect(refusal(try stored(PipeBodies.postgres), ["scaling": ["replicas": 2]]).contains("scaling is not for database pipes"))
        #expect(try !update(record, ["scaling": ["replicas": 1]]).isChange)
    }

    @Test func nullClearsWhatMayBeCleared() throws {
        let record = try stored(PipeBodies.s3.setting("source.objectStorage.startAfter", to: "a"))
        #expect(try update(record, ["source": ["objectStorage": ["startAfter": .null]]]).record.source["startAfter"] == nil)
        let text = refusal(try stored(PipeBodies.kinesis), ["source": ["kinesis": ["authentication": .null]]])
        #expect(text.contains("source.kinesis.authentication is required"))
    }

    @Test func allProblemsComeAtOnce() throws {
        let text = refusal(
            try stored(PipeBodies.s3),
            ["name": "", "source": ["objectStorage": ["format": "CSV"]], "destination": ["table": "x"], "settings": ["nope": 1]])
        for field in ["name", "source.objectStorage.format", "destination.table", "settings.nope"] { #expect(text.contains(field)) }
    }
}
