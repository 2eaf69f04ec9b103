import QueryEndpoints
import Testing

@Suite struct StatementTests {
    @Test(arguments: [
        ("SELECT {x:UInt8}", ["x UInt8"]),
        ("SELECT { x : Nullable( UInt8 ) } , {y:String}, {x:Nullable(UInt8)}", ["x Nullable(UInt8)", "y String"]),
        ("SELECT {x /* c */ : -- d\n Array(Tuple(a UInt8, b Map(String, String)))}", ["x Array(Tuple(a UInt8, b Map(String, String)))"]),
        ("SELECT {x:Enum8('a}b' = 1, 'c\\'}' = 2)}", ["x Enum8('a}b'=1, 'c\\'}'=2)"]),
        ("SELECT 'it''s {a:UInt8}', '\\'{b:UInt8}', \"{c:UInt8}\", `{d:UInt8}` -- {e:UInt8}", []),
        ("SELECT 1 /* {a:UInt8} /* {b:UInt8} */ {c:UInt8} */ # {d:UInt8}\n#! {e:UInt8}\n// {f:UInt8}\n, {g:UInt8}", ["g UInt8"]),
        ("SELECT $$ {a:UInt8} $$, $t$ {b:UInt8} $$ $t$, {c:UInt8}", ["c UInt8"]),
        ("SELECT ‘{a:UInt8}’, “{b:UInt8}”, {c:UInt8}", ["c UInt8"]),
        ("SELECT {'k': {v:UInt8}, 'w': {}}", ["v UInt8"]),
        ("SELECT {select:UInt8}, {1x:double precision}", ["select UInt8", "1x double precision"]),
        ("SELECT * FROM {db:Identifier}.{t:Identifier} WHERE a{x:UInt8} ;; -- end", ["db Identifier", "t Identifier", "x UInt8"]),
        ("INSERT INTO t VALUES ({arr:Array(Array(Array(UInt32)))})", ["arr Array(Array(Array(UInt32)))"]),
        ("CREATE VIEW v AS SELECT {x:UInt8}", []),
        ("CREATE TABLE {t:Identifier} (a UInt8) ENGINE = Memory", ["t Identifier"]),
    ])
    func parameters(sql: String, expected: [String]) throws {
        #expect(try ParameterizedStatement(sql).parameters.map { "\($0.name) \($0.type)" } == expected)
    }

    @Test(arguments: [
        ("", "empty"), (" -- nothing\n;", "empty"), ("SELECT 1; SELECT 2", "more than one statement"),
        ("SELECT {`x`:UInt8}", "bare name"), ("SELECT {x}", "needs a type"), ("SELECT {x:}", "type is missing"),
        ("SELECT {x:UInt8 Int8}", "does not belong"), ("SELECT {x:Array(UInt8}", "not closed"), ("SELECT {x:UInt8", "not closed"),
        ("SELECT {x:UInt8}, {x:String}", "two types"), ("SELECT 'abc", "single quotes"), ("SELECT /* /* */", "nest"),
        ("SELECT é", "not SQL"), ("SET max_threads = 1", "SETTINGS"), ("USE db", "database"), ("BEGIN TRANSACTION", "session"),
        ("SELECT 1 INTO OUTFILE 'x'", "OUTFILE"), ("INSERT INTO t FROM INFILE 'x' FORMAT CSV", "INFILE"),
        ("INSERT INTO t FORMAT CSV 1,2", "body"), ("INSERT INTO t FORMAT JSONEachRow {\"a\":\"it's\"}", "body"),
        ("CREATE TABLE a (x UInt8) PARALLEL WITH CREATE TABLE b (x UInt8)", "several"), ("EXECUTE AS root SELECT 1", "another user"),
        ("SELECT {x:Decimal(77, 2)}", "precision"), ("SELECT {x:FixedString(0)}", "length"), ("SELECT {x:DateTime64(10)}", "precision"),
        ("SELECT {x:AggregateFunction(sum, UInt8)}", "no text"), ("SELECT {x:Array(Identifier)}", "alone"), ("SELECT 1\0", "NUL"),
    ])
    func refusals(sql: String, reason: String) {
        let problem = #expect(throws: StatementProblem.self) { try ParameterizedStatement(sql) }
        #expect(problem?.reason.contains(reason) == true, "\(problem?.description ?? "accepted")")
    }

    @Test func placeOfAProblem() {
        let problem = #expect(throws: StatementProblem.self) { try ParameterizedStatement("SELECT 'é',\n  {x:}") }
        #expect(problem?.line == 2)
        #expect(problem?.column == 3)
    }

