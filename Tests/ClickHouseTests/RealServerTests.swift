import ClickHouse
import Foundation
import Logging
import NIOCore
import Testing

/// Environment of the tests that need a real server.
enum RealServer {
    static let url = ProcessInfo.processInfo.environment["PENSTOCK_TEST_CLICKHOUSE"] ?? "http://127.0.0.1:18123"
    static let isRequired = ProcessInfo.processInfo.environment["PENSTOCK_REQUIRE_IT"] == "1"
    static let isReachable: Bool = {
        // Test conditions are synchronous: a socket connect answers soonest.
        guard let parts = URLComponents(string: url), let host = parts.host else { return false }
        let probe = Process()
        probe.executableURL = URL(fileURLWithPath: "/bin/bash")
        probe.arguments = ["-c", "exec 3<>/dev/tcp/$0/$1", host, String(parts.port ?? 8123)]
        probe.standardError = FileHandle.nullDevice
        guard (try? probe.run()) != nil else { return false }
        probe.waitUntilExit()
        return probe.terminationStatus == 0
    }()
}

@Suite(.enabled(if: RealServer.isReachable || RealServer.isRequired), .serialized, .timeLimit(.minutes(2)))
struct RealServerTests {
    /// Runs `body` with a client whose default database is new and goes away afterwards.
    func withDatabase<Result: Sendable>(_ body: (ClickHouseClient) async throws -> Result) async throws -> Result {
        let name = "penstock_test_" + UUID().uuidString.prefix(8).lowercased()
        let logger = Logger(label: "test")
        let outer = try ClickHouseClient(ClickHouseConnection(url: RealServer.url), logger: logger)
        let client = try ClickHouseClient(ClickHouseConnection(url: RealServer.url, database: name), logger: logger)
        let result: Swift.Result<Result, any Error>
        do {
            try await outer.execute("CREATE DATABASE {d:Identifier}", parameters: ["d": name])
            let value = try await body(client)
            try await outer.execute("DROP DATABASE {d:Identifier}", parameters: ["d": name])
            result = .success(value)
        } catch {
            result = .failure(error)
        }
        try await client.shutdown()
        try await outer.shutdown()
        return try result.get()
    }

    func error<Result: Sendable>(of work: () async throws -> Result) async throws -> ClickHouseError? {
        do {
            _ = try await work()
            return nil
        } catch let error as ClickHouseError {
            return error
        }
    }

