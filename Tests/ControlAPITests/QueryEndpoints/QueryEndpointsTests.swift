import Catalog
import ClickHouse
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import QueryEndpoints
import Testing

typealias HTTPMethod = HTTPRequest.Method

@Suite struct QueryEndpointsTests {
    @Test func theWholeLifeOfAnEndpoint() async throws {
        let fixture = try await APIFixture()
        let key = try await fixture.keyID("query")
        try await fixture.run { client async throws in
            let made = try await client.makeEndpoint(fixture) {
                $0["parameters"] = ["year": "2010"]
                $0["allowedOrigins"] = ["https://app.example.com", "example.org"]
            }
            let id = try #require(made["id"]?.string)
            #expect(made["url"] == .string("http://localhost/run/\(id)"))
            #expect(made["ownerType"] == "queryApiEndpoint")
            #expect(made["apiKeyIds"] == [.string(key)])
            #expect(made["parameters"] == ["year": "2010"] && made["sql"] == .string(QueryBodies.sql))
            #expect(made["version"] == 1 && made["answerVersion"] == 2)
            let path = "~~/query-api-endpoints/\(id)"
            #expect(try await client.send(.get, path).result == made)
            let list = try await client.send(.get, "~~/query-api-endpoints")
            let item = try #require(list.result.array?.first)
            #expect(item["id"] == .string(id) && item["url"] == made["url"] && item["sql"] == nil && item["parameters"] == nil)
            #expect(list.body["totalCount"] == 1 && list.body["limit"] == 100)
            let replaced = try await client.send(.put, path, body: QueryBodies.endpoint(keys: [key]) { $0["name"] = "new" })
            #expect(replaced.status == 200, "\(replaced.error)")
            #expect(replaced.result["name"] == "new")
            #expect(replaced.result["parameters"] == [:] && replaced.result["allowedOrigins"] == [], "what is left out becomes empty")
            #expect(replaced.result["version"] == 2)
            #expect(try await client.send(.delete, path).status == 200)
            for method in [HTTPMethod.get, .delete] { #expect(try await client.send(method, path).status == 404) }
        }
        let activities = try await fixture.catalog.activities(from: nil, to: nil)
        #expect(activities.map(\.type) == ["query_endpoint_delete", "query_endpoint_update", "query_endpoint_create"])
        #expect(activities.allSatisfy { $0.serviceID == APIFixture.serviceID && $0.targetID != nil })
    }

    @Test func theURLIsTheConfiguredOne() async throws {
        var fixture = try await APIFixture()
        fixture.configuration.publicURL = "https://api.example.com/penstock"
        try await fixture.run { [fixture] client async throws in
            let made = try await client.makeEndpoint(fixture)
            #expect(made["url"] == .string("https://api.example.com/penstock/run/\(made["id"]?.string ?? "")"))
        }
    }

    @Test func whatTheCloudDoesNotHaveStaysUntilItIsReset() async throws {
        let fixture = try await APIFixture()
        let key = try await fixture.keyID("query")
        let secret = "0123456789abcdef0123456789abcdef"
        let extensions: JSONValue = [
            "format": "CSV", "cacheSeconds": 60, "answerVersion": 1, "savedQueryId": "ABCDEFAB-0000-4000-8000-000000000001",
            "limits": ["resultRows": 10, "concurrency": 3, "settings": ["max_bytes_before_external_sort"]],
            "tokens": ["algorithm": "HS256", "secret": .string(secret), "issuer": "me", "fixedParameters": ["year": "yr"]],
        ]
        @Sendable func body(_ more: JSONValue = [:]) -> JSONValue {
            .object((QueryBodies.endpoint(keys: [key]).object ?? [:]).merging(more.object ?? [:]) { $1 })
        }
        try await fixture.run { client async throws in
            let answer = try await client.send(.post, "~~/query-api-endpoints", body: body(extensions))
            #expect(answer.status == 201, "\(answer.error)")
            #expect(!answer.text.contains(secret))
            let id = try #require(answer.result["id"]?.string)
            let path = "~~/query-api-endpoints/\(id)"
            #expect(answer.result["limits"] == extensions["limits"] && answer.result["cacheSeconds"] == 60)
            #expect(answer.result["tokens"] == ["algorithm": "HS256", "issuer": "me", "fixedParameters": ["year": "yr"]])
            #expect(answer.result["savedQueryId"] == "abcdefab-0000-4000-8000-000000000001")
            let before = try #require(try await fixture.catalog.queryEndpoint(id))
            #expect(before.tokens?.secret == secret)

            let unaware = try await client.send(.put, path, body: body())
            #expect(unaware.status == 200, "\(unaware.error)")
            let after = try #require(try await fixture.catalog.queryEndpoint(id))
            #expect(after == before, "a client of the contract lifts no limit")

            var document = unaware.result
            document["name"] = "renamed"
            let roundTrip = try await client.send(.put, path, body: document)
            #expect(roundTrip.status == 200, "\(roundTrip.error)")
            #expect(try await fixture.catalog.queryEndpoint(id)?.tokens?.secret == secret, "what was read can be sent back")

            let reset = try await client.send(
                .put, path,
                body: body(["format": nil, "cacheSeconds": nil, "answerVersion": nil, "limits": nil, "tokens": nil, "savedQueryId": nil]))
            #expect(reset.status == 200)
            let plain = try #require(try await fixture.catalog.queryEndpoint(id))
            #expect(plain.query.format == nil && plain.query.cacheSeconds == nil && plain.answerVersion == 2)
            #expect(plain.limits == EndpointLimits() && plain.tokens == nil && plain.savedQueryID == nil)
        }
    }

    @Test func allProblemsAreNamedAtOnce() async throws {
        let fixture = try await APIFixture()
        try await fixture.addKey("idle")
        let idle = try await fixture.keyID("idle")
        let body: JSONValue = [
            "name": "  ", "database": "", "sql": "SELECT {year:UInt16}; DROP TABLE t", "roles": ["", "a\nb"],
            "apiKeyIds": ["dddddddd-0000-4000-8000-000000000001", .string(idle)],
            "allowedOrigins": ["https://ok.example", "https://no.example/path", "*.example.com"], "format": "no format",
            "answerVersion": 3, "cacheSeconds": 0, "limits": ["concurrency": 0, "settings": ["a b", "readonly"]],
            "tokens": ["algorithm": "HS256", "secret": "short"],
        ]
        try await fixture.run { client async throws in
            let answer = try await client.send(.post, "~~/query-api-endpoints", body: body)
            #expect(answer.status == 400)
            for field in [
                "name must not be blank", "database must not be empty", "sql ", "roles[0] must not be empty", "roles[1] must not hold line",
                "apiKeyIds[0] is not the resource id", "apiKeyIds[1] may not run query endpoints", "allowedOrigins[1] ",
                "allowedOrigins[2] ", "format must be the name", "answerVersion must be <= 2", "cacheSeconds must be >= 1",
                "limits.concurrency must be >= 1", "limits.settings[0] ", "limits.settings[1] ", "tokens.secret ",
            ] {
                #expect(answer.error.contains(field), "\(field): \(answer.error)")
            }
            #expect(!answer.error.contains("allowedOrigins[0]"))
            let empty = try await client.send(.post, "~~/query-api-endpoints", body: [:])
            for field in ["name", "sql", "database", "apiKeyIds", "roles"] { #expect(empty.error.contains("\(field) is required")) }
        }
        #expect(fixture.queries.prepared == [], "nothing was asked of the service")
    }

    @Test(arguments: [
        ("SELECT {a:UInt8}", ["a": "300"], "parameters.a is not a value of type UInt8"),
        ("SELECT {a:UInt8}", ["a": ""], "parameters.a is not a value of type UInt8"),
        ("SELECT {a:UInt8}, {d:Date}", ["a": "-1", "d": "2020-13-45"], "parameters.d is not a value of type Date"),
        ("SELECT {a:UInt8}", ["b": "1"], "parameters.b is not a parameter of the SQL, which has a"),
        ("SELECT 1", ["b": "1"], "parameters.b is not a parameter of the SQL, which has none"),
        ("SELECT {a:Enum8('x'=1)}", ["a": "y"], "parameters.a is not a value of type"),
    ])
    func defaultsMustFitTheirParameters(_ sql: String, _ parameters: [String: String], _ problem: String) async throws {
        let fixture = try await APIFixture()
        let key = try await fixture.keyID("query")
        try await fixture.run { client async throws in
            let answer = try await client.send(
                .post, "~~/query-api-endpoints",
                body: QueryBodies.endpoint(keys: [key]) {
                    $0["sql"] = .string(sql)
                    $0["parameters"] = .object(parameters.mapValues { .string($0) })
                })
            #expect(answer.status == 400 && answer.error.contains(problem), "\(answer.error)")
        }
    }

    @Test func statementsThatWriteNeedARoleThatMay() async throws {
        let fixture = try await APIFixture()
        let key = try await fixture.keyID("query")
        try await fixture.run { client async throws in
            let insert: (inout JSONValue) -> Void = {
                $0["sql"] = "INSERT INTO t VALUES ({a:UInt8})"
                $0["cacheSeconds"] = 5
            }
            let refused = try await client.send(
                .post, "~~/query-api-endpoints", body: QueryBodies.endpoint(keys: [key], insert))
            #expect(refused.status == 400)
            #expect(refused.error.contains("roles hold nothing but sql_console_read_only"))
            #expect(refused.error.contains("cacheSeconds is only for statements that read"))
            let unknown = try await client.send(
                .post, "~~/query-api-endpoints", body: QueryBodies.endpoint(keys: [key]) { $0["sql"] = "SELCT 1" })
            #expect(unknown.status == 400 && unknown.error.contains("sql begins with 'SELCT'"), "\(unknown.error)")
            let made = try await client.makeEndpoint(fixture) {
                $0["sql"] = "INSERT INTO t VALUES ({a:UInt8})"
                $0["roles"] = ["sql_console_admin"]
            }
            #expect(made["roles"] == ["sql_console_admin"])
        }
    }

    @Test func deletedKeysAreNotShown() async throws {
        let fixture = try await APIFixture()
        let extra = try await fixture.addKey("extra", roles: ["query_endpoints"]).id
        let key = try await fixture.keyID("query")
        try await fixture.run { client async throws in
            let made = try await client.makeEndpoint(fixture) { $0["apiKeyIds"] = [.string(extra), .string(key)] }
            #expect(made["apiKeyIds"]?.array?.count == 2)
            _ = try await fixture.catalog.deleteKey(extra)
            let path = "~~/query-api-endpoints/\(made["id"]?.string ?? "")"
            let left = try await client.send(.get, path)
            #expect(left.result["apiKeyIds"] == [.string(key)])
            #expect(try await client.send(.put, path, body: left.result).status == 200)
        }
    }

    @Test func anEndpointOfAnotherServiceIsNotFound() async throws {
        let fixture = try await APIFixture()
        let other = "bbbbbbbb-0000-4000-8000-000000000002"
        try await fixture.catalog.create(
            ServiceRecord(id: other, configurationName: "other", name: "other", createdAt: APIFixture.start))
        try await fixture.run { client async throws in
            let made = try await client.makeEndpoint(fixture)
            let id = made["id"]?.string ?? ""
            for suffix in ["", "/versions", "/versions/1", "/openapi"] {
                #expect(try await client.send(.get, "~/services/\(other)/query-api-endpoints/\(id)\(suffix)").status == 404)
                #expect(try await client.send(.get, "~~/query-api-endpoints/\(id)\(suffix)").status == 200)
            }
            let published = try await client.send(.post, "~/services/\(other)/query-api-endpoints/\(id)/versions/1/publish")
            #expect(published.status == 404)
        }
    }
}