    @Test(arguments: [
        "SELECT 1", "((SELECT 1))", "(SELECT 1) UNION ALL (SELECT 2)", "WITH 1 AS x SELECT x", "WITH 1 AS insert SELECT insert",
        "WITH insert AS (SELECT 1) SELECT * FROM insert", "FROM t SELECT a", "WITH x AS (SELECT 1) FROM x SELECT *", "SHOW TABLES",
        "DESCRIBE TABLE t", "DESC t", "EXPLAIN SELECT 1", "EXPLAIN AST INSERT INTO t VALUES (1)", "EXISTS t", "CHECK TABLE t",
        "-- note\nselect 1", "/* INSERT */ SELECT 'INSERT INTO t'", "SELECT a FROM t GROUP BY a WITH TOTALS",
    ])
    func reads(sql: String) throws { #expect(try ParameterizedStatement(sql).kind == .read) }

    @Test(arguments: [
        "DROP TABLE t", "CREATE TABLE t (a UInt8) ENGINE = Memory", "ALTER TABLE t DELETE WHERE 1", "DELETE FROM t WHERE 1", "TRUNCATE t",
        "KILL QUERY WHERE 1", "SYSTEM FLUSH LOGS", "GRANT SELECT ON *.* TO u", "CREATE TABLE t ENGINE = Memory AS SELECT 1",
        "RENAME TABLE a TO b", "OPTIMIZE TABLE t", "UPDATE t SET a = 1 WHERE 1", "nonsense",
    ])
    func writes(sql: String) throws { #expect(try ParameterizedStatement(sql).kind == .write) }

    @Test(arguments: [
        ("INSERT INTO t VALUES (1)", InsertShape(rows: .values, format: "Values")),
        ("INSERT INTO t (a, format) VALUES (1, 2), (3, 4);", InsertShape(rows: .values, format: "Values")),
        ("INSERT INTO t VALUES", InsertShape(rows: .body, format: "Values")),
        ("INSERT INTO t FORMAT Values (1)", InsertShape(rows: .values, format: "Values")),
        ("INSERT INTO t", InsertShape(rows: .body, format: nil)),
        ("INSERT INTO TABLE db.t (a, `b`) -- all", InsertShape(rows: .body, format: nil)),
        ("INSERT INTO t SETTINGS async_insert = 1", InsertShape(rows: .body, format: nil)),
        ("INSERT INTO t (a) SETTINGS async_insert = 1 FORMAT CSV", InsertShape(rows: .body, format: "CSV")),
        ("INSERT INTO FUNCTION s3('x', 'y') FORMAT JSONEachRow", InsertShape(rows: .body, format: "JSONEachRow")),
        ("INSERT INTO {t:Identifier} FORMAT CSV", InsertShape(rows: .body, format: "CSV")),
        ("INSERT INTO values VALUES (1)", InsertShape(rows: .values, format: "Values")),
        ("INSERT INTO t SELECT 1", InsertShape(rows: .select(readsBody: false), format: nil)),
        ("INSERT INTO t (SELECT 1)", InsertShape(rows: .select(readsBody: false), format: nil)),
        ("INSERT INTO t WITH 1 AS x SELECT x", InsertShape(rows: .select(readsBody: false), format: nil)),
        ("WITH 1 AS x INSERT INTO t SELECT x", InsertShape(rows: .select(readsBody: false), format: nil)),
        (
            "INSERT INTO t SELECT a, {p:UInt8} FROM input('a UInt8') FORMAT CSV",
            InsertShape(rows: .select(readsBody: true), format: "CSV")
        ),
        ("INSERT INTO t SELECT format json FROM u", InsertShape(rows: .select(readsBody: false), format: nil)),
    ])
    func inserts(sql: String, shape: InsertShape) throws { #expect(try ParameterizedStatement(sql).kind == .insert(shape)) }

    @Test func bodies() {
        #expect(InsertShape(rows: .body).takesBody)
        #expect(InsertShape(rows: .select(readsBody: true)).takesBody)
        #expect(!InsertShape(rows: .select(readsBody: false)).takesBody)
        #expect(!InsertShape(rows: .values).takesBody)
    }

    @Test(arguments: [
        ("SELECT 1 FORMAT JSONEachRow", "JSONEachRow", [String]()),
        ("SELECT 1 FORMAT `CSV` SETTINGS max_threads = 1, a.b = 'x, y'", "CSV", ["max_threads", "a.b"]),
        ("SELECT 1 SETTINGS max_threads = 1 format TSV;", "TSV", ["max_threads"]),
        ("SELECT format json FROM t", nil, []), ("SELECT a, format FROM t", nil, []), ("SELECT format('{}', 1)", nil, []),
        ("SELECT (SELECT 1 SETTINGS readonly = 0) SETTINGS x = [1, 2], y = {'a': 1}", nil, ["readonly", "x", "y"]),
        ("SELECT 'SETTINGS a = 1', settings FROM t", nil, []),
        ("SHOW TABLES FORMAT JSON", "JSON", []),
    ])
    func clauses(sql: String, format: String?, settings: [String]) throws {
        let statement = try ParameterizedStatement(sql)
        #expect(statement.format == format)
        #expect(statement.settings == settings)
        #expect(statement.hasSettings == !settings.isEmpty)
    }

    @Test func textWithoutItsTail() throws {
        #expect(try ParameterizedStatement("-- why\nSELECT 1 ; ; -- end\n").sql == "-- why\nSELECT 1")
    }
}