    @Test func queryInsertRows() async throws {
        struct Row: Decodable, Sendable, Equatable {
            var id: UInt64
            var text: String
        }
        try await withDatabase { client in
            #expect(await client.ping(timeout: .seconds(60)))
            try await client.execute(
                "CREATE TABLE {t:Identifier} (id UInt64, text String) ENGINE = MergeTree ORDER BY id", parameters: ["t": "we`ird\\n"])
            let summary = try await client.insert(
                "INSERT INTO {t:Identifier} (id, text) SELECT n, s FROM input('n UInt64, s String') FORMAT JSONEachRow",
                body: Array(#"{"n":18446744073709551615,"s":"a\nb"}{"n":1,"s":"\\"}"#.utf8), parameters: ["t": "we`ird\\n"],
                queryID: "pst-insert-1")
            #expect(summary.writtenRows == 2)
            #expect(summary.queryID == "pst-insert-1")
            let rows = try await client.rows(Row.self, "SELECT * FROM {t:Identifier} ORDER BY id", parameters: ["t": "we`ird\\n"])
            #expect(rows == [Row(id: 1, text: "\\"), Row(id: .max, text: "a\nb")])
            let none = try await client.rows(Row.self, "SELECT 1 id, '' text WHERE 0")
            #expect(none.isEmpty)
        }
    }

    @Test func compressedBodiesArriveWhole() async throws {
        try await withDatabase { client in
            try await client.execute("CREATE TABLE t (x UInt32, s String) ENGINE = MergeTree ORDER BY x")
            let body = Array((0..<200_000).map { "{\"x\":\($0),\"s\":\"row number \($0)\"}\n" }.joined().utf8)
            let summary = try await client.insert("INSERT INTO t FORMAT JSONEachRow", body: body, compression: .zstd)
            #expect(summary.writtenRows == 200_000)
            let sum = try await client.query("SELECT sum(x), sum(s = 'row number ' || x) FROM t").text
            #expect(sum == "19999900000\t200000\n")
        }
    }

    @Test(arguments: ["plain", "tab\tnewline\nreturn\r", "back\\slash \\N \\t", "quote'\"`", "ünï©ode 🚰", "nul\0", ""])
    func parametersArriveAsTheyAre(value: String) async throws {
        try await withDatabase { client in
            let answer = try await client.query("SELECT {v:String} FORMAT RawBLOB", parameters: ["v": value])
            #expect(answer.text == value)
        }
    }

    @Test func encodedParameters() async throws {
        try await withDatabase { client in
            let statement = Statement(
                "SELECT {a:Array(String)}[2], {n:Nullable(Int32)} IS NULL FORMAT TSV",
                encodedParameters: ["a": "['x','y\\'z']", "n": "\\N"])
            let answer = try await client.query(statement)
            #expect(answer.text == "y\\'z\t1\n")
        }
    }

    @Test func errorsAreTyped() async throws {
        try await withDatabase { client in
            let missing = try #require(try await error { try await client.query("SELECT * FROM nowhere") })
            #expect(
                missing.code == .unknownTable && missing.name == "UNKNOWN_TABLE" && missing.disposition == .user
                    && missing.httpStatus == 404)
            let syntax = try #require(try await error { try await client.execute("SELEC 'hunter2'", secrets: ["hunter2"]) })
            #expect(syntax.code == .syntaxError && !syntax.message.contains("hunter2") && !syntax.message.contains("version"))
            try await client.execute("CREATE TABLE t (x Int32) ENGINE = MergeTree ORDER BY x")
            let parse = try #require(
                try await error { try await client.insert("INSERT INTO t FORMAT JSONEachRow", body: Array(#"{"x":1}{"x":"a"}"#.utf8)) })
            #expect(parse.disposition == .user && parse.message.contains("row 2"))
            let denied = try ClickHouseClient(
                ClickHouseConnection(url: RealServer.url, user: "nobody", password: "secret-pw"), logger: Logger(label: "test"))
            let auth = try #require(try await error { try await denied.query("SELECT 1") })
            try await denied.shutdown()
            #expect(auth.code == .authenticationFailed && auth.disposition == .user && !auth.debugDescription.contains("secret-pw"))
        }
    }

    /// The server refuses at the first row while most of the body is still on its way.
    @Test func earlyRefusalOfALargeBody() async throws {
        try await withDatabase { client in
            try await client.execute("CREATE TABLE t (x Int32) ENGINE = MergeTree ORDER BY x")
            let body = Array(String(repeating: "{\"x\":\"bad\"}\n", count: 3_000_000).utf8)
            let error = try #require(try await error { try await client.insert("INSERT INTO t FORMAT JSONEachRow", body: body) })
            #expect(error.disposition == .user)
            #expect(error.code.rawValue > 0)
        }
    }

    @Test(arguments: [
        "TSV", "CSV", "JSON", "JSONCompact", "JSONEachRow", "JSONCompactEachRow", "JSONStringsEachRow", "JSONColumns", "JSONObjectEachRow",
        "XML", "Native", "RowBinary", "Parquet", "ArrowStream", "Vertical", "Values", "Markdown", "MsgPack",
    ])
    func lateExceptionsAreFoundInEveryFormat(format: String) async throws {
        try await withDatabase { client in
            let sql = "SELECT throwIf(number = 200000) x FROM numbers(300000) SETTINGS max_block_size = 1000 FORMAT \(format)"
            // A broken connection is the other right answer: the HTTP client may lose the last bytes before the server aborts, and the
            // exception is in them. What must not happen is an answer that looks whole.
            let error = try #require(try await error { try await client.query(sql) })
            #expect(error.name == "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO" || error.code == .connectionLost)
            let streamed = try #require(
                try await self.error {
                    for try await bytes in try await client.stream(sql) { #expect(!String(buffer: bytes).contains("DB::Exception")) }
                })
            #expect(streamed.name == "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO" || streamed.code == .connectionLost)
        }
    }

    @Test func streamsAreWhole() async throws {
        try await withDatabase { client in
            var count = 0
            for try await bytes in try await client.stream("SELECT number, 'x' FROM numbers(2000000) FORMAT TSV") {
                count += bytes.readableBytesView.count { $0 == 10 }
            }
            #expect(count == 2_000_000)
        }
    }

    @Test func timeoutKillsOnTheServer() async throws {
        struct Count: Decodable, Sendable { var c: Int }
        try await withDatabase { client in
            let id = UUID().uuidString
            let error = try #require(
                try await error {
                    try await client.execute(
                        "SELECT sleepEachRow(1) FROM numbers(60) SETTINGS max_block_size = 1 FORMAT Null", queryID: id,
                        timeout: .milliseconds(300))
                })
            #expect(error.code == .timedOut)
            // Killed SYNC: nothing of it is left.
            let running = try await client.rows(
                Count.self, "SELECT count() c FROM system.processes WHERE query_id = {i:String}", parameters: ["i": id])
            #expect(running.first?.c == 0)
        }
    }
}
