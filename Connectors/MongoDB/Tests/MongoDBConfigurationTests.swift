import MongoDBConnector
import PipeCore
import PipeTesting
import Testing

@Suite struct MongoDBConfigurationTests {
    typealias Draft = SourceDraft<MongoDBConfiguration>
    static let example = SourceExamples.mongodb
    static let carts: JSONValue = ["sourceDatabaseName": "mydb", "sourceCollection": "carts", "targetTable": "mydb_carts"]

    @Test func computedValuesAreFilledIn() throws {
        let configuration = try #require(Draft(creating: Self.example).configuration)
        #expect(configuration.readPreference == .secondaryPreferred)
        #expect(configuration.settings.pullBatchSize == 100_000)
        #expect(configuration.settings.snapshotNumRowsPerPartition == 100_000)
        #expect(configuration.settings.useJsonNativeFormat == nil)
    }

    @Test(
        arguments: [
            (["uri": "https://h"], ["uri"]),
            (["uri": "mongodb://"], ["uri"]),
            (["uri": "mongodb+srv://h:27017"], ["uri"]),
            (["uri": "mongodb://user:pass@h"], ["uri"]),
            (["uri": nil], ["uri"]),
            (["readPreference": nil], ["readPreference"]),
            (["readPreference": "any"], ["readPreference"]),
            (["settings": nil], ["settings"]),
            (["settings": ["replicationMode": "log"]], ["settings.replicationMode"]),
            (["credentials": nil], ["credentials"]),
            (["credentials": ["username": "u"]], ["credentials.password"]),
            (["credentials": ["password": "p"]], ["credentials.username"]),
            (["tlsHost": ""], ["tlsHost"]),
            (["tableMappings": []], ["tableMappings"]),
            (["tableMappings": [carts, carts]], ["tableMappings[1].targetTable"]),
            (
                ["tableMappings": [carts.changing(["structuredIngestion": ["enabled": "yes"]])]],
                ["tableMappings[0].structuredIngestion.enabled"]
            ),
        ] as [([String: JSONValue], [String])])
    func rules(_ changes: [String: JSONValue], _ fields: [String]) {
        #expect(Draft(creating: Self.example.changing(changes)).fields == fields)
    }

    @Test func credentialsInTheAddressAreMovedOutOfIt() throws {
        let draft = Draft(
            creating: Self.example.changing([
                "uri": "mongodb://bob:p%40ss%2Fw0rd@a:27017,b:27017/admin?replicaSet=rs0", "credentials": nil,
            ]))
        #expect(draft.problems == [])
        #expect(draft.visible["uri"] == "mongodb://a:27017,b:27017/admin?replicaSet=rs0")
        let credentials = try #require(draft.configuration?.credentials)
        #expect(credentials == PasswordCredentials(username: "bob", password: "p@ss/w0rd"))
        #expect(!(try JSONText.string(draft.visible)).contains("w0rd"))
    }

    @Test func aWrongAddressIsNotQuoted() {
        let draft = Draft(creating: Self.example.changing(["uri": "mongodb+srv://bob:hunter2@h:27017", "credentials": nil]))
        #expect(draft.fields.contains("uri"))
        #expect(draft.problems.allSatisfy { !$0.description.contains("hunter2") })
    }

    @Test func newCredentialsInAPatchedAddressReplaceStoredOnes() {
        let draft = Draft(creating: Self.example).patched(["uri": "mongodb://eve:new@h"])
        #expect(draft.problems == [])
        #expect(draft.document["uri"] == "mongodb://h")
        #expect(draft.document["credentials"] == ["username": "eve", "password": "new"])
        let both = Draft(creating: Self.example).patched([
            "uri": "mongodb://eve:new@h", "credentials": ["username": "u", "password": "p"],
        ])
        #expect(both.fields == ["uri"])
    }

    @Test func mappingEdits() {
        let draft = Draft(creating: Self.example)
        let added = draft.patched(["tableMappingsToAdd": [Self.carts]])
        #expect(added.problems == [])
        let removed = added.patched([
            "tableMappingsToRemove": [["sourceDatabaseName": "mydb", "sourceCollection": "users", "targetTable": "mydb_users"]]
        ])
        #expect(removed.document["tableMappings"] == [Self.carts])
        let refused = draft.patched(["tableMappingsToAdd": [Self.carts]], isAtRest: false)
        #expect(refused.problems.map(\.description).first?.contains("MongoDB ClickPipe must be paused to edit") == true)
    }

    @Test func whatAPatchMayChange() {
        let draft = Draft(creating: Self.example)
        let changed = draft.patched([
            "readPreference": "primary", "disableTls": true, "settings": ["syncIntervalSeconds": 5, "replicationMode": "cdc"],
        ])
        #expect(changed.problems == [])
        #expect(changed.configuration?.settings.syncIntervalSeconds == 5)
        #expect(
            draft.patched(["settings": ["deleteOnMerge": true, "useJsonNativeFormat": true]]).fields
                == ["settings.deleteOnMerge", "settings.useJsonNativeFormat"])
    }
}
