import PipeCore
import PipeRuntime
import PipeTesting
import Testing

/// A source that is read exactly once.
struct OnceSource: SourceConfiguration {
    static let kind = "kafka"
    static let family = PipeFamily.streaming
    static let schema = ObjectSchema("OnceSource", fields: [])
    func problems() -> [Problem] { [] }
    var needsDeduplication: Bool { true }
}

@Suite(.enabled("needs a ClickHouse server") { await TestServers.isAvailable() }, .timeLimit(.minutes(3)))
struct DeduplicationTests {
    private func spec(_ fixture: WarehouseFixture, managed: Bool = false, engine: String = "MergeTree", table: String = "t") throws
        -> PipeSpec
    {
        var spec = try fixture.spec(
            managed: managed, definition: managed ? ["engine": ["type": .string(engine)], "sortingKey": ["id"]] : .null, table: table)
        spec.source = OnceSource()
        return spec
    }

    private func findings(_ fixture: WarehouseFixture, _ spec: PipeSpec) async -> [String] {
        await fixture.directory.inspect(spec).map { "\($0.field): \($0.message)" }
    }

    @Test func refusesTablesThatDoNotRecogniseRepetitions() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree ORDER BY id")
            let found = try await findings(fixture, spec(fixture))
            #expect(found.count == 1)
            let alter = "ALTER TABLE `\(fixture.database)`.`t` MODIFY SETTING non_replicated_deduplication_window = 10000"
            #expect(found.first?.contains(alter) == true, "\(found)")
            let error = await #expect(throws: PipeError.self) { try await fixture.warehouse(spec(fixture)).prepare() }
            #expect(error?.disposition == .user && error?.message.contains(alter) == true)
            try await fixture.run(alter)
            #expect(try await findings(fixture, spec(fixture)).isEmpty)
            try await fixture.warehouse(spec(fixture)).prepare()
            for engine in ["Log", "Memory", "Null"] {
                try await fixture.run("CREATE TABLE $db.\(engine) (id UInt64, s String) ENGINE = \(engine)")
                #expect(try await findings(fixture, spec(fixture, table: engine)).first?.contains("engine \(engine)") == true)
            }
            #expect(try await findings(fixture, spec(fixture, managed: true, engine: "Null", table: "n2")).count == 1)
        }
    }

    @Test func refusesViewsWhoseTablesDoNot() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run(
                "CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 5")
            try await fixture.run("CREATE TABLE $db.pass (id UInt64) ENGINE = Null")
            try await fixture.run("CREATE TABLE $db.out (id UInt64) ENGINE = SummingMergeTree ORDER BY id")
            try await fixture.run("CREATE MATERIALIZED VIEW $db.v TO $db.pass AS SELECT id FROM $db.t")
            try await fixture.run("CREATE MATERIALIZED VIEW $db.w TO $db.out AS SELECT id FROM $db.pass")
            let found = try await findings(fixture, spec(fixture))
            #expect(found.count == 1)
            #expect(found.first?.contains("`out` MODIFY SETTING") == true, "\(found)")
            try await fixture.run("ALTER TABLE $db.out MODIFY SETTING non_replicated_deduplication_window = 5")
            #expect(try await findings(fixture, spec(fixture)).isEmpty)
        }
    }

    @Test func widensManagedTables() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree ORDER BY id")
            let warehouse = try fixture.warehouse(spec(fixture, managed: true))
            try await warehouse.prepare()
            try await warehouse.prepare()
            #expect(
                try await fixture.answer(
                    "SELECT engine_full LIKE '%non_replicated_deduplication_window = 10000%' FROM system.tables WHERE database = '$db' AND name = 't'"
                )
                    == "1")
        }
    }

    /// The same id twice, with sound rows, with rows left out, and with a view behind the table.
    @Test func writesABatchOnce() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run(
                "CREATE TABLE $db.out (s String, n SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY s SETTINGS non_replicated_deduplication_window = 100"
            )
            let spec = try spec(fixture, managed: true)
            let warehouse = try fixture.warehouse(spec)
            try await warehouse.prepare()
            try await fixture.run("CREATE MATERIALIZED VIEW $db.v TO $db.out AS SELECT s, count() AS n FROM $db.t GROUP BY s")
            try await warehouse.prepare()
            let sound = RowSamples.json((0..<1000).map { "{\"id\":\($0),\"s\":\"a\"}" })
            let mixed = RowSamples.json((0..<1000).map { "{\"id\":\($0 % 10 == 0 ? "\"x\"" : "\($0)"),\"s\":\"b\"}" })
            for _ in 0..<3 {
                #expect(try await warehouse.written(sound, "0:t:3:0-999").rows == 1000)
                #expect(try await warehouse.written(mixed, "0:t:3:1000-1999").rows == 900)
            }
            #expect(try await fixture.answer("SELECT s, count() FROM $db.t GROUP BY s ORDER BY s") == "a\t1000\nb\t900")
            #expect(try await fixture.answer("SELECT s, sum(n) FROM $db.out GROUP BY s ORDER BY s") == "a\t1000\nb\t900")
            #expect(try await fixture.answer("SELECT count() FROM $db.t_clickpipes_error") == "100")
            // Each insert was one block.
            #expect(
                try await fixture.answer("SELECT count() FROM system.parts WHERE database = '$db' AND table = 't' AND level = 0") == "2")
        }
    }

    @Test(arguments: WarehouseContract.Rule.allCases)
    func keepsTheContract(_ rule: WarehouseContract.Rule) async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try fixture.warehouse(spec(fixture, managed: true))
            let rows = RowSamples.json(["{\"id\":1,\"s\":\"a\"}", "{\"id\":2,\"s\":\"b\"}"])
            try await WarehouseContract(warehouse: warehouse, rows: rows) {
                Int(try await fixture.answer("SELECT count() FROM $db.t")) ?? -1
            }.verify(rule)
        }
    }

    @Test func discoversBinaryAndLongSamples() async throws {
        try await WarehouseFixture.use { fixture in
            let file = AvroFile(
                schema:
                    #"{"type":"record","name":"R","fields":[{"name":"__penstock_offset","type":"long"},{"name":"id","type":"long"},{"name":"s","type":["null","string"]}]}"#
            )
            let avro = file.rows([AvroFile.long(1) + AvroFile.long(300) + AvroFile.long(0)])
            func discover(_ rows: EncodedRows) async throws -> [DiscoveredField] {
                let schema = try await fixture.directory.discover(.rows(rows), examples: 3, service: "s")
                #expect(schema.examplesProblem == nil)
                return schema.fields
            }
            let found = try await discover(avro)
            #expect(
                found == [
                    DiscoveredField(name: "id", type: "Int64", isOptional: false, examples: ["300"]),
                    DiscoveredField(name: "s", type: "Nullable(String)", isOptional: true, examples: [nil]),
                ])
            let long = RowSamples.json(["{\"a\":\"\(String(repeating: "it's ", count: 200_000))\",\"b\":1}"])
            let cut = try await discover(long)
            #expect(cut.map(\.name) == ["a", "b"])
            #expect(cut.first?.examples == [String(repeating: "it's ", count: 20) + "…"])
            let name = "Sample\(fixture.database)"
            let proto = RowSamples.rows(
                [[8, 1]], format: "Protobuf", framing: .lengthPrefixed,
                settings: [
                    "format_schema_source": "string",
                    "format_schema": "syntax=\"proto3\"; message \(name) { uint64 id = 1; string t = 2; }",
                    "format_schema_message_name": name,
                ])
            #expect(try await discover(proto).map(\.type) == ["UInt64", "String"])
        }
    }
}
