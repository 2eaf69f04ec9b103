import ClickHouse
import PipeCore
import PipeRuntime
import Testing

@Suite(.enabled("needs ClickHouse and an S3 store") { await TestServers.isAvailable() })
struct StagedLoadTests {
    private let plain = "CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree ORDER BY id"

    @Test(arguments: [
        ("JSONEachRow", "{\"id\":1,\"s\":\"a\"}\n{\"s\":\"b\",\"id\":2,\"more\":1}\n", nil), ("CSV", "1,a\n2,b\n", nil),
        ("CSV", "1;a\n2;b\n", ";"),
        ("CSVWithNames", "s,more,id\na,x,1\nb,x,2\n", nil), ("TabSeparated", "1\ta\n2\tb\n", nil),
        ("TabSeparatedWithNames", "s\tid\na\t1\nb\t2\n", nil),
    ])
    func readsTextFormats(format: String, text: String, delimiter: String?) async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run(plain)
            let object = try await fixture.put(key: "in/file", text)
            let result = try await fixture.warehouse(fixture.spec()).loaded(
                fixture.load([object], format: format, delimiter: delimiter), "b1")
            #expect(result == Loaded(rows: 2, rejected: []))
            #expect(try await fixture.answer("SELECT * FROM $db.t ORDER BY id") == "1\ta\n2\tb")
            #expect(try await fixture.staged() == "0")
        }
    }

    @Test(arguments: ["Parquet", "Avro"])
    func readsBinaryFormats(format: String) async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run(plain)
            let object = try await fixture.write(
                key: "in/file", format: format, select: "SELECT 'a' AS s, toInt64(number) AS id FROM numbers(1, 2)")
            let result = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object], format: format), "b1")
            #expect(result == Loaded(rows: 2, rejected: []))
            #expect(try await fixture.answer("SELECT * FROM $db.t ORDER BY id") == "1\ta\n2\ta")
        }
    }

    @Test func readsWholeObjects() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (doc JSON, file String) ENGINE = MergeTree ORDER BY tuple()")
            let object = try await fixture.put(key: "in/file", "{\"a\":{\"b\":7}}\n")
            let spec = try fixture.spec(
                columns: [("doc", "JSON"), ("file", "String")], mappings: [("doc", "doc"), ("_file", "file")])
            let result = try await fixture.warehouse(spec).loaded(fixture.load([object], format: "JSONAsObject"), "b1")
            #expect(result.rows == 1)
            #expect(try await fixture.answer("SELECT doc.a.b, file FROM $db.t") == "7\tfile")
        }
    }

    @Test(arguments: [
        ("gzip", "auto", "f.json.gz"), ("gz", "gz", "f"), ("br", "auto", "f.br"), ("xz", "auto", "f.xz"), ("zstd", "zstd", "f"),
    ])
    func decompresses(made: String, named: String, key: String) async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run(plain)
            let object = try await fixture.write(
                key: key, format: "JSONEachRow", compression: made, select: "SELECT number AS id, 'z' AS s FROM numbers(1000)")
            let result = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object], compression: named), "b1")
            #expect(result.rows == 1000)
            #expect(try await fixture.answer("SELECT sum(id), uniq(s) FROM $db.t") == "499500\t1")
        }
    }

    @Test func appliesDefaultsOfUnmappedColumnsAndNumbersRowsPerFile() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run(
                "CREATE TABLE $db.t (id UInt64, n UInt64, path String, size UInt64, at DateTime, tag String, kind String DEFAULT concat('k', toString(id))) ENGINE = MergeTree ORDER BY id"
            )
            var objects: [RemoteObject] = []
            for file in 0..<3 {
                objects.append(
                    try await fixture.put(key: "in/\(file).json", (1...50).map { "{\"uid\":\(file * 100 + $0)}\n" }.joined()))
            }
            let spec = try fixture.spec(
                columns: [
                    ("id", "UInt64"), ("n", "UInt64"), ("path", "String"), ("size", "UInt64"), ("at", "DateTime"), ("tag", "String"),
                    ("kind", "String"),
                ],
                mappings: [("uid", "id"), ("_row_number", "n"), ("_path", "path"), ("_size", "size"), ("_time", "at"), ("_etag", "tag")])
            let result = try await fixture.warehouse(spec).loaded(fixture.load(objects), "b1")
            #expect(result.rows == 150)
            #expect(
                try await fixture.answer(
                    "SELECT countIf(n != id % 100), uniq(path), min(size) > 0, min(at) > '2020-01-01 00:00:00', countIf(tag = ''), countIf(kind != concat('k', toString(id))) FROM $db.t"
                ) == "0\t3\t1\t1\t0\t0")
        }
    }

    @Test func readsRowNumbersOfParquetInOrder() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, n UInt64) ENGINE = MergeTree ORDER BY id")
            let object = try await fixture.write(
                key: "f.parquet", format: "Parquet",
                select: "SELECT number AS id FROM numbers(1, 300000) SETTINGS output_format_parquet_row_group_size = 10000, max_threads = 1"
            )
            let spec = try fixture.spec(columns: [("id", "UInt64"), ("n", "UInt64")], mappings: [("id", "id"), ("_row_number", "n")])
            _ = try await fixture.warehouse(spec).loaded(fixture.load([object], format: "Parquet"), "b1")
            #expect(try await fixture.answer("SELECT countIf(id != n), count() FROM $db.t") == "0\t300000")
        }
    }

    @Test func stagesViewsInChains() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run(plain)
            try await fixture.run("CREATE TABLE $db.sums (k UInt64, c UInt64) ENGINE = SummingMergeTree ORDER BY k")
            try await fixture.run("CREATE MATERIALIZED VIEW $db.v1 TO $db.sums AS SELECT t.id % 2 AS k, 1 AS c FROM $db.t")
            try await fixture.run(
                "CREATE MATERIALIZED VIEW $db.v2 ENGINE = MergeTree ORDER BY k AS SELECT k, c * 10 AS tens FROM $db.sums WHERE c > 0")
            try await fixture.run("CREATE VIEW $db.onlooker AS SELECT * FROM $db.t")
            let object = try await fixture.put(key: "f", (1...10).map { "{\"id\":\($0),\"s\":\"x\"}\n" }.joined())
            let progress = TestProgress()
            let warehouse = try fixture.warehouse(fixture.spec())
            #expect(try await warehouse.loaded(fixture.load([object]), "b1", progress).rows == 10)
            #expect(try await warehouse.loaded(fixture.load([object]), "b1", progress).rows == 10)
            #expect(try await fixture.answer("SELECT count() FROM $db.t") == "10")
            #expect(try await fixture.answer("SELECT k, sum(c) FROM $db.sums GROUP BY k ORDER BY k") == "0\t5\n1\t5")
            #expect(try await fixture.answer("SELECT sum(tens) FROM $db.v2") == "100")
            #expect(try await fixture.staged() == "0")
        }
    }

    @Test func keepsNothingInANullTargetButItsViews() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, s String) ENGINE = Null")
            try await fixture.run("CREATE TABLE $db.evens (id UInt64) ENGINE = MergeTree ORDER BY id")
            try await fixture.run("CREATE MATERIALIZED VIEW $db.v TO $db.evens AS SELECT id FROM $db.t WHERE id % 2 = 0")
            let object = try await fixture.put(key: "f", (1...10).map { "{\"id\":\($0),\"s\":\"x\"}\n" }.joined())
            #expect(try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1").rows == 10)
            #expect(try await fixture.answer("SELECT count() FROM $db.evens") == "5")
        }
    }

    @Test func movesManyPartitionsWithEverythingATableCanHave() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run(
                """
                CREATE TABLE $db.t (id UInt64, s String, INDEX i s TYPE bloom_filter, PROJECTION p (SELECT s, count() GROUP BY s), CONSTRAINT c CHECK id > 0)
                ENGINE = ReplacingMergeTree(id) PARTITION BY id % 200 ORDER BY s TTL toDate('2100-01-01') + toIntervalDay(id)
                SETTINGS deduplicate_merge_projection_mode = 'rebuild'
                """)
            let object = try await fixture.put(key: "f", (1...1000).map { "{\"id\":\($0),\"s\":\"same\"}\n" }.joined())
            #expect(try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1").rows == 1000)
            #expect(
                try await fixture.answer(
                    "SELECT count(), uniq(_partition_id) FROM $db.t FINAL SETTINGS do_not_merge_across_partitions_select_final = 1")
                    == "200\t200")
        }
    }

    @Test func readsOddKeysExactlyOnce() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run(plain)
            let keys = [
                "plain", "with space", "ünï/日本", "plus+plus", "a&b=c;d", "pct%20x", "pct%zz", "br{1}", "br{a,b}", "range{1..3}", "comma,x",
                "star*",
                "q?", "hash#1", "quote'q", "back\\slash", "dq\"", "br[1]", "dots..x", "colon:at@", "pipe|x", "tilde~", "starX", "qX",
                "br{1", "::",
            ]
            var objects: [RemoteObject] = []
            for (index, key) in keys.enumerated() {
                objects.append(
                    try await fixture.put(key: key, "{\"id\":\(index)}\n"))
            }
            let spec = try fixture.spec(mappings: [("id", "id"), ("_path", "s")])
            let result = try await fixture.warehouse(spec).loaded(fixture.load(objects), "b1")
            #expect(result == Loaded(rows: keys.count, rejected: []))
            #expect(try await fixture.answer("SELECT count(), uniqExact(id) FROM $db.t") == "\(keys.count)\t\(keys.count)")
        }
    }

    @Test func loadsManyFilesInOneBatch() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run(plain)
            let one = try await fixture.put(key: "dir/some-long-name-000.json", "{\"id\":1}\n")
            var objects = [one]
            for number in 1..<120 {
                objects.append(try await fixture.put(key: "dir/some-long-name-\(number).json", "{\"id\":\(number)}\n"))
            }
            #expect(try await fixture.warehouse(fixture.spec()).loaded(fixture.load(objects), "b1").rows == 120)
        }
    }

    @Test func preparesAndChecksManagedTables() async throws {
        try await WarehouseFixture.use { fixture in
            let spec = try fixture.spec(
                managed: true, definition: ["engine": ["type": "MergeTree"], "sortingKey": ["id"], "partitionBy": "id % 3"])
            let warehouse = try fixture.warehouse(spec)
            try await warehouse.prepare()
            try await warehouse.prepare()
            let object = try await fixture.put(key: "f", "{\"id\":1,\"s\":\"x\"}\n")
            #expect(try await warehouse.loaded(fixture.load([object]), "b1").rows == 1)
            let other = try fixture.spec(
                columns: [("id", "UInt64"), ("s", "UInt8")], managed: true, definition: ["engine": ["type": "MergeTree"]])
            let error = await #expect(throws: PipeError.self) { try await fixture.warehouse(other).prepare() }
            #expect(error?.disposition == .user)
            #expect(error?.message.contains("'s' has type String") == true)
        }
    }
}
