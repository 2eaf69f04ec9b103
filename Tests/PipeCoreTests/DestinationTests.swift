import PipeCore
import Testing

@Suite struct DestinationTests {
    static let valid: JSONValue = [
        "database": "default", "table": "t", "managedTable": true,
        "tableDefinition": ["engine": ["type": "MergeTree"], "sortingKey": ["id"]],
        "columns": [["name": "id", "type": "UInt64"], ["name": "v", "type": "UInt64"]],
    ]

    private func problems(_ changes: [String: JSONValue], isDatabasePipe: Bool = false, base: JSONValue = valid) throws -> [String] {
        var document = base
        for (key, value) in changes { document[key] = value.isNull ? Optional.none : value }
        return try document.decode(Destination.self).problems(isDatabasePipe: isDatabasePipe).map(\.field.description)
    }

    private func definition(_ engine: JSONValue, _ keys: JSONValue = ["id"]) -> JSONValue { ["engine": engine, "sortingKey": keys] }

    @Test func aValidOneHasNoProblems() throws {
        #expect(try problems([:]) == [])
        #expect(try problems(["tableDefinition": ["engine": ["type": "MergeTree"], "sortingKey": []]]) == [])
        #expect(try problems(["tableDefinition": ["engine": ["type": "MergeTree"]]]) == [])
        #expect(try problems(["managedTable": false, "tableDefinition": nil]) == [])
        #expect(try problems(["tableDefinition": definition(["type": "MergeTree"], ["cityHash64(v)"])]) == [])
    }

    @Test func whatIsMissing() throws {
        #expect(try problems(["table": nil]) == ["destination.table"])
        #expect(try problems(["managedTable": nil]) == ["destination.managedTable"])
        #expect(try problems(["columns": nil]) == ["destination.columns"])
        #expect(try problems(["columns": []]) == ["destination.columns"])
        #expect(try problems(["tableDefinition": nil]) == ["destination.tableDefinition"])
    }

    @Test func columnsAndKeysMustFit() throws {
        let twice: JSONValue = [["name": "id", "type": "UInt64"], ["name": "id", "type": "String"]]
        #expect(try problems(["columns": twice]) == ["destination.columns[1].name"])
        #expect(
            try problems(["tableDefinition": definition(["type": "MergeTree"], ["nope"])]) == ["destination.tableDefinition.sortingKey[0]"])
        #expect(try problems(["roles": ["clickpipes"]]) == ["destination.roles"])
    }

    @Test func engines() throws {
        let path = "destination.tableDefinition.engine"
        #expect(try problems(["tableDefinition": definition(["type": "ReplacingMergeTree", "versionColumnId": "v"])]) == [])
        #expect(try problems(["tableDefinition": definition(["type": "ReplacingMergeTree"])]) == ["\(path).versionColumnId"])
        #expect(
            try problems(["tableDefinition": definition(["type": "ReplacingMergeTree", "versionColumnId": "v"], [])])
                == ["destination.tableDefinition.sortingKey"])
        #expect(
            try problems(["tableDefinition": definition(["type": "MergeTree", "versionColumnId": "v"])]) == ["\(path).versionColumnId"])
        #expect(
            try problems(["tableDefinition": definition(["type": "ReplacingMergeTree", "versionColumnId": "w"])])
                == ["\(path).versionColumnId"])
        #expect(try problems(["tableDefinition": definition(["type": "SummingMergeTree", "columnIds": ["v"]])]) == [])
        #expect(
            try problems(["tableDefinition": definition(["type": "SummingMergeTree", "columnIds": ["w"]])]) == ["\(path).columnIds[0]"])
        #expect(try problems(["tableDefinition": definition(["type": "MergeTree", "columnIds": ["v"]])]) == ["\(path).columnIds"])
    }

    @Test func databasePipesNameADatabaseOnly() throws {
        #expect(try problems([:], isDatabasePipe: true, base: ["database": "d", "roles": ["r"]]) == [])
        #expect(
            try problems([:], isDatabasePipe: true)
                == ["destination.table", "destination.managedTable", "destination.tableDefinition", "destination.columns"])
    }

    @Test func rolesAreTakenAndNeverShown() {
        var problems: [Problem] = []
        let checked = Destination.schema.checked(["roles": ["r"]], mode: .create, problems: &problems)
        #expect(problems == [])
        #expect(Destination.schema.separated(checked).visible == ["database": "default"])
    }

    @Test func mappings() {
        let columns = [Destination.Column(name: "a", type: "String"), Destination.Column(name: "b", type: "String")]
        let mapping = { FieldMapping(sourceField: $0, destinationField: $1) }
        #expect(FieldMapping.problems([mapping("x", "a")], columns: columns) == [])
        #expect(
            FieldMapping.problems([mapping("x", "a"), mapping("y", "a"), mapping("z", "c")], columns: columns).map(\.field.description)
                == ["fieldMappings[1].destinationField", "fieldMappings[2].destinationField"])
        #expect(FieldMapping.effective([], columns: columns) == [mapping("a", "a"), mapping("b", "b")])
        #expect(FieldMapping.effective([mapping("x", "b")], columns: columns) == [mapping("x", "b")])
    }
}
