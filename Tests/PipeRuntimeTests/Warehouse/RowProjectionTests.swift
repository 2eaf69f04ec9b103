import PipeCore
import PipeRuntime
import Testing

@Suite struct RowProjectionTests {
    private let columns = [
        Destination.Column(name: "id", type: "UInt64"), Destination.Column(name: "na`me", type: "String"),
        Destination.Column(name: "day", type: "Date"),
    ]
    private let virtual = Set(RowProjection.virtualColumns.map(\.name))

    private func mapping(_ source: String, _ column: String) -> FieldMapping { FieldMapping(sourceField: source, destinationField: column) }

    @Test func mapsEveryColumnByItsOwnNameWithoutMappings() throws {
        let projection = try RowProjection(columns: columns, mappings: [], format: "JSONEachRow")
        #expect(projection.structure == "`id` UInt64, `na\\`me` String, `day` Date")
        #expect(projection.insertList == "`id`, `na\\`me`, `day`")
        #expect(projection.selectList == "`id`, `na\\`me`, `day`")
    }

    @Test func rowsOfTheTablesOwnColumnsAreToldFromOthers() throws {
        let types = ["id": "UInt64", "na`me": "String", "day": "Date", "more": "String"]
        let plain = try RowProjection(columns: columns, mappings: [], format: "JSONEachRow")
        #expect(plain.isPlain(among: types))
        #expect(!plain.isPlain(among: [:]))
        #expect(!plain.isPlain(among: types.merging(["day": "Date32"]) { $1 }), "another type in the table")
        #expect(!plain.isPlain(among: types.filter { $0.key != "day" }), "a column with a DEFAULT")
        for mappings in [[mapping("uid", "id")], [mapping("id", "day"), mapping("day", "id")], [mapping("o.id", "id")]] {
            #expect(!(try RowProjection(columns: columns, mappings: mappings, format: "JSONEachRow")).isPlain(among: types), "\(mappings)")
        }
        let some = try RowProjection(columns: columns, mappings: [mapping("day", "day"), mapping("id", "id")], format: "JSONEachRow")
        #expect(some.isPlain(among: types))
    }

    @Test func leavesUnmappedColumnsOut() throws {
        let projection = try RowProjection(columns: columns, mappings: [mapping("uid", "id")], format: "Parquet")
        #expect(projection.structure == "`uid` UInt64")
        #expect(projection.columns == ["id"])
    }

    @Test func placesNumberedFieldsOfHeaderlessFiles() throws {
        let projection = try RowProjection(columns: columns, mappings: [mapping("c3", "id"), mapping("c1", "day")], format: "CSV")
        #expect(projection.structure == "`c1` Date, `c2` String, `c3` UInt64")
        #expect(projection.selectList == "`c3`, `c1`")
        #expect(projection.settings(format: "CSV") == ["input_format_csv_allow_variable_number_of_columns": "1"])
    }

    @Test func takesOtherFieldsOfHeaderlessFilesInOrder() throws {
        let projection = try RowProjection(columns: columns, mappings: [mapping("x", "day"), mapping("y", "id")], format: "TabSeparated")
        #expect(projection.structure == "`x` Date, `y` UInt64")
        #expect(projection.settings(format: "TabSeparated").isEmpty)
    }

    @Test func addsVirtualColumnsAndCountsRows() throws {
        let mappings = [mapping("_row_number", "id"), mapping("_file", "na`me")]
        let projection = try RowProjection(columns: columns, mappings: mappings, format: "JSONEachRow", virtual: virtual)
        #expect(projection.selectList == "rowNumberInAllBlocks() + 1, `_file`")
        #expect(projection.countsRows)
        let sent = try RowProjection(columns: columns, mappings: mappings, format: "JSONEachRow")
        #expect(sent.structure == "`_row_number` UInt64, `_file` String")
        #expect(!sent.countsRows)
    }

    @Test func castsAFieldThatIsMappedTwice() throws {
        let projection = try RowProjection(columns: columns, mappings: [mapping("x", "id"), mapping("x", "na`me")], format: "JSONEachRow")
        #expect(projection.structure == "`x` UInt64")
        #expect(projection.selectList == "`x`, CAST(`x`, 'String')")
    }

    @Test func takesTheWholeObject() throws {
        let projection = try RowProjection(
            columns: columns, mappings: [mapping("doc", "na`me"), mapping("_path", "day")], format: "JSONAsObject", virtual: virtual)
        #expect(projection.structure == "`doc` JSON")
        #expect(throws: InvalidConfiguration.self) {
            _ = try RowProjection(columns: columns, mappings: [mapping("a", "id"), mapping("b", "day")], format: "JSONAsObject")
        }
    }

    @Test func refusesUnknownColumns() {
        #expect(throws: InvalidConfiguration.self) {
            _ = try RowProjection(columns: columns, mappings: [mapping("a", "nothing")], format: "CSVWithNames")
        }
    }
}
