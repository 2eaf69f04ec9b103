import Catalog
import ClickHouse
import Foundation
import PipeTesting
import QueryEndpoints
import Testing

@Suite(.enabled(if: AccountServer.isThere), .serialized, .timeLimit(.minutes(3)))
struct QueryAccountsTests {
    private static let user = "penstock_query_7d1f2c0a"

    private func run(
        _ client: ClickHouseClient, _ sql: String, role: String?, settings: [String: String] = [:]
    ) async throws -> String {
        var settings = settings
        settings["default_format"] = "TSV"
        return try await client.query(Statement(sql, settings: settings, roles: role.map { [$0] } ?? [])).text
    }

    @Test func aReadOnlyRunReadsTablesAndNothingElse() async throws {
        try await AccountServer.run { server in
            try await server.admin(
                "CREATE TABLE default.t (a UInt8) ENGINE = MergeTree ORDER BY a", "INSERT INTO default.t VALUES (1), (2)",
                "SYSTEM FLUSH LOGS")
            try await server.withAccounts { accounts in
                try await accounts.prepare(roles: ["sql_console_read_only"], service: AccountServer.service)
                let client = try await accounts.client(service: AccountServer.service)
                let role = "sql_console_read_only"
                #expect(try await run(client, "SELECT sum(a) FROM default.t", role: role) == "3\n")
                for table in ["tables", "columns", "databases", "numbers", "one", "functions", "settings", "parts", "metrics"] {
                    #expect(
                        try await code { _ = try await run(client, "SELECT 1 FROM system.\(table) LIMIT 1", role: role) } == nil,
                        "system.\(table)")
                }
                let forbidden = [
                    "INSERT INTO default.t VALUES (3)", "CREATE TABLE default.u (a UInt8) ENGINE = Memory", "DROP TABLE default.t",
                    "ALTER TABLE default.t DELETE WHERE 1", "TRUNCATE TABLE default.t",
                    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'x String')",
                    "SELECT * FROM s3('http://127.0.0.1:1/bucket/k.csv', 'CSV', 'x String')",
                    "SELECT * FROM file('x.csv', 'CSV', 'x String')", "SELECT * FROM remote('127.0.0.1:1', 'system', 'one')",
                    "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')", "SELECT * FROM executable('x', 'CSV', 'x String')",
                    "SELECT query FROM system.query_log", "SELECT * FROM merge('system', 'query_log')",
                    "SELECT query FROM system.processes", "SELECT name FROM system.users", "SELECT * FROM system.grants",
                    "SELECT * FROM system.server_settings", "SELECT * FROM system.clusters", "SELECT * FROM system.query_cache",
                    "KILL QUERY WHERE 1 ASYNC", "SYSTEM FLUSH LOGS", "CREATE USER x", "SET DEFAULT ROLE ALL TO \(Self.user)",
                    "GRANT SELECT ON *.* TO \(Self.user)", "ALTER USER \(Self.user) IDENTIFIED BY 'x'",
                ]
                for sql in forbidden {
                    #expect(try await code { _ = try await run(client, sql, role: role) } == 497, "\(sql)")
                }
                #expect(try await server.text("SELECT count() FROM default.t") == "2\n")
                // Without a role: nothing.
                #expect(try await code { _ = try await run(client, "SELECT a FROM default.t", role: nil) } == 497)
                // A role that no endpoint of the service uses.
                try await server.admin("CREATE ROLE other", "GRANT SELECT ON *.* TO other")
                #expect(try await code { _ = try await run(client, "SELECT 1", role: "other") } == 512)
            }
        }
    }

    @Test func aRowPolicyHoldsAgainstSQLAndSettings() async throws {
        try await AccountServer.run { server in
            try await server.admin(
                "CREATE TABLE default.t (tenant String, a UInt8) ENGINE = MergeTree ORDER BY a",
                "INSERT INTO default.t VALUES ('a', 1), ('b', 2), ('b', 4)", "CREATE ROLE tenant_a", "CREATE ROLE tenant_of_setting",
                "GRANT SELECT ON default.t TO tenant_a, tenant_of_setting",
                "CREATE ROW POLICY only_a ON default.t USING tenant = 'a' TO tenant_a",
                "CREATE ROW POLICY by_setting ON default.t USING tenant = getSetting('SQL_tenant') TO tenant_of_setting")
            try await server.withAccounts { accounts in
                try await accounts.prepare(roles: ["tenant_a", "tenant_of_setting"], service: AccountServer.service)
                let client = try await accounts.client(service: AccountServer.service)
                let attempts = [
                    "SELECT sum(a) FROM default.t", "SELECT max(a) FROM default.t SETTINGS optimize_use_projections = 0",
                    "SELECT sum(a) FROM (SELECT * FROM default.t)", "SELECT sum(a) FROM merge('default', '^t$')",
                    "WITH x AS (SELECT a FROM default.t WHERE 1 OR 1) SELECT sum(a) FROM x",
                    "SELECT sum(a) FROM default.t PREWHERE a > 0 OR tenant = 'b'",
                    "SELECT count() FROM default.t SETTINGS optimize_trivial_count_query = 1",
                    "SELECT sum(a) FROM default.t SETTINGS additional_table_filters = {'default.t': '1'}",
                    "SELECT sum(a) FROM default.t WHERE throwIf(tenant = 'b') = 0",
                    "SELECT sum(a) FROM view(SELECT * FROM default.t)", "SELECT sum(a) FROM default.t SETTINGS SQL_tenant = 'b'",
                ]
                for sql in attempts { #expect(try await run(client, sql, role: "tenant_a") == "1\n", "\(sql)") }
                for sql in attempts.prefix(1) {
                    let settings = ["SQL_tenant": "b", "row_policy": "0"]
                    // The setting does not exist: refused, not ignored.
                    #expect(try await code { _ = try await run(client, sql, role: "tenant_a", settings: settings) } == 115)
                }
                // By setting: what the URL says counts, a statement cannot say otherwise once it is read-only, and without one: nothing.
                let role = "tenant_of_setting"
                let sum = "SELECT sum(a) FROM default.t"
                #expect(try await run(client, sum, role: role, settings: ["SQL_tenant": "b", "readonly": "1"]) == "6\n")
                #expect(
                    try await code {
                        _ = try await run(
                            client, sum + " SETTINGS SQL_tenant = 'b'", role: role, settings: ["SQL_tenant": "a", "readonly": "1"])
                    } == 164)
                #expect(try await code { _ = try await run(client, sum, role: role, settings: ["readonly": "1"]) } == 115)
            }
        }
    }

    @Test func whatWasLostIsMadeAgain() async throws {
        try await AccountServer.run { server in
            try await server.admin("CREATE ROLE reader", "CREATE ROLE left_over")
            try await server.catalog.create(Self.endpoint(roles: ["reader", "sql_console_read_only", "gone"]), author: "test")
            try await server.withAccounts { accounts in
                // No publishing in this process: the roles are those of the catalog.
                let client = try await accounts.client(service: AccountServer.service)
                #expect(try await run(client, "SELECT 1", role: "reader") == "1\n")
                #expect(try await run(client, "SELECT 1", role: "sql_console_read_only") == "1\n")

                for loss in ["DROP USER \(Self.user)", "REVOKE reader FROM \(Self.user)", "DROP ROLE sql_console_read_only"] {
                    server.clock.advance(by: .seconds(60))
                    try await server.admin(loss)
                    let role = loss.contains("console") ? "sql_console_read_only" : "reader"
                    let error = try #require(
                        await #expect(throws: ClickHouseError.self) { _ = try await run(client, "SELECT 1", role: role) })
                    // Many calls notice at once.
                    let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
                        for _ in 0..<20 {
                            group.addTask { try await accounts.recover(from: error, service: AccountServer.service) }
                        }
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                    #expect(answers.allSatisfy { $0 })
                    #expect(try await run(client, "SELECT 1", role: role) == "1\n", "\(loss)")
                    #expect(try await accounts.client(service: AccountServer.service) === client)
                }
                // A syntax error is nothing that a repair would change.
                let error = try #require(
                    await #expect(throws: ClickHouseError.self) { _ = try await run(client, "SELEC 1", role: "reader") })
                #expect(try await accounts.recover(from: error, service: AccountServer.service) == false)
            }
            // Rights and roles that somebody added are taken away at the next start.
            try await server.admin(
                "GRANT SELECT ON *.* TO \(Self.user)", "GRANT left_over TO \(Self.user)", "ALTER USER \(Self.user) DEFAULT ROLE ALL")
            try await server.withAccounts { accounts in
                let client = try await accounts.client(service: AccountServer.service)
                #expect(
                    try await server.text("SHOW GRANTS FOR \(Self.user)") == "GRANT reader, sql_console_read_only TO \(Self.user)\n")
                #expect(try await run(client, "SELECT currentRoles()", role: nil) == "[]\n")
            }
        }
    }

    @Test func rolesOfAnOperatorStayAndMissingOnesAreNamed() async throws {
        try await AccountServer.run { server in
            try await server.admin("CREATE ROLE sql_console_admin", "GRANT SELECT ON default.* TO sql_console_admin")
            try await server.withAccounts { accounts in
                try await accounts.prepare(
                    roles: ["sql_console_admin", "sql_console_read_only"], service: AccountServer.service)
                #expect(
                    try await server.text("SHOW GRANTS FOR sql_console_admin") == "GRANT SELECT ON default.* TO sql_console_admin\n")
                #expect(
                    try await server.text("SELECT name FROM system.roles ORDER BY name") == "sql_console_admin\nsql_console_read_only\n")
                let failure = await #expect(throws: QueryFailure.self) {
                    try await accounts.prepare(roles: ["no such `role'"], service: AccountServer.service)
                }
                #expect(failure?.status == 400)
                #expect(failure?.details.contains("'no such `role''") == true)
                let unknown = await #expect(throws: QueryFailure.self) { _ = try await accounts.client(service: "other") }
                #expect(unknown?.status == 404)
                // Made when missing: everything that the service's user has.
                try await server.admin("DROP ROLE sql_console_admin")
                try await accounts.prepare(roles: ["sql_console_admin"], service: AccountServer.service)
                let client = try await accounts.client(service: AccountServer.service)
                for sql in ["CREATE TABLE default.x (a UInt8) ENGINE = Memory", "INSERT INTO default.x VALUES (1)", "DROP TABLE default.x"]
                {
                    _ = try await run(client, sql, role: "sql_console_admin")
                }
            }
        }
    }

    @Test func aUserOfTheOperatorIsCheckedOnly() async throws {
        try await AccountServer.run { server in
            try await server.admin(
                "CREATE ROLE reader", "CREATE ROLE stranger", "CREATE USER api IDENTIFIED WITH plaintext_password BY 'pw-of-api'",
                "GRANT reader TO api")
            func prepare(_ roles: [String], password: String = "pw-of-api") async throws -> QueryFailure? {
                do {
                    try await server.withAccounts(account: .configured(user: "api", password: password)) {
                        try await $0.prepare(roles: roles, service: AccountServer.service)
                    }
                    return nil
                } catch let failure as QueryFailure {
                    return failure
                }
            }
            #expect(try await prepare(["reader"]) == nil)
            #expect(try await prepare(["reader", "stranger"])?.code == "ROLE_NOT_GRANTED")
            #expect(try await prepare(["stranger"])?.details.contains("GRANT `stranger` TO `api`") == true)
            #expect(try await prepare(["nobody"])?.code == "UNKNOWN_ROLE")
            let refused = try await prepare(["reader"], password: "wrong-password")
            #expect(refused?.code == "QUERY_USER_REFUSED")
            #expect(refused?.details.contains("wrong-password") == false)
            try await server.admin("GRANT SELECT ON default.* TO api")
            let failure = try await prepare(["reader"])
            #expect(failure?.code == "QUERY_USER_HAS_RIGHTS")
            #expect(failure?.details.contains("SELECT ON default.*") == true)
            #expect(try await server.text("SELECT name FROM system.users WHERE name LIKE 'penstock_query%'") == "")
        }
    }

    @Test func aServiceUserWithoutRightsIsToldWhatToGrant() async throws {
        try await AccountServer.run { server in
            try await server.admin("CREATE USER pipes IDENTIFIED WITH plaintext_password BY 'pw-of-pipes'", "CREATE ROLE reader")
            try await server.with(user: "pipes", password: "pw-of-pipes") { pipes in
                try await server.withAccounts(client: pipes) { accounts in
                    let failure = try #require(
                        await #expect(throws: QueryFailure.self) {
                            try await accounts.prepare(roles: ["reader"], service: AccountServer.service)
                        })
                    #expect(failure.status == 400)
                    #expect(failure.code == "ACCESS_MANAGEMENT_DENIED")
                    #expect(failure.details.contains("queryUser"))
                    let call = try #require(
                        await #expect(throws: QueryFailure.self) { _ = try await accounts.client(service: AccountServer.service) })
                    #expect(call.status == 502)
                    for hidden in ["pipes", "127.0.0.1", Self.user, "CREATE USER"] { #expect(!call.details.contains(hidden)) }

                    // The rights that the message asks for are enough, with those that the console role is to have.
                    try await server.admin(
                        "GRANT \(QueryAccounts.neededRights) ON *.* TO pipes", "GRANT SELECT ON default.* TO pipes WITH GRANT OPTION")
                    try await accounts.prepare(roles: ["reader", "sql_console_read_only"], service: AccountServer.service)
                    let client = try await accounts.client(service: AccountServer.service)
                    #expect(try await run(client, "SELECT 1", role: "reader") == "1\n")
                    #expect(
                        try await server.text("SHOW GRANTS FOR sql_console_read_only")
                            == "GRANT SELECT ON default.* TO sql_console_read_only\n")
                }
            }
        }
    }

    @Test func thePasswordIsNowhereToBeRead() async throws {
        try await AccountServer.run { server in
            try await server.withAccounts { accounts in
                try await accounts.prepare(roles: ["sql_console_read_only"], service: AccountServer.service)
                let client = try await accounts.client(service: AccountServer.service)
                _ = try await run(client, "SELECT 1", role: "sql_console_read_only")
                try await server.admin("DROP USER \(Self.user)")
                let error = await #expect(throws: ClickHouseError.self) {
                    _ = try await run(client, "SELECT 1", role: "sql_console_read_only")
                }
                #expect(String(reflecting: error).contains(AccountServer.password) == false)
                #expect(String(reflecting: accounts.clients.map(\.connection)).contains(AccountServer.password) == false)
                _ = try await accounts.recover(from: #require(error), service: AccountServer.service)
                try await server.admin("SYSTEM FLUSH LOGS")
                let found =
                    "SELECT count() FROM system.query_log WHERE position(concat(query, exception, toString(Settings)), {p:String}) > 0"
                #expect(try await server.text(found, parameters: ["p": AccountServer.password]) == "0\n")
                #expect(
                    try await server.text(
                        "SELECT count() > 0 FROM system.query_log WHERE query LIKE 'CREATE USER IF NOT EXISTS % sha256_password HOST %'")
                        == "1\n")
            }
        }
    }

    @Test func aStatementOfAnEndpointIsStoppedByTheServicesUser() async throws {
        try await AccountServer.run { server in
            try await server.withAccounts { accounts in
                try await accounts.prepare(roles: ["sql_console_read_only"], service: AccountServer.service)
                let client = try await accounts.client(service: AccountServer.service)
                let sql =
                    "SELECT sleepEachRow(1) FROM numbers(600) SETTINGS function_sleep_max_microseconds_per_block = 0, max_block_size = 1"
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        _ = try await client.query(
                            Statement(sql, roles: ["sql_console_read_only"], queryID: "to-be-stopped"), timeout: nil)
                    }
                    let running = "SELECT count() FROM system.processes WHERE query_id = 'to-be-stopped'"
                    while try await server.text(running) != "1\n" { await Task.yield() }
                    group.cancelAll()
                    let error = await #expect(throws: ClickHouseError.self) { try await group.next() }
                    #expect(error?.code == .cancelled)
                    while try await server.text(running) != "0\n" { await Task.yield() }
                }
            }
        }
    }

    private static func endpoint(roles: [String]) -> QueryEndpointRecord {
        QueryEndpointRecord(
            id: "11111111-0000-4000-8000-000000000001", serviceID: AccountServer.service, name: "e",
            query: EndpointQuery(sql: "SELECT 1", database: "default"), apiKeyIDs: [], roles: roles,
            createdAt: Date(timeIntervalSince1970: 0), updatedAt: Date(timeIntervalSince1970: 0))
    }
}
