import MySQLConnector
import PipeCore
import PipeTesting
import Testing

@Suite struct MySQLConfigurationTests {
    typealias Draft = SourceDraft<MySQLConfiguration>
    static let example = SourceExamples.mysql
    static let items: JSONValue = ["sourceSchemaName": "mydb", "sourceTable": "items", "targetTable": "mydb_items"]

    @Test func computedValuesAreFilledIn() throws {
        let configuration = try #require(Draft(creating: Self.example.changing(["port": nil])).configuration)
        #expect(configuration.type == .mysql)
        #expect(configuration.port == 3306)
        #expect(configuration.settings.syncIntervalSeconds == 60)
        #expect(configuration.settings.replicationMechanism == nil)
        #expect(configuration.label == "mysql")
    }

    @Test func serverIdsAreStableAndDiffer() throws {
        let first = Draft(creating: Self.example, pipe: PipeID("a"))
        #expect(Draft(creating: Self.example, pipe: PipeID("a")).document == first.document)
        #expect(Draft(creating: Self.example, pipe: PipeID("b")).document["serverId"] != first.document["serverId"])
        let id = try #require(first.document["serverId"]?.integer)
        #expect((0x8000_0000...0xFFFF_FFFF).contains(id))
        // A chosen one is kept, and can be given up.
        let chosen = Draft(creating: Self.example.changing(["serverId": 7]), pipe: PipeID("a"))
        #expect(chosen.document["serverId"] == 7)
        #expect(chosen.patched(["serverId": nil]).document["serverId"] == .integer(id))
    }

    @Test(
        arguments: [
            (["serverId": 0], ["serverId"]),
            (["serverId": 4_294_967_296], ["serverId"]),
            (["host": "mysql://h"], ["host"]),
            (["settings": nil], ["settings"]),
            (["settings.replicationMechanism": "ROWS"], ["settings.replicationMechanism"]),
            (["type": "mariadb", "settings.replicationMechanism": "FILE_POS"], ["settings.replicationMechanism"]),
            (["type": "rdsmariadb", "settings.replicationMechanism": "FILE_POS"], ["settings.replicationMechanism"]),
            (["credentials": nil], ["credentials.password", "credentials.username"]),
            (["authentication": "IAM_ROLE", "credentials": nil], ["iamRole"]),
            (["tableMappings": []], ["tableMappings"]),
            (["tableMappings": [items, items]], ["tableMappings[1].targetTable"]),
        ] as [([String: JSONValue], [String])])
    func rules(_ changes: [String: JSONValue], _ fields: [String]) {
        #expect(Draft(creating: Self.example.changing(changes)).fields == fields)
    }

    @Test func whatIsAllowed() {
        let cases: [[String: JSONValue]] = [
            ["settings.replicationMechanism": "FILE_POS"], ["type": "mariadb", "settings.replicationMechanism": "GTID"],
            ["type": "cloudsqlmysql"], ["type": "planetscalevitess"],
        ]
        for changes in cases { #expect(Draft(creating: Self.example.changing(changes)).problems == [], "\(changes)") }
    }

    /// Terraform edits mappings with the two lists alone, without host and port.
    @Test func mappingEdits() {
        let draft = Draft(creating: Self.example)
        let added = draft.patched(["tableMappingsToAdd": [Self.items.changing(["partitionByExpr": "toYYYYMM(at)"])]])
        #expect(added.problems == [])
        #expect(added.document["tableMappings"]?.array?.count == 2)
        let refused = draft.patched(["tableMappingsToAdd": [Self.items]], isAtRest: false)
        #expect(refused.problems.map(\.description).first?.contains("MySQL ClickPipe must be paused to edit") == true)
    }

    @Test func whatAPatchMayChange() {
        let draft = Draft(creating: Self.example)
        let role = draft.patched([
            "host": "h", "port": 3307, "authentication": "IAM_ROLE", "iamRole": "arn:aws:iam::1:role/r", "credentials": ["username": "u"],
            "serverId": 9, "settings": ["useCompression": true, "pullBatchSize": 1],
        ])
        #expect(role.problems == [])
        #expect(role.document["credentials"] == ["username": "u"])
        let basic = role.patched(["authentication": "basic", "credentials": ["username": "u", "password": "p"]])
        #expect(basic.problems == [])
        #expect(basic.document["iamRole"] == nil)
        #expect(
            draft.patched(["type": "mariadb", "settings": ["replicationMode": "cdc_only"]]).fields == ["settings.replicationMode", "type"])
    }
}
