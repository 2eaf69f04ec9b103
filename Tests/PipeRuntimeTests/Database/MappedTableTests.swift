import PipeCore
import PipeRuntime
import PipeTesting
import Testing

/// Mapped tables on a real server.
@Suite(.enabled("needs ClickHouse and an S3 store") { await TestServers.isAvailable() }, .timeLimit(.minutes(2)))
struct MappedTableTests {
    private func warehouse(_ fixture: WarehouseFixture, log: any PipeLog = TestLog()) throws -> any Warehouse {
        try fixture.directory.warehouse(for: spec(fixture), settings: LiveSettings(), log: log)
    }

    private func spec(_ fixture: WarehouseFixture) -> PipeSpec {
        PipeSpec(
            id: fixture.pipe, name: "mapped", serviceID: "s", source: WrittenConfiguration(),
            destination: Destination(database: fixture.database))
    }

    private func refusal(_ warehouse: any Warehouse, _ change: TableChange) async -> String {
        do {
            _ = try await warehouse.change(change)
            return ""
        } catch let error as PipeError {
            return error.disposition == .user ? error.message : "not the user's: \(error.message)"
        } catch {
            return "\(error)"
        }
    }

    private func insert(_ warehouse: any Warehouse, _ rows: TableRows, _ id: String) async throws {
        _ = try await warehouse.insert(rows, id: BatchID(id))
    }

