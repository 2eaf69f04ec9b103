import Catalog
import ClickHouse
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import QueryEndpoints
import Testing

/// What the service is asked before an endpoint is stored.
@Suite struct EndpointCheckTests {
    @Test func rolesArePreparedAndTheStatementIsTried() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            _ = try await client.makeEndpoint(fixture) {
                $0["roles"] = ["analysts", "sql_console_read_only"]
                $0["format"] = "JSONEachRow"
            }
        }
        #expect(fixture.queries.prepared == [["analysts", "sql_console_read_only"]])
        let attempt = try #require(fixture.queries.attempts.first)
        #expect(attempt.sql == "EXPLAIN \(QueryBodies.sql)")
        #expect(attempt.roles == ["analysts", "sql_console_read_only"])
        #expect(attempt.encodedParameters == ["year": "1"] && attempt.parameters == [:])
        #expect(
            attempt.settings == [
                "database": "default", "readonly": "1", "default_format": "JSONEachRow", "max_execution_time": "10",
            ])
    }

    @Test func aStoppedServiceIsADependencyThatFailed() async throws {
        let fixture = try await APIFixture()
        fixture.services.set(.stopped, service: APIFixture.serviceID)
        let key = try await fixture.keyID("query")
        try await fixture.run { client async throws in
            let answer = try await client.send(.post, "~~/query-api-endpoints", body: QueryBodies.endpoint(keys: [key]))
            #expect(answer.status == 424 && answer.error.hasSuffix("Current state: stopped"), "\(answer.error)")
            let service = try await client.send(
                .post, "~~/serviceQueryEndpoint", body: ["roles": ["sql_console_read_only"], "openApiKeys": [.string(key)]])
            #expect(service.status == 424)
            #expect(try await client.send(.post, "~~/saved-queries", body: QueryBodies.saved).status == 201, "nothing is asked")
        }
        #expect(try await fixture.catalog.queryEndpoints(service: nil) == [])
        #expect(fixture.queries.prepared == [])
    }

    @Test func theServersReasonIsTheAnswer() async throws {
        let fixture = try await APIFixture()
        let key = try await fixture.keyID("query")
        let body = QueryBodies.endpoint(keys: [key])
        try await fixture.run { client async throws in
            fixture.queries.answer(prepare: QueryFailure(400, "UNKNOWN_ROLE", "the database role 'x' does not exist"))
            let role = try await client.send(.post, "~~/query-api-endpoints", body: body)
            #expect(role.status == 400 && role.error.contains("roles the database role 'x' does not exist"))
            #expect(fixture.queries.attempts.isEmpty)

            fixture.queries.answer(attempt: QueryFailure(400, "60", "Table default.youtube does not exist"))
            let table = try await client.send(.post, "~~/query-api-endpoints", body: body)
            #expect(table.status == 400 && table.error.contains("sql Table default.youtube does not exist"))

            fixture.queries.answer(attempt: QueryFailure(403, "497", "Not enough privileges"))
            #expect(try await client.send(.post, "~~/query-api-endpoints", body: body).error.contains("sql Not enough privileges"))

            fixture.queries.answer(prepare: QueryFailure(503, "UPSTREAM_UNAVAILABLE", "ClickHouse service is currently unavailable."))
            let away = try await client.send(.post, "~~/query-api-endpoints", body: body)
            #expect(away.status == 503 && away.error.contains("currently unavailable"))
        }
        #expect(try await fixture.catalog.queryEndpoints(service: nil) == [], "nothing was stored")
    }

    @Test func aMadeUpValueIsNotTheAuthorsFault() async throws {
        let fixture = try await APIFixture()
        // CANNOT_PARSE_DATE
        fixture.queries.answer(attempt: QueryFailure(400, "38", "Cannot parse date"))
        try await fixture.run { client async throws in
            let lenient = try await client.makeEndpoint(fixture) { $0["sql"] = "SELECT toDate({d:String})" }
            #expect(lenient["version"] == 1)
            let key = try await fixture.keyID("query")
            let strict = try await client.send(
                .post, "~~/query-api-endpoints",
                body: QueryBodies.endpoint(keys: [key]) {
                    $0["sql"] = "SELECT toDate({d:String})"
                    $0["parameters"] = ["d": "nonsense"]
                })
            #expect(strict.status == 400 && strict.error.contains("Cannot parse date"), "the author chose this value")
        }
    }

    private func trial(_ sql: String, defaults: [String: String] = [:]) throws -> Statement? {
        let query = EndpointQuery(sql: sql, database: "d", parameters: defaults)
        return StatementTrial(query, try ParameterizedStatement(sql), roles: ["r"])?.statement
    }

    @Test(arguments: [
        ("SELECT 1", "EXPLAIN SELECT 1"), ("-- c\n/* d */ with 1 AS x SELECT x", "EXPLAIN -- c\n/* d */ with 1 AS x SELECT x"),
        ("(SELECT 1) UNION ALL (SELECT 2)", "EXPLAIN (SELECT 1) UNION ALL (SELECT 2)"), ("SHOW TABLES", "EXPLAIN AST SHOW TABLES"),
        ("INSERT INTO t VALUES ({a:UInt8})", "EXPLAIN AST INSERT INTO t VALUES ({a:UInt8})"),
        ("INSERT INTO t", "EXPLAIN AST INSERT INTO t FORMAT TabSeparated"),
        ("INSERT INTO t FORMAT CSV", "EXPLAIN AST INSERT INTO t FORMAT CSV"),
        ("INSERT INTO t SELECT 1", "EXPLAIN PIPELINE INSERT INTO t SELECT 1"),
        ("INSERT INTO FUNCTION file('x') SELECT 1", "EXPLAIN AST INSERT INTO FUNCTION file('x') SELECT 1"),
        ("INSERT INTO t SELECT a FROM input('a UInt8') FORMAT CSV", "EXPLAIN AST INSERT INTO t SELECT a FROM input('a UInt8') FORMAT CSV"),
        ("DROP TABLE t", "EXPLAIN AST DROP TABLE t"), ("ALTER TABLE t DELETE WHERE a = 1", "EXPLAIN AST ALTER TABLE t DELETE WHERE a = 1"),
    ])
    func eachKindOfStatementIsTriedInItsWay(_ sql: String, _ trial: String) throws {
        #expect(try self.trial(sql)?.sql == trial)
    }

    @Test func aTrialChangesNothing() throws {
        #expect(try trial("SELECT 1")?.settings["readonly"] == "1")
        #expect(try trial("SELECT 1 SETTINGS max_threads = 1")?.settings["readonly"] == "2", "1 would refuse the clause")
    }

    @Test(arguments: [
        "UInt8", "Int256", "Float64", "Decimal(9, 4)", "String", "FixedString(3)", "Bool", "UUID", "IPv4", "IPv6", "Date", "Date32",
        "DateTime", "DateTime64(3)", "Enum8('it''s'=1,'b'=2)", "Array(Array(String))", "Map(String, UInt8)",
        "Tuple(UInt8, String, Date, Nullable(UUID))", "Tuple(a UInt8)", "Nullable(Date)", "LowCardinality(Nullable(String))", "JSON",
    ])
    func samplesFitTheirTypes(_ type: String) throws {
        let statement = try #require(try trial("SELECT {a:\(type)}"), "\(type)")
        #expect(statement.encodedParameters.keys.sorted() == ["a"])
    }

    @Test func withoutAnySampleNothingIsTried() async throws {
        #expect(try trial("SELECT * FROM {t:Identifier}") == nil)
        #expect(try trial("SELECT * FROM {t:Identifier}", defaults: ["t": "x"])?.encodedParameters == ["t": "x"])
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            _ = try await client.makeEndpoint(fixture) { $0["sql"] = "SELECT * FROM {t:Identifier}" }
        }
        #expect(fixture.queries.prepared.count == 1 && fixture.queries.attempts.isEmpty)
    }
}
