import PipeCore
import PipeRuntime
import Testing

@Suite struct NestedFieldsTests {
    private func projection(
        _ mappings: [(String, String)], types: [String: String] = [:], format: String = "JSONEachRow", added: [VirtualColumn] = [],
        avro: AvroPaths? = nil
    ) throws -> RowProjection {
        try RowProjection(
            columns: mappings.map { Destination.Column(name: $0.1, type: types[$0.1] ?? "String") },
            mappings: mappings.map { FieldMapping(sourceField: $0.0, destinationField: $0.1) }, format: format, added: added, avro: avro)
    }

    @Test(arguments: [
        ("a", ["a"]), ("a.b.c", ["a", "b", "c"]), ("`a.b`.c", ["a.b", "c"]), ("a\\.b.c", ["a.b", "c"]), ("a..b", ["a..b"]), (".a", [".a"]),
        ("`a`", ["a"]), ("`a\\`b`", ["a`b"]), ("a`b", ["a`b"]), ("`open.x", ["`open.x"]), ("x\\", ["x\\"]),
    ])
    func readsPaths(text: String, names: [String]) {
        #expect(SourcePath(text).names == names)
    }

    @Test func declaresObjectsAsTuples() throws {
        let projection = try projection(
            [("id", "id"), ("a.b.c", "x"), ("a.b.d", "y"), ("a.`o.o`", "z"), ("q.r", "w")], types: ["y": "Nullable(Int32)"])
        #expect(
            projection.structure
                == "`id` String, `a` Tuple(`b` Tuple(`c` String, `d` Nullable(Int32)), `o.o` String), `q` Tuple(`r` String)")
        #expect(
            projection.selectList
                == "`id`, tupleElement(tupleElement(`a`, 'b'), 'c'), tupleElement(tupleElement(`a`, 'b'), 'd'), tupleElement(`a`, 'o.o'), tupleElement(`q`, 'r')"
        )
    }

    @Test func castsANestedFieldThatIsMappedTwice() throws {
        let projection = try projection([("a.b", "x"), ("a.b", "y")], types: ["y": "UInt8"])
        #expect(projection.selectList == "tupleElement(`a`, 'b'), CAST(tupleElement(`a`, 'b'), 'UInt8')")
    }

    @Test func looksIntoTheTextOfAnObjectThatIsMappedItself() throws {
        let projection = try projection(
            [("a", "whole"), ("a.b.c", "x"), ("a.d", "y")], types: ["x": "LowCardinality(String)", "y": "Array(Int32)"])
        #expect(projection.structure == "`a` String")
        #expect(
            projection.selectList
                == "`a`, CAST(JSONExtract(ifNull(`a`, ''), 'b', 'c', 'Nullable(String)'), 'Nullable(String)'), JSONExtract(ifNull(`a`, ''), 'd', 'Array(Int32)')"
        )
    }

    @Test(arguments: ["Protobuf", "JSONEachRow"])
    func refusesByNameWhatCannotBeBoth(format: String) throws {
        let error = #expect(throws: InvalidConfiguration.self) {
            _ = try projection([("a", "whole"), ("a.b", "x")], types: ["whole": "Map(String, String)"], format: format)
        }
        #expect(error?.problems.map(\.field.description) == ["fieldMappings[1].sourceField"])
        #expect(error?.problems.first?.message.contains("'a.b'") == true)
    }

    @Test func readsAddedFields() throws {
        let projection = try projection(
            [("_offset", "o"), ("_offset", "text"), ("_topic", "t")], types: ["o": "Int64"],
            added: [VirtualColumn("_offset", "Int64"), VirtualColumn("_topic", "String")])
        #expect(projection.structure == "`__penstock_offset` Int64, `__penstock_topic` String")
        #expect(projection.selectList == "`__penstock_offset`, CAST(`__penstock_offset`, 'String'), `__penstock_topic`")
    }

    @Test func keepsDotsOfFormatsWithoutObjects() throws {
        #expect(try projection([("a.b", "x")], format: "CSVWithNames").structure == "`a.b` String")
        #expect(try projection([("a.b", "x")], format: "Avro").structure == "`a.b` String")
    }

    @Test func namesBranchesOfUnionsInAvro() throws {
        let schema = """
            {"type":"record","name":"n.R","fields":[{"name":"a","type":["null",{"type":"record","name":"x.A","fields":[
            {"name":"b","type":"string"},{"name":"again","type":["null","A"]}]}]},{"name":"p","type":{"type":"record","name":"P","fields":[
            {"name":"q","type":"int"}]}}]}
            """
        let avro = try #require(AvroPaths(header: AvroFile(schema: schema).header))
        #expect(avro.column(for: SourcePath("a.b")) == "a.A.b")
        #expect(avro.column(for: SourcePath("a.again.b")) == "a.A.again.A.b")
        #expect(avro.column(for: SourcePath("p.q")) == "p.q")
        #expect(avro.column(for: SourcePath("no.such")) == "no.such")
        #expect(try projection([("a.b", "x"), ("p.q", "y")], format: "Avro", avro: avro).structure == "`a.A.b` String, `p.q` String")
        #expect(AvroPaths(header: [1, 2, 3]) == nil)
        #expect(AvroPaths(header: Array(AvroFile(schema: schema).header.prefix(20))) == nil)
    }
}
