import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import Testing

@Suite struct ServiceQueryEndpointTests {
    private let path = "~~/serviceQueryEndpoint"

    @Test func itIsMadeReplacedAndRemoved() async throws {
        let fixture = try await APIFixture()
        let key = try await fixture.keyID("query")
        let admin = try await fixture.keyID("admin")
        try await fixture.run { client async throws in
            #expect(try await client.send(.get, path).status == 404)
            #expect(try await client.send(.delete, path).status == 404)
            let body: JSONValue = [
                "roles": ["sql_console_read_only"], "openApiKeys": [.string(key)], "allowedOrigins": " https://a.example , b.example,",
            ]
            let made = try await client.send(.post, path, body: body)
            #expect(made.status == 200, "\(made.error)")
            let id = try #require(made.result["id"]?.string)
            #expect(
                made.result == [
                    "id": .string(id), "roles": ["sql_console_read_only"], "openApiKeys": [.string(key)],
                    "allowedOrigins": "https://a.example,b.example",
                ])
            #expect(try await client.send(.get, path).result == made.result)
            let replaced = try await client.send(
                .post, path, body: ["roles": ["sql_console_admin"], "openApiKeys": [.string(admin), .string(key)]])
            #expect(replaced.result["id"] == .string(id), "the id stays")
            #expect(replaced.result["allowedOrigins"] == "" && replaced.result["roles"] == ["sql_console_admin"])
            _ = try await fixture.catalog.deleteKey(key)
            #expect(try await client.send(.get, path).result["openApiKeys"] == [.string(admin)], "a deleted key is not shown")
            #expect(try await client.send(.delete, path).status == 200)
            #expect(try await client.send(.get, path).status == 404)
        }
        #expect(fixture.queries.prepared == [["sql_console_read_only"], ["sql_console_admin"]])
        let types = try await fixture.catalog.activities(from: nil, to: nil).map(\.type)
        #expect(types == ["query_endpoint_service_delete", "query_endpoint_service_update", "query_endpoint_service_update"])
    }

    @Test func allProblemsAreNamedAtOnce() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            let answer = try await client.send(
                .post, path,
                body: [
                    "roles": [], "openApiKeys": ["dddddddd-0000-4000-8000-000000000001"], "allowedOrigins": "*, https://a.example/x",
                ])
            #expect(answer.status == 400)
            #expect(answer.error.contains("roles must have at least 1"), "\(answer.error)")
            let rest = try await client.send(
                .post, path,
                body: [
                    "roles": ["r"], "openApiKeys": ["dddddddd-0000-4000-8000-000000000001"], "allowedOrigins": "*, https://a.example/x",
                ])
            #expect(rest.error.contains("openApiKeys[0] is not the resource id of an API key"), "\(rest.error)")
            #expect(rest.error.contains("allowedOrigins entry 2 must end after host and port"), "\(rest.error)")
        }
    }

    @Test(arguments: [
        ("*", true), ("null", true), ("https://app.example.com", true), ("http://localhost:3000", true), ("https://[::1]:8443", true),
        ("app.example.com", true), ("localhost:3000", true), ("capacitor://localhost", true), ("https://xn--bcher-kva.example", true),
        ("", false), (" ", false), ("https://", false), ("https://a.example/", false), ("https://a.example/x", false),
        ("https://a b.example", false), ("*.example.com", false), ("https://*.example.com", false), ("https://u:p@a.example", false),
        ("https://a.example:0", false), ("https://a.example:65536", false), ("https://a.example:+8", false),
        ("https://bücher.example", false),
        ("a..example", false), ("://a.example", false), ("1s://a.example", false), ("https://a.example?x", false), ("[::1", false),
    ])
    func originsAreOriginsOrDomains(_ entry: String, _ isGood: Bool) {
        #expect((AllowedOrigin.objection(to: entry) == nil) == isGood, "\(entry): \(AllowedOrigin.objection(to: entry) ?? "fine")")
    }
}