    @Test func tablesAreMadeAsClickPipesMakesThem() async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try warehouse(fixture)
            var table = TargetTable(
                "odd `name`",
                columns: [
                    .init("k", "Nullable(Int32)"), .init("a b", "LowCardinality(String)"), .init("d", "Decimal(10,2)"),
                    .init("t", "DateTime64(6)", defaultText: "2020-01-02 03:04:05.5"),
                ], sortingKey: ["a b", "k"], partitionBy: "toYYYYMM(t)", deletesOnMerge: true)
            #expect(try await warehouse.change(.create(table)))
            #expect(try await !warehouse.change(.create(table)), "done again it changes nothing")
            let columns = try await fixture.answer(
                "SELECT groupArray(name || ' ' || type || ' ' || default_expression) FROM system.columns WHERE database = '$db'")
            #expect(
                columns
                    == "['k Nullable(Int32) ','a b LowCardinality(String) ','d Decimal(10, 2) ','t DateTime64(6) CAST(\\'2020-01-02 03:04:05.5\\', \\'DateTime64(6)\\')','_peerdb_synced_at DateTime64(9) now64(9)','_peerdb_is_deleted UInt8 ','_peerdb_version UInt64 ']"
            )
            let engine = try await fixture.answer("SELECT engine_full FROM system.tables WHERE database = '$db'")
            #expect(
                engine.hasPrefix("ReplacingMergeTree(_peerdb_version, _peerdb_is_deleted) PARTITION BY toYYYYMM(t) ORDER BY (`a b`, k)"))
            #expect(engine.contains("allow_nullable_key = 1") && engine.contains("non_replicated_deduplication_window = 10000"))

            table = .example("m", engine: .mergeTree)
            table.sortingKey = []
            #expect(try await warehouse.change(.create(table)))
            #expect(try await warehouse.change(.create(.example("n", engine: .null))))
            #expect(
                try await fixture.answer(
                    "SELECT groupArray(engine) FROM (SELECT * FROM system.tables WHERE database = '$db' ORDER BY name)")
                    == "['MergeTree','Null','ReplacingMergeTree']")
            #expect(try await !warehouse.change(.create(table)))
            #expect(try await !warehouse.change(.create(.example("n", engine: .null))))
        }
    }

    @Test func rowsConvergeAndARepetitionIsRecognised() async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try warehouse(fixture)
            _ = try await warehouse.change(.create(.example("r")))
            _ = try await warehouse.change(.create(.example("m", engine: .mergeTree)))
            for table in ["r", "m"] {
                try await insert(warehouse, .example(table, ids: 0..<5, version: 0, text: "snapshot"), "s")
                try await insert(warehouse, .example(table, ids: 3..<4, version: 8, text: "new"), "u")
                try await insert(warehouse, .example(table, ids: 4..<5, version: 9, isDeleted: true), "d")
                try await insert(warehouse, .example(table, ids: 0..<5, version: 0, text: "snapshot"), "s")
                try await insert(warehouse, .example(table, ids: 3..<4, version: 7, text: "old"), "late")
            }
            let rows = try await fixture.answer(
                "SELECT groupArray((id, s)) FROM (SELECT * FROM $db.r FINAL WHERE _peerdb_is_deleted = 0 ORDER BY id)")
            #expect(rows == "[(0,'snapshot'),(1,'snapshot'),(2,'snapshot'),(3,'new')]")
            #expect(try await fixture.answer("SELECT count() FROM $db.m") == "8", "the snapshot is there once")
            #expect(try await fixture.answer("SELECT min(_peerdb_synced_at) > now() - 100 FROM $db.m") == "1")
        }
    }

    /// A process dies when one of two tables has its rows: the repetition brings the other, and doubles nothing.
    @Test func aHalfWrittenBatchIsCompletedByReplay() async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try warehouse(fixture)
            _ = try await warehouse.change(.create(.example("a", engine: .mergeTree)))
            try await fixture.run(
                "CREATE MATERIALIZED VIEW $db.v ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100 AS SELECT id FROM $db.a"
            )
            let store = InMemoryCheckpointStore()
            let source = WrittenSource { checkpoint, output in
                for pending in checkpoint.pending {
                    try await output.emit(WrittenSource.batch(pending.extent.first, pending.extent.next, tables: ["a", "b"]))
                }
                if checkpoint.positions.isEmpty && checkpoint.pending.isEmpty {
                    try await output.emit(WrittenSource.batch(0, 1000, tables: ["a", "b"]))
                }
            }
            func run() async -> PipeOutcome {
                var harness = RunHarness(Script(rows: [:]), warehouse: warehouse, clock: ManualClock(.immediate))
                harness.store = store
                return await harness.run(source, family: .database)
            }
            let first = await run()
            #expect(first.error?.message.contains(".b") == true && first.error?.disposition == .user, "there is no table b yet")
            // Cancelled while its table was being written, or not: either way the token decides.
            try await insert(warehouse, .example("a", ids: 0..<1000), "changes:0-1000")
            _ = try await warehouse.change(.create(.example("b", engine: .mergeTree)))
            let second = await run()
            #expect(second.isFinished)
            for table in ["a", "b", "v"] {
                #expect(try await fixture.answer("SELECT count(), uniqExact(id) FROM $db.\(table)") == "1000\t1000")
            }
            #expect(try await store.load(PipeID("00000000-0000-4000-8000-000000000001")).pending.isEmpty)
        }
    }

    @Test func columnsChangeOnce() async throws {
        try await WarehouseFixture.use { fixture in
            let log = RecordingLog()
            let warehouse = try warehouse(fixture, log: log)
            _ = try await warehouse.change(.create(.example("t")))
            try await insert(warehouse, .example("t", ids: 0..<2), "1")
            let changes: [TableChange] = [
                .addColumns(
                    table: "t",
                    [.init("n", "Int32", defaultText: "7"), .init("x", "Nullable(Date32)"), .init("odd", "Int32", defaultText: "now()")]),
                .renameColumn(table: "t", from: "n", to: "number"),
                .changeType(table: "t", column: "number", type: "Int64"),
                .dropColumns(table: "t", ["x", "never"]),
            ]
            for change in changes {
                #expect(try await warehouse.change(change), "\(change)")
                #expect(try await !warehouse.change(change), "\(change)")
            }
            #expect(try await fixture.answer("SELECT groupUniqArray((number, odd)) FROM $db.t") == "[(7,0)]")
            #expect(
                try await fixture.answer("SELECT groupArray(name) FROM system.columns WHERE database = '$db'")
                    == "['id','s','number','odd','_peerdb_synced_at','_peerdb_is_deleted','_peerdb_version']")
            #expect(log.lines.contains { $0.level == .warning && $0.message.contains("column 'odd'") })

            #expect(try await warehouse.change(.truncate(table: "t")))
            #expect(try await !warehouse.change(.truncate(table: "t")))
            #expect(try await !warehouse.change(.truncate(table: "nothing")))
            #expect(try await fixture.answer("SELECT count() FROM $db.t") == "0")

            #expect(await refusal(warehouse, .changeType(table: "t", column: "id", type: "String")).contains("id"))
            #expect(await refusal(warehouse, .dropColumns(table: "t", ["id"])).contains("dropping column 'id'"))
            #expect(await refusal(warehouse, .renameColumn(table: "t", from: "p", to: "q")).contains("neither column 'p'"))
            #expect(await refusal(warehouse, .changeType(table: "t", column: "p", type: "Int8")).contains("no column 'p'"))
            #expect(await refusal(warehouse, .addColumns(table: "gone", [.init("a", "Int8")])).contains("does not exist any more"))
        }
    }

    /// A truncation that comes again after later rows were written leaves those.
    @Test func rowsOfLaterVersionsOutliveATruncation() async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try warehouse(fixture)
            _ = try await warehouse.change(.create(.example("t")))
            let insert = "INSERT INTO $db.t (id, _peerdb_version) VALUES"
            try await fixture.run("\(insert) (1, 0), (2, 7), (3, 9)")
            #expect(try await warehouse.change(.truncate(table: "t", before: 10)))
            #expect(try await fixture.answer("SELECT count() FROM $db.t") == "0")
            #expect(try await !warehouse.change(.truncate(table: "t", before: 10)))
            try await fixture.run("\(insert) (4, 11), (5, 10)")
            #expect(try await !warehouse.change(.truncate(table: "t", before: 10)))
            try await fixture.run("\(insert) (1, 0)")
            #expect(try await warehouse.change(.truncate(table: "t", before: 10)))
            #expect(try await fixture.answer("SELECT groupArray(id) FROM (SELECT id FROM $db.t ORDER BY id)") == "[4,5]")
        }
    }

    /// Adding the same columns again, with one of them missing: what an interrupted change leaves.
    @Test func anInterruptedChangeIsCompleted() async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try warehouse(fixture)
            _ = try await warehouse.change(.create(.example("t")))
            let change = TableChange.addColumns(table: "t", [.init("a", "Int32"), .init("b", "Int32")])
            try await fixture.run("ALTER TABLE $db.t ADD COLUMN a Int32")
            #expect(try await warehouse.change(change))
            #expect(try await !warehouse.change(change))
            // A table that was made before a column came to the source gets it.
            var wider = TargetTable.example("t")
            wider.columns += [.init("a", "Int32"), .init("b", "Int32"), .init("c", "String")]
            #expect(try await warehouse.change(.create(wider)))
            #expect(try await !warehouse.change(.create(wider)))
        }
    }

    @Test func aShadowTakesThePlaceOfItsTarget() async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try warehouse(fixture)
            let table = TargetTable.example("t")
            let name = table.shadow.name
            _ = try await warehouse.change(.create(table))
            try await fixture.run("ALTER TABLE $db.t MODIFY COMMENT 'mine'")
            try await fixture.run("CREATE MATERIALIZED VIEW $db.v ENGINE = MergeTree ORDER BY id AS SELECT id FROM $db.t")
            try await insert(warehouse, .example("t", ids: 0..<9, text: "old"), "1")
            #expect(try await !warehouse.change(.drop(shadow: name)))
            #expect(try await warehouse.change(.create(table.shadow)))
            #expect(try await !warehouse.change(.create(table.shadow)))
            try await insert(warehouse, .example(name, ids: 0..<4, text: "new"), "2")
            #expect(try await warehouse.change(.exchange(shadow: name, target: "t")))
            #expect(try await !warehouse.change(.exchange(shadow: name, target: "t")), "it does not change back")
            #expect(try await fixture.answer("SELECT count(), any(s) FROM $db.t") == "4\tnew")
            #expect(try await fixture.answer("SELECT comment FROM system.tables WHERE database = '$db' AND name = 't'") == "mine")
            #expect(await refusal(warehouse, .create(table.shadow)).contains("stands in the way"))
            #expect(try await warehouse.change(.drop(shadow: name)))
            #expect(try await !warehouse.change(.drop(shadow: name)))
            #expect(try await !warehouse.change(.exchange(shadow: name, target: "t")))
            try await insert(warehouse, .example("t", ids: 20..<22, text: "newer"), "3")
            #expect(try await fixture.answer("SELECT count() FROM $db.v") == "11", "views go on reading the table of that name")
        }
    }

    /// Each state that a process can die in between the steps of an exchange.
    @Test(arguments: ["", "mine"], [1, 2, 3]) func anInterruptedExchangeIsCompleted(_ comment: String, _ steps: Int) async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try warehouse(fixture)
            let table = TargetTable.example("t")
            _ = try await warehouse.change(.create(table))
            try await fixture.run("ALTER TABLE $db.t MODIFY COMMENT '\(comment)'")
            _ = try await warehouse.change(.create(table.shadow))
            try await insert(warehouse, .example(table.shadow.name, ids: 0..<4), "2")
            let mark = (comment.isEmpty ? "" : comment + "; ") + TargetTableStatements.replacedMark
            let statements = [
                "ALTER TABLE $db.t MODIFY COMMENT '\(mark)'", "EXCHANGE TABLES $db.t_resync AND $db.t",
                "ALTER TABLE $db.t MODIFY COMMENT '\(comment)'",
            ]
            for statement in statements.prefix(steps) { try await fixture.run(statement) }
            #expect(try await warehouse.change(.exchange(shadow: "t_resync", target: "t")) == (steps < 3))
            #expect(try await fixture.answer("SELECT count() FROM $db.t") == "4")
            #expect(try await fixture.answer("SELECT comment FROM system.tables WHERE database = '$db' AND name = 't'") == comment)
            #expect(try await warehouse.change(.drop(shadow: "t_resync")))
        }
    }

    @Test func aShadowWithoutTargetTakesItsName() async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try warehouse(fixture)
            let table = TargetTable.example("t")
            _ = try await warehouse.change(.create(table.shadow))
            try await insert(warehouse, .example("t_resync", ids: 0..<4), "2")
            #expect(try await warehouse.change(.exchange(shadow: "t_resync", target: "t")))
            #expect(try await !warehouse.change(.exchange(shadow: "t_resync", target: "t")))
            #expect(try await !warehouse.change(.drop(shadow: "t_resync")))
            #expect(try await fixture.answer("SELECT count() FROM $db.t") == "4")
            #expect(await refusal(warehouse, .exchange(shadow: "x_resync", target: "x")).contains("neither table"))
        }
    }

    @Test func aTableOfSomebodyElseIsNotDropped() async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try warehouse(fixture)
            try await fixture.run("CREATE TABLE $db.t_resync (id Int64) ENGINE = MergeTree ORDER BY id COMMENT 'precious'")
            _ = try await warehouse.change(.create(.example("t")))
            for change in [
                TableChange.drop(shadow: "t_resync"), .create(TargetTable.example("t").shadow), .exchange(shadow: "t_resync", target: "t"),
            ] {
                #expect(await refusal(warehouse, change).contains("stands in the way"), "\(change)")
            }
            #expect(try await fixture.answer("EXISTS $db.t_resync") == "1")
        }
    }

    static let misfits: [(ddl: String, says: String)] = [
        ("(id Int64, s String) ENGINE = MergeTree ORDER BY id", "has engine MergeTree, not ReplacingMergeTree"),
        ("(id Int64, s String, _peerdb_version UInt64) ENGINE = ReplacingMergeTree ORDER BY id", "the row that was written last"),
        (
            "(id Int64, s String, _peerdb_version UInt64) ENGINE = ReplacingMergeTree(_peerdb_version) ORDER BY (id, s)",
            "is sorted by (id, s), and its rows are told apart by (id)"
        ),
        (
            "(id Int32, s String, _peerdb_version UInt64) ENGINE = ReplacingMergeTree(_peerdb_version) ORDER BY id",
            "has column 'id' of type Int32, not Int64"
        ),
        (
            "(id Int64, s String, _peerdb_version UInt64, _peerdb_is_deleted Int8) ENGINE = ReplacingMergeTree(_peerdb_version) ORDER BY id",
            "has column '_peerdb_is_deleted' of type Int8, not UInt8"
        ),
        (
            "(id Int64, s String ALIAS 'x', _peerdb_version UInt64) ENGINE = ReplacingMergeTree(_peerdb_version) ORDER BY id",
            "computes column 's' by itself (ALIAS)"
        ),
        ("(id Int64, s String) ENGINE = Log", "has engine Log, not ReplacingMergeTree"),
    ]

    @Test(arguments: misfits) func aTableThatDoesNotFitIsRefused(_ ddl: String, _ says: String) async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try warehouse(fixture)
            try await fixture.run("CREATE TABLE $db.t \(ddl)")
            let message = await refusal(warehouse, .create(.example("t")))
            #expect(message.contains(says), "\(message)")
            let found = try await fixture.directory.problems(of: [.example("t")], mustBeEmpty: [], spec: spec(fixture))
            #expect(found.map(\.target) == ["t"] && found[0].problems.contains { $0.contains(says) })
        }
    }

    @Test func aTableThatFitsIsTaken() async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try warehouse(fixture)
            try await fixture.run(
                """
                CREATE TABLE $db.t (own String DEFAULT 'd', s LowCardinality(String), t DateTime64(6, 'UTC'), id Int64, _peerdb_version UInt64)
                ENGINE = ReplacingMergeTree(_peerdb_version) ORDER BY id
                """)
            var table = TargetTable.example("t")
            table.columns.append(.init("t", "DateTime64(6)"))
            #expect(try await warehouse.change(.create(table)), "it gets the columns of metadata")
            #expect(try await !warehouse.change(.create(table)))
            try await insert(warehouse, .example("t", ids: 0..<3, text: "abc"), "1")
            try await insert(warehouse, .example("t", ids: 0..<3, text: "abc"), "1")
            #expect(try await fixture.answer("SELECT count(), any(s), any(own) FROM $db.t") == "3\tabc\td")
            let problems = try await fixture.directory.problems(of: [table], mustBeEmpty: ["t"], spec: spec(fixture))
            #expect(problems.first?.problems.first?.contains("is not empty") == true)
            #expect(try await fixture.directory.problems(of: [table], mustBeEmpty: [], spec: spec(fixture)).isEmpty)
        }
    }

    @Test func whatCannotBeATableIsRefused() async throws {
        try await WarehouseFixture.use { fixture in
            let warehouse = try warehouse(fixture)
            var table = TargetTable.example("t")
            table.sortingKey = []
            #expect(await refusal(warehouse, .create(table)).contains("nothing to tell its rows apart by"))
            table.sortingKey = ["nobody"]
            #expect(await refusal(warehouse, .create(table)).contains("sorted by 'nobody', which is not one of its columns"))
            table = .example("t")
            table.columns.append(.init("_peerdb_version", "Int64"))
            #expect(await refusal(warehouse, .create(table)).contains("a name that every mapped table uses for itself"))
            table = .example("t")
            table.partitionBy = "nobody"
            #expect(await refusal(warehouse, .create(table)).contains("nobody"))
        }
    }
}
