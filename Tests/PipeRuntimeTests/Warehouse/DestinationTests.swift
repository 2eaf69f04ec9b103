import ClickHouse
import Logging
import PipeCore
import PipeRuntime
import ServiceLifecycle
import Testing

@Suite(.enabled("needs ClickHouse and an S3 store") { await TestServers.isAvailable() })
struct DestinationTests {
    private func findings(_ fixture: WarehouseFixture, _ spec: PipeSpec) async -> [String] {
        await fixture.directory.inspect(spec).filter { $0.severity == .failure }.map(\.field.description)
    }

    @Test func theLogOfAPipeIsReadNewestFirstPageByPage() async throws {
        try await WarehouseFixture.use { fixture in
            let logs = ClickHousePipeLogs(services: fixture.directory)
            let spec = try fixture.spec()
            #expect(try await logs.lines(of: spec, PipeLogFilter(), limit: 10).isEmpty)
            let log = logs.log(for: spec)
            for number in 0..<5 { log.log(number == 3 ? .error : .info, number == 3 ? .typeMismatch : nil, "line \(number) <script>") }
            let lines = try await logs.lines(of: spec, PipeLogFilter(), limit: 10)
            #expect(Set(lines.map(\.message)) == Set((0..<5).map { "line \($0) <script>" }))
            #expect(zip(lines, lines.dropFirst()).allSatisfy { ($0.time, $0.place.hash) > ($1.time, $1.place.hash) })
            var pages: [PipeLogEntry] = []
            while let page = try? await logs.lines(of: spec, PipeLogFilter(before: pages.last?.place), limit: 2), !page.isEmpty {
                pages += page
            }
            #expect(pages == lines)
            let errors = try await logs.lines(of: spec, PipeLogFilter(level: .error), limit: 10)
            #expect(errors.map(\.code) == ["TYPE_MISMATCH"])
        }
    }

    @Test func namesTheFieldAtFault() async throws {
        try await WarehouseFixture.use { fixture in
            let good: JSONValue = ["engine": ["type": "MergeTree"], "sortingKey": ["id"], "partitionBy": "id % 3", "primaryKey": "id"]
            let usual = [("id", "UInt64"), ("s", "String")]
            let cases: [(columns: [(String, String)], member: String, value: JSONValue, field: String?)] = [
                (usual, "primaryKey", "id", nil), (usual + [("x", "Strange")], "primaryKey", "id", "destination.columns[2].type"),
                ([("id", "UInt64, x String")], "primaryKey", "id", "destination.columns[0].type"),
                (usual, "partitionBy", "toYYYYMM(nothing)", "destination.tableDefinition.partitionBy"),
                (usual, "sortingKey", ["nothing(id)"], "destination.tableDefinition.sortingKey"),
                (usual, "primaryKey", "s", "destination.tableDefinition.primaryKey"),
                (usual, "engine", ["type": "ReplacingMergeTree", "versionColumnId": "s"], "destination.tableDefinition.engine"),
            ]
            for (columns, member, value, field) in cases {
                var definition = good
                definition[member] = value
                let spec = try fixture.spec(columns: columns, managed: true, definition: definition)
                let found = await findings(fixture, spec)
                #expect(found == (field.map { [$0] } ?? []))
            }
            #expect(try await fixture.answer("SELECT count() FROM system.tables WHERE database = '$db'") == "0")
            #expect(try await findings(fixture, fixture.spec(database: "nodb\(fixture.database)")) == ["destination.database"])
            #expect(try await findings(fixture, fixture.spec()) == ["destination.table"])
        }
    }

