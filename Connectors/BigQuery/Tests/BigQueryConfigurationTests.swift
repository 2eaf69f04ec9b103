import BigQueryConnector
import PipeCore
import PipeTesting
import Testing

@Suite struct BigQueryConfigurationTests {
    typealias Draft = SourceDraft<BigQueryConfiguration>
    static let example = SourceExamples.bigquery
    static let table: JSONValue = ["sourceDatasetName": "d", "sourceTable": "t", "targetTable": "d_t"]

    @Test(arguments: [nil, [:], ["replicationMode": "snapshot"]] as [JSONValue])
    func theSettingsDefaultToASnapshot(_ settings: JSONValue) throws {
        let draft = Draft(creating: Self.example.changing(["settings": settings]))
        #expect(draft.problems == [])
        #expect(
            draft.visible["settings"] == [
                "replicationMode": "snapshot", "allowNullableColumns": false, "initialLoadParallelism": 4,
                "snapshotNumRowsPerPartition": 100_000, "snapshotNumberOfParallelTables": 1,
            ])
    }

    @Test(
        arguments: [
            (["snapshotStagingPath": "s3://b/x"], ["snapshotStagingPath"]),
            (["snapshotStagingPath": nil], ["snapshotStagingPath"]),
            (["credentials": nil], ["credentials.serviceAccountFile"]),
            (["credentials": ["serviceAccountFile": "not base64!"]], ["credentials.serviceAccountFile"]),
            (["authentication": "SERVICE_ACCOUNT_WORKLOAD_IDENTITY"], ["credentials"]),
            (["settings.replicationMode": "cdc"], ["settings.replicationMethod"]),
            (["settings.replicationMethod": "query_based"], ["settings.replicationMethod"]),
            (
                ["settings.syncIntervalSeconds": 60, "settings.pullWindowSizeSeconds": 1],
                ["settings.pullWindowSizeSeconds", "settings.syncIntervalSeconds"]
            ),
            (
                [
                    "settings.replicationMode": "cdc", "settings.replicationMethod": "events_based", "settings.syncIntervalSeconds": 5,
                    "settings.syncCron": "* * * * *",
                ], ["settings.syncCron"]
            ),
            (["tableMappings": []], ["tableMappings"]),
            (["tableMappings": [table, table]], ["tableMappings[1].targetTable"]),
            (["tableMappings": [table.changing(["queryCdcWatermarkColumn": "at"])]], ["tableMappings[0].queryCdcWatermarkColumn"]),
            (["tableMappings": [table.changing(["eventsFunction": "appends"])]], ["tableMappings[0].eventsFunction"]),
            (["tableMappings": [table.changing(["useCustomSortingKey": true])]], ["tableMappings[0].sortingKeys"]),
        ] as [([String: JSONValue], [String])])
    func rules(_ changes: [String: JSONValue], _ fields: [String]) {
        #expect(Draft(creating: Self.example.changing(changes)).fields == fields)
    }

    @Test func changesByQueryAndByEvents() {
        let byQuery: [String: JSONValue] = [
            "settings.replicationMode": "cdc", "settings.replicationMethod": "query_based", "settings.syncCron": "* * * * *",
            "settings.queryCdcPullSyncParallelism": 2, "settings.syncDelaySeconds": 0,
            "tableMappings": [Self.table.changing(["queryCdcWatermarkColumn": "at"])],
            "authentication": "SERVICE_ACCOUNT_WORKLOAD_IDENTITY", "credentials": nil, "projectId": "p",
        ]
        #expect(Draft(creating: Self.example.changing(byQuery)).problems == [])
        let byEvents: [String: JSONValue] = [
            "settings.replicationMode": "cdc_only", "settings.replicationMethod": "events_based",
            "tableMappings": [Self.table.changing(["eventsFunction": "changes"])],
        ]
        #expect(Draft(creating: Self.example.changing(byEvents)).problems == [])
    }

    @Test func nothingCanBeChanged() {
        let draft = Draft(creating: Self.example)
        let refused = draft.patched([
            "snapshotStagingPath": "gs://other/x", "credentials": ["serviceAccountFile": "YWJj"], "projectId": "p",
            "tableMappings": [Self.table], "settings": ["replicationMode": "cdc"], "authentication": "SERVICE_ACCOUNT",
        ])
        #expect(
            refused.fields
                == ["authentication", "credentials", "projectId", "settings", "snapshotStagingPath", "tableMappings"])
    }
}
