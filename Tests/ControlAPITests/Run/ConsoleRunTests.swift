import Catalog
import ControlAPI
import Foundation
import HTTPTypes
import HummingbirdTesting
import PipeCore
import Testing

/// SQL of a person who is signed in to the console: with their own rights, without a route that anybody set up.
@Suite(.enabled(if: RunFixture.isThere), .serialized) struct ConsoleRunTests {
    /// Headers of a session of the key.
    private static func session(_ fixture: RunFixture, _ client: RunClient, _ key: String) async throws -> [String: String] {
        let record = try #require(try await fixture.base.catalog.key(idHash: Digest.of("\(key)-id")))
        let (token, session) = fixture.base.sessions.open(keyID: record.id, keyIDHash: record.keyIDHash, at: fixture.base.time.now)
        return ["Cookie": "penstock-session-\(client.client.port ?? 0)=\(token)", "X-CSRF-Token": session.csrfToken]
    }

    private static func sql(_ text: String) -> String { #"{"sql":"\#(text)"}"# }

    @Test func anAdministratorMayDoEverythingWithoutARoute() async throws {
        try await RunFixture.run { fixture, client async throws in
            let path = "/service/\(APIFixture.serviceID)/run"
            let headers = try await Self.session(fixture, client, "admin")
            func run(_ sql: String) async throws -> RunAnswer {
                try await client.send(.post, path, key: nil, body: Self.sql(sql), headers: headers)
            }
            #expect(try await run("SELECT 1 AS one FORMAT JSONEachRow").text == "{\"one\":1}\n")
            #expect(try await run("CREATE TABLE \(fixture.database).t (a UInt8) ENGINE = MergeTree ORDER BY a").status == 200)
            #expect(try await run("INSERT INTO \(fixture.database).t VALUES (7)").status == 200)
            #expect(try await fixture.text("SELECT a FROM t") == "7\n")
            // The same key by its secret needs the route, as in the cloud.
            #expect(try await client.send(.post, path, key: "admin", body: Self.sql("SELECT 1")).status == 403)
        }
    }

    @Test func whoMayNotManageTheServiceOnlyReads() async throws {
        try await RunFixture.run { fixture, client async throws in
            let path = "/service/\(APIFixture.serviceID)/run"
            let headers = try await Self.session(fixture, client, "developer")
            #expect(try await client.send(.post, path, key: nil, body: Self.sql("SELECT 1"), headers: headers).status == 200)
            let write = try await client.send(
                .post, path, key: nil, body: Self.sql("CREATE TABLE \(fixture.database).t (a UInt8) ENGINE = Memory"), headers: headers)
            #expect(write.status == 403)
            #expect(
                try await client.send(.post, path, key: nil, body: Self.sql("SELECT * FROM system.users"), headers: headers).status == 403)
        }
    }

    @Test func withoutThePermissionOrTheTokenNothingRuns() async throws {
        try await RunFixture.run { fixture, client async throws in
            let path = "/service/\(APIFixture.serviceID)/run"
            let guest = try await client.send(
                .post, path, key: nil, body: Self.sql("SELECT 1"), headers: try await Self.session(fixture, client, "query"))
            #expect(guest.status == 403)
            #expect(guest.text.contains("sql-console:database:access"))
            var headers = try await Self.session(fixture, client, "admin")
            headers["X-CSRF-Token"] = nil
            #expect(try await client.send(.post, path, key: nil, body: Self.sql("SELECT 1"), headers: headers).status == 403)
        }
    }

    @Test func endpointsRunForTheKeysTheyAreBoundTo() async throws {
        try await RunFixture.run { fixture, client async throws in
            let id = try await fixture.endpoint("SELECT {n:UInt8} AS n")
            let path = "/run/\(id)?format=JSONEachRow&param_n=3"
            let headers = try await Self.session(fixture, client, "admin")
            let answer = try await client.send(.get, path, key: nil, headers: headers)
            #expect(answer.text == "{\"n\":3}\n")
            #expect(answer["content-security-policy"] == "default-src 'none'; sandbox", "opened as a page it is none of the console's")
            #expect(answer["cache-control"] == "no-store")
            // A browser may hold a key, too, and send it by itself.
            let byKey = try await client.send(.get, path, key: "query")
            #expect(byKey["content-security-policy"] == "default-src 'none'; sandbox")
            #expect(byKey["cache-control"] != "no-store")
            #expect(
                try await client.send(.get, path, key: nil, headers: try await Self.session(fixture, client, "developer")).status == 403)
            #expect(
                try await client.send(.get, path, key: nil, headers: headers.merging(["Sec-Fetch-Site": "cross-site"]) { $1 }).status == 403
            )
        }
    }
}