    /// `default_role` is what requests written for the cloud may name; no server has it.
    @Test func rolesMustExist() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree ORDER BY id")
            var spec = try fixture.spec()
            spec.destination.roles = ["default_role", "nobody_\(fixture.database)"]
            #expect(await findings(fixture, spec) == ["destination.roles[1]"])
        }
    }

    @Test func checksAnExistingTable() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, s String, m String MATERIALIZED 'x') ENGINE = MergeTree ORDER BY id")
            #expect(try await findings(fixture, fixture.spec()).isEmpty)
            #expect(try await findings(fixture, fixture.spec(columns: [("id", "UInt32"), ("s", "FixedString(3)")])).isEmpty)
            #expect(
                try await findings(fixture, fixture.spec(columns: [("id", "UInt64"), ("zz", "String")])) == ["destination.columns[1].name"])
            #expect(try await findings(fixture, fixture.spec(columns: [("id", "Array(UInt8)")])) == ["destination.columns[0].type"])
            #expect(try await findings(fixture, fixture.spec(columns: [("m", "String")])) == ["destination.columns[0].name"])
            try await fixture.run("CREATE TABLE $db.logs (id UInt64, s String) ENGINE = Log")
            let log = try await fixture.directory.inspect(fixture.spec(table: "logs"))
            #expect(log.first?.message.contains("engine Log") == true)
            try await fixture.run("CREATE MATERIALIZED VIEW $db.v TO $db.logs AS SELECT id, s FROM $db.t")
            #expect(try await findings(fixture, fixture.spec()) == ["destination.table"])
        }
    }

    @Test func saysThatTheServiceIsAway() async throws {
        try await WarehouseFixture.use { fixture in
            let away = try ClickHouseClient(ClickHouseConnection(url: "http://127.0.0.1:1"), logger: Logger(label: "test"))
            fixture.directory.add(service: "s", client: away)
            let found = try await fixture.directory.inspect(fixture.spec())
            try await away.shutdown()
            #expect(found.count == 1)
            #expect(found.first?.message.contains("failed to answer") == true)
        }
    }

    @Test func discoversFields() async throws {
        try await WarehouseFixture.use { fixture in
            let object = try await fixture.put(key: "odd {1}.json", "{\"id\":1,\"tags\":[\"a\"],\"s\":\"x\"}\n")
            func discover(_ sample: SchemaSample, examples: Int = 0) async throws -> [DiscoveredField] {
                let schema = try await fixture.directory.discover(sample, examples: examples, service: "s")
                #expect(schema.examplesProblem == nil)
                return schema.fields
            }
            let fields = try await discover(.load(fixture.load([object])))
            #expect(
                fields == [
                    DiscoveredField(name: "id", type: "Nullable(Int64)", isOptional: true),
                    DiscoveredField(name: "tags", type: "Array(Nullable(String))", isOptional: false),
                    DiscoveredField(name: "s", type: "Nullable(String)", isOptional: true),
                ])
            let csv = try await fixture.put(key: "f.csv", "1;x\n")
            let positions = try await discover(.load(fixture.load([csv], format: "CSV", delimiter: ";")), examples: 3)
            #expect(positions.map(\.name) == ["c1", "c2"])
            #expect(positions.map(\.examples) == [["1"], ["x"]])
            let rows = EncodedRows(
                bytes: Array("{\"a\":\"it's \\\"quoted\\\"\"}\n{\"a\":null,\"b\":true}\n".utf8), rowCount: 2, format: "JSONEachRow")
            let found = try await discover(.rows(rows), examples: 1)
            #expect(found.map(\.name) == ["a", "b"])
            #expect(found.map(\.examples) == [["it's \"quoted\""], [nil]])
            // Latin-1 is no UTF-8: fields and values are shown all the same.
            let latin = EncodedRows(bytes: Array("{\"s\":\"caf".utf8) + [0xe9] + Array("\"}\n".utf8), rowCount: 1, format: "JSONEachRow")
            #expect(try await discover(.rows(latin), examples: 1).map(\.examples) == [["caf\u{fffd}"]])
            let exact = #"{"big":18446744073709551615,"list":[1,null],"ok":true,"at":"2026-01-02 03:04:05"}"#
            let shown = EncodedRows(bytes: Array("\(exact)\n".utf8), rowCount: 1, format: "JSONEachRow")
            #expect(
                try await discover(.rows(shown), examples: 3).map(\.examples)
                    == [["18446744073709551615"], ["[1,null]"], ["true"], ["2026-01-02 03:04:05"]])
        }
    }

    @Test func insertsRowsOncePerBatch() async throws {
        try await WarehouseFixture.use { fixture in
            let spec = try fixture.spec(
                columns: [("id", "UInt64"), ("s", "String")], mappings: [("uid", "id"), ("_o", "s")], managed: true,
                definition: ["engine": ["type": "MergeTree"], "sortingKey": ["id"]])
            let warehouse = try fixture.warehouse(spec)
            try await warehouse.prepare()
            let rows = EncodedRows(
                bytes: Array("{\"uid\":1,\"_o\":\"7\"}\n{\"uid\":2,\"_o\":\"8\"}\n".utf8), rowCount: 2, format: "JSONEachRow")
            func insert(_ id: String, _ rows: EncodedRows) async throws -> Int { try await warehouse.insert(rows, id: BatchID(id)).rows }
            #expect(try await insert("b1", rows) == 2)
            #expect(try await insert("b1", rows) == 2)
            #expect(try await fixture.answer("SELECT id, s FROM $db.t ORDER BY id") == "1\t7\n2\t8")
            #expect(try await insert("b2", rows) == 2)
            #expect(try await fixture.answer("SELECT count() FROM $db.t") == "4")
            let bad = EncodedRows(bytes: Array("{\"uid\":1}\n{\"uid\":\"x\"}\n".utf8), rowCount: 2, format: "JSONEachRow")
            let error = await #expect(throws: PipeError.self) { _ = try await insert("b3", bad) }
            #expect(error?.code == .dataParsing)
            #expect(error?.disposition == .user)
            #expect(error?.message.contains("(at row 2)") == true)
        }
    }

    @Test func writesEachRejectedRecordOnce() async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try fixture.warehouse(fixture.spec())
            let records = [
                RejectedRecord(code: .dataParsing, reason: "it's \"bad\"\n", locator: ["offset": "1"], raw: [0, 255, 34, 92, 10]),
                RejectedRecord(code: .dataParsing, reason: "also", field: "f", locator: ["offset": "2"]),
            ]
            await warehouse.reject(records)
            await warehouse.reject(Array(records.reversed()))
            #expect(
                try await fixture.answer(
                    "SELECT error, field, locator['offset'], hex(raw_message), clickpipe_id FROM $db.t_clickpipes_error ORDER BY locator['offset']"
                )
                    == "it\\'s \"bad\"\\n\t\t1\t00FF225C0A\t\(fixture.pipe)\nalso\tf\t2\t\t\(fixture.pipe)")
        }
    }

    @Test func writesLogLinesBeforeItEnds() async throws {
        try await WarehouseFixture.use { fixture in
            let logs = ClickHousePipeLogs(services: fixture.directory)
            let log = try logs.log(for: fixture.spec())
            log.log(.info, nil, "started")
            log.log(.error, .sourceUnreachable, "cannot reach it")
            let group = ServiceGroup(configuration: .init(services: [.init(service: logs)], logger: Logger(label: "test")))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            #expect(
                try await fixture.answer(
                    "SELECT level, code, message FROM system.clickpipes_log WHERE clickpipe_id = '\(fixture.pipe)' ORDER BY level DESC")
                    == "info\t\tstarted\nerror\tSOURCE_UNREACHABLE\tcannot reach it")
        }
    }
}
