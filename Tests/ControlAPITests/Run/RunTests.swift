import Catalog
import ClickHouse
import ControlAPI
import Foundation
import HTTPTypes
import NIOCore
import NIOEmbedded
import PipeCore
import QueryEndpoints
import Testing

/// The documented calls of an endpoint, against a real ClickHouse.
@Suite(.enabled(if: RunFixture.isThere), .serialized) struct RunTests {
    private static let threeTables = "SELECT name, database FROM system.tables ORDER BY database, name LIMIT 3"

    @Test func version1WrapsWhateverFormatIsAsked() async throws {
        try await RunFixture.run { fixture, client in
            let id = try await fixture.endpoint(Self.threeTables) { $0.answerVersion = 1 }
            for format in ["JSONEachRow", "CSV", "TabSeparatedWithNamesAndTypes"] {
                let answer = try await client.send(.post, "/run/\(id)", body: #"{"format":"\#(format)"}"#)
                #expect(answer.status == 200)
                #expect(answer.body["data"]?["columns"] == [["name": "name", "type": "String"], ["name": "database", "type": "String"]])
                #expect(answer.body["data"]?["rows"]?.array?.count == 3)
                #expect(answer["x-clickhouse-endpoint-version"] == "1")
            }
            #expect(try await client.send(.get, "/run/\(id)?format=Parquet").status == 400)
        }
    }

    @Test func version2AnswersAsClickHouseDoes() async throws {
        try await RunFixture.run { fixture, client in
            let id = try await fixture.endpoint(Self.threeTables)
            let get = try await client.send(.get, "/run/\(id)?format=JSONEachRow", headers: ["x-clickhouse-endpoint-version": "2"])
            #expect(get.status == 200)
            #expect(get["content-type"]?.hasPrefix("application/x-ndjson") == true)
            #expect(get.text.split(separator: "\n").count == 3)
            #expect(get["x-request-id"] == get["x-clickhouse-query-id"])
            for path in ["/.api/query-endpoints/\(id)/run", "/query-endpoints/\(id)/run"] {
                #expect(try await client.send(.post, "\(path)?format=JSONEachRow").text == get.text)
            }
            #expect(try await client.send(.get, "/run/\(id)").body["rows"] == 3)
            #expect(try await client.send(.get, "/run/\(id)?max_threads=8,").code == "27")
            #expect(try await client.send(.get, "/run/\(id)?readonly=0").status == 400)
        }
    }

    @Test func parametersComeFromURLBodyAndDefaults() async throws {
        try await RunFixture.run { fixture, client in
            let id = try await fixture.endpoint(
                "SELECT name FROM system.tables WHERE database = {database:String} AND match(name, {tableNameRegex:String}) ORDER BY name"
            ) {
                $0.query.parameters = ["database": "system"]
            }
            let get = try await client.send(.get, "/run/\(id)?format=JSONCompactEachRow&param_tableNameRegex=query.*&param_database=system")
            #expect(get.status == 200)
            #expect(get.text.hasPrefix("[\"query_"))
            let post = try await client.send(
                .post, "/run/\(id)?format=JSONCompactEachRow", body: #"{"queryVariables":{"tableNameRegex":"query.*","database":"system"}}"#
            )
            #expect(post.text == get.text)
            #expect(try await client.send(.get, "/run/\(id)?format=JSONCompactEachRow&param_tableNameRegex=query.*").text == get.text)
            let missing = try await client.send(.get, "/run/\(id)")
            #expect(missing.status == 400)
            #expect(missing.details.contains("tableNameRegex"))
            let long = String(repeating: "x", count: 100_000)
            let body = #"{"queryVariables":{"tableNameRegex":"a","database":"\#(long)"}}"#
            #expect(try await client.send(.post, "/run/\(id)?format=CSV", body: body).status == 200)
        }
    }

    @Test func writesAnswerOKAndNeverByGET() async throws {
        try await RunFixture.run { fixture, client in
            try await fixture.admin.execute(
                "CREATE TABLE \(fixture.database).t (a String, b String, c String) ENGINE = MergeTree ORDER BY a")
            let values = try await fixture.endpoint("INSERT INTO t VALUES ({a:String}, 'b', 'c')", roles: ["sql_console_admin"])
            let get = try await client.send(.get, "/run/\(values)?param_a=x")
            #expect(get.status == 405)
            let post = try await client.send(.post, "/run/\(values)?param_a=x")
            #expect(post.status == 200)
            #expect(post.text == "OK")

            let bare = try await fixture.endpoint("INSERT INTO t", roles: ["sql_console_admin"]) { $0.limits.bodyBytes = 200 }
            let rows = "a,b,c\n\"1\",\"{\"\"k\"\":1}\",\"z\"\n\"2\",\"{}\",\"w\"\n"
            let stream = try await client.send(
                .post, "/run/\(bare)?format=CSV", body: rows, headers: ["content-type": "application/octet-stream"])
            #expect(stream.text == "OK")
            #expect(try await fixture.text("SELECT a FROM t ORDER BY a FORMAT TSV") == "1\n2\nx\n")
            #expect(try await client.send(.post, "/run/\(bare)?format=CSV").code == "BODY_EXPECTED")
            #expect(try await client.send(.post, "/run/\(bare)?format=CSV", body: "").code == "BODY_EXPECTED")
            let chunked = ["transfer-encoding": "chunked"]
            #expect(try await client.send(.post, "/run/\(bare)?format=CSV", body: "", headers: chunked).code == "BODY_EXPECTED")
            let large = try await client.send(.post, "/run/\(bare)?format=CSV", body: String(repeating: "a,b,c\n", count: 100))
            #expect(large.status == 413)
            #expect(try await client.send(.post, "/run/\(bare)?format=CSV", body: "1\n").status == 400)

            let readOnly = try await fixture.endpoint("INSERT INTO t VALUES ('no', 'no', 'no')")
            #expect(try await client.send(.post, "/run/\(readOnly)").status == 403)
            #expect(try await fixture.text("SELECT count() FROM t WHERE a = 'no' FORMAT TSV") == "0\n")
        }
    }

    @Test func credentialsAreToldApartOnlyWhereTheyMayBe() async throws {
        try await RunFixture.run { fixture, client in
            let id = try await fixture.endpoint("SELECT 1")
            try await fixture.base.addKey("off", roles: ["admin"]) { $0.isEnabled = false }
            try await fixture.base.addKey("old", roles: ["admin"]) { $0.expireAt = APIFixture.start }
            try await fixture.base.addKey("elsewhere", roles: ["admin"]) { $0.ipAccessList = [IPAccessEntry(source: "10.9.8.7")] }
            try await fixture.base.addKey("unbound", roles: ["admin"])
            let unknown = UUID().uuidString
            for key in [nil, "nobody", "off", "old"] {
                let known = try await client.send(.get, "/run/\(id)", key: key)
                let other = try await client.send(.get, "/run/\(unknown)", key: key)
                #expect(known.status == 401)
                #expect(known.text == other.text)
            }
            #expect(try await client.send(.get, "/run/\(id)", key: "elsewhere").status == 403)
            #expect(try await client.send(.get, "/run/\(id)", key: "unbound").status == 403)
            #expect(try await client.send(.get, "/run/\(unknown)").status == 404)
            #expect(try await client.send(.get, "/run/\(id)?format=CSV").text == "1\n")
            // A change of the catalog holds for the very next call.
            let keys = try await fixture.base.catalog.keys()
            _ = try await fixture.base.catalog.updateQueryEndpoint(id, author: "test") {
                $0.apiKeyIDs = keys.filter { $0.name == "admin" }.map(\.id)
            }
            #expect(try await client.send(.get, "/run/\(id)").status == 403)
            _ = try await fixture.base.catalog.updateQueryEndpoint(id, author: "test") { $0.query.sql = "SELECT 2" }
            #expect(try await client.send(.get, "/run/\(id)?format=CSV", key: "admin").text == "2\n")
        }
    }

    @Test func anEndpointIsUpgradedOnceAndForAll() async throws {
        try await RunFixture.run { fixture, client in
            let id = try await fixture.endpoint("SELECT 1 AS a") { $0.answerVersion = 1 }
            let version2 = ["x-clickhouse-endpoint-version": "2"]
            #expect(try await client.send(.get, "/run/\(id)?format=JSON").body["data"]?["rows"] == [[1]])
            #expect(try await client.send(.get, "/run/\(id)?format=CSV", headers: version2).text == "1\n")
            #expect(try await client.send(.get, "/run/\(id)?format=JSON").body["data"]?["rows"] == [[1]])
            let upgrade = version2.merging(["x-clickhouse-endpoint-upgrade": "1"]) { $1 }
            #expect(try await client.send(.get, "/run/\(id)?format=CSV", headers: upgrade).text == "1\n")
            #expect(try await client.send(.get, "/run/\(id)?format=CSV").text == "1\n")
            #expect(try await fixture.base.catalog.queryEndpoint(id)?.answerVersion == 2)
            #expect(try await client.send(.get, "/run/\(id)", headers: ["x-clickhouse-endpoint-version": "3"]).status == 400)
        }
    }

    @Test func timeEndsTheQueryOnTheServerToo() async throws {
        try await RunFixture.run { fixture, client in
            let id = try await fixture.endpoint("SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(cityHash64(number))")
            let start = ContinuousClock.now
            let answer = try await client.send(.get, "/run/\(id)?request_timeout=500")
            #expect(answer.status == 504)
            #expect(start.duration(to: .now) < .seconds(2))
            let query = try #require(answer["x-request-id"])
            try await fixture.untilGone(query)
            #expect(fixture.calls.records.last?.failure?.errorClass == .timeout)
            #expect(fixture.calls.running == 0)
        }
    }

    @Test func aCallerWhoLeavesStopsTheQuery() async throws {
        try await RunFixture.run { fixture, _ in
            let id = try await fixture.endpoint("SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(cityHash64(number))")
            let record = try #require(try await fixture.base.catalog.queryEndpoint(id))
            let presence = CallerPresence()
            let call = QueryCall(
                requestID: UUID().uuidString.lowercased(), endpoint: try CompiledEndpoint(record), caller: QueryCaller(keyID: "k"),
                presence: presence)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: QueryFailure.self) { _ = try await fixture.runner.run(call) }
                }
                try await fixture.untilRunning(call.requestID)
                presence.end()
                try await group.waitForAll()
            }
            try await fixture.untilGone(call.requestID)
            #expect(fixture.calls.records.last?.failure?.errorClass == .cancelled)
        }
    }

    @Test func aClosedConnectionEndsThePresence() throws {
        let watch = ClientWatch()
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(watch)
        let presence = CallerPresence()
        watch.watch(presence)
        #expect(!presence.isOver)
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(presence.isOver)
        let late = CallerPresence()
        watch.watch(late)
        #expect(late.isOver)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test func aFailureInMidStreamAbortsTheTransfer() async throws {
        try await RunFixture.run { fixture, client in
            let id = try await fixture.endpoint("SELECT number, throwIf(number = 400000) FROM numbers(10000000)")
            for format in ["JSONEachRow", "CSV", "JSON", "JSONCompactEachRow", "TabSeparated", "RowBinary", "XML", "Native"] {
                let count = fixture.calls.records.count
                await #expect(throws: (any Error).self) { _ = try await client.send(.get, "/run/\(id)?format=\(format)") }
                try await fixture.untilRecorded()
                #expect(fixture.calls.records.count == count + 1)
                #expect(fixture.calls.records.last?.failure?.errorClass == .midstream)
                // ClickHouse breaks its own transfer off, and its last words arrive.
                #expect(fixture.calls.records.last?.failure?.code == "395", "\(format)")
            }
        }
    }

    @Test func originsAreServedOnPreflightSuccessAndError() async throws {
        try await RunFixture.run { fixture, client in
            let id = try await fixture.endpoint("SELECT {x:UInt8}") { $0.allowedOrigins = ["https://app.example.com"] }
            for (origin, isListed) in [("https://app.example.com", true), ("https://evil.example.com", false), ("null", false)] {
                let preflight = try await client.send(.options, "/run/\(id)", key: nil, headers: ["origin": origin])
                #expect(preflight.status == 204)
                #expect(preflight["access-control-allow-origin"] == (isListed ? origin : nil))
                #expect(preflight["access-control-allow-methods"] == (isListed ? "GET, POST, OPTIONS" : nil))
                for (path, key) in [("?param_x=1", "query"), ("", "query"), ("", "nobody")] {
                    let answer = try await client.send(.get, "/run/\(id)\(path)", key: key, headers: ["origin": origin])
                    #expect(answer["access-control-allow-origin"] == (isListed ? origin : nil))
                    #expect(answer["vary"]?.contains("Origin") == true)
                }
            }
        }
    }

    @Test func limitsOfAnEndpointHold() async throws {
        try await RunFixture.run { fixture, client in
            let slow = try await fixture.endpoint("SELECT number FROM numbers(1000)") {
                $0.limits = EndpointLimits(resultRows: 10, requestsPerMinuteAndKey: 2)
            }
            let answer = try await client.send(.get, "/run/\(slow)")
            #expect(answer.status == 400)
            #expect(answer.code == "396")
            #expect(try await client.send(.get, "/run/\(slow)").status == 400)
            let refused = try await client.send(.get, "/run/\(slow)")
            #expect(refused.status == 429)
            #expect(refused["retry-after"] != nil)
            #expect(refused["x-ratelimit-limit"] == "2")
            #expect(try await client.send(.get, "/run/\(slow)", key: "admin").status == 400)
        }
    }

    @Test func aReadingEndpointReachesNothingElse() async throws {
        try await RunFixture.run { fixture, client in
            for sql in [
                "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')", "SELECT * FROM file('x', 'CSV', 'a String')",
                "SELECT query FROM system.processes", "SELECT * FROM system.users",
            ] {
                let id = try await fixture.endpoint(sql)
                let answer = try await client.send(.get, "/run/\(id)")
                #expect(answer.status == 403, "\(sql): \(answer.text)")
                #expect(!answer.text.contains("penstock_query"))
            }
        }
    }

    @Test func resultsAreCachedWithTags() async throws {
        try await RunFixture.run { fixture, client in
            let id = try await fixture.endpoint("SELECT generateUUIDv4() AS id, {x:UInt8} AS x") { $0.query.cacheSeconds = 60 }
            let first = try await client.send(.get, "/run/\(id)?param_x=1&format=CSV")
            let second = try await client.send(.get, "/run/\(id)?param_x=1&format=CSV")
            #expect(first.text == second.text)
            #expect(first["x-cache"] == "MISS")
            #expect(second["x-cache"] == "HIT")
            let tag = try #require(first["etag"])
            let known = try await client.send(.get, "/run/\(id)?param_x=1&format=CSV", headers: ["if-none-match": tag])
            #expect(known.status == 304)
            #expect(known.text.isEmpty)
            #expect(try await client.send(.get, "/run/\(id)?param_x=2&format=CSV").text != first.text)
            #expect(fixture.calls.records.map(\.cache) == [.miss, .hit, .hit, .miss])
        }
    }

    @Test func aServiceRunsSQLOfItsKeys() async throws {
        try await RunFixture.run { fixture, client in
            let path = "/service/\(APIFixture.serviceID)/run"
            let headers = ["content-type": "text/plain;charset=UTF-8", "auth-provider": "custom"]
            func send(_ sql: String, key: String = "query") async throws -> RunAnswer {
                let body = try JSONText.string(["sql": .string(sql), "runId": "x", "database": .string(fixture.database)] as JSONValue)
                return try await client.send(.post, path + "?format=TabSeparated", key: key, body: body, headers: headers)
            }
            #expect(try await send("SELECT 1").status == 403)
            let keys = try await fixture.base.catalog.keys().filter { $0.name == "query" }.map(\.id)
            var route = ServiceQueryEndpointRecord(
                id: UUID().uuidString.lowercased(), serviceID: APIFixture.serviceID, apiKeyIDs: keys, roles: ["sql_console_admin"],
                allowedOrigins: [], createdAt: APIFixture.start, updatedAt: APIFixture.start)
            _ = try await fixture.base.catalog.upsert(route)
            #expect(try await send("SELECT 1;").text == "1\n")
            #expect(try await send("SELECT 1", key: "admin").status == 403)
            for sql in ["CREATE TABLE c (a UInt8) ENGINE = Memory", "INSERT INTO c VALUES (7)"] {
                #expect(try await send(sql).text == "OK")
            }
            #expect(try await send("SELECT * FROM c").text == "7\n")
            #expect(try await send("SELEC 1").status == 400)
            #expect(try await send("SELECT 1 SETTINGS SQL_tenant = 'x'").details.contains("SQL_tenant"))
            route.roles = ["sql_console_read_only"]
            _ = try await fixture.base.catalog.upsert(route)
            #expect(try await send("DROP TABLE c").status == 403)
            #expect(try await send("SELECT * FROM c").text == "7\n")
            _ = try await fixture.base.catalog.updateService(APIFixture.serviceID) { $0.wanted = .stopped }
            let stopped = try await send("SELECT 1")
            #expect(stopped.status == 206)
            #expect(stopped.body["data"] == "Service is stopped")
        }
    }
}

extension RunFixture {
    /// Waits until the query is among those that run.
    func untilRunning(_ query: String) async throws { try await until(query, isRunning: true) }
    /// Waits until the query has ended, or is being cancelled.
    func untilGone(_ query: String) async throws { try await until(query, isRunning: false) }

    private func until(_ query: String, isRunning: Bool) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(10)
        while clock.now < deadline {
            let count = try await text(
                "SELECT count() FROM system.processes WHERE query_id = {q:String} AND NOT is_cancelled FORMAT TSV", ["q": query])
            if (count == "1\n") == isRunning { return }
        }
        throw QueryFailure(500, "TEST", "query \(query) is not \(isRunning ? "running" : "gone") in time")
    }

    /// Waits until every call that began is recorded.
    func untilRecorded() async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(10)
        while calls.running > 0, clock.now < deadline { await Task.yield() }
    }
}
