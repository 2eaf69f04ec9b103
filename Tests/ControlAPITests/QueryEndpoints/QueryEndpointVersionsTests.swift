import Catalog
import ClickHouse
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import QueryEndpoints
import Testing

@Suite struct QueryEndpointVersionsTests {
    private func numbers(_ answer: APIAnswer) -> [Int64] { (answer.result.array ?? []).compactMap { $0["number"]?.integer } }
    private func published(_ answer: APIAnswer) -> [Int64] {
        (answer.result.array ?? []).filter { $0["published"] == true }.compactMap { $0["number"]?.integer }
    }

    @Test func everyChangeOfTheQueryIsKept() async throws {
        let fixture = try await APIFixture()
        let admin = try await fixture.keyID("admin")
        try await fixture.run { client async throws in
            var body = try await client.makeEndpoint(fixture)
            let path = "~~/query-api-endpoints/\(body["id"]?.string ?? "")"
            body["name"] = "renamed"
            #expect(try await client.send(.put, path, body: body).result["version"] == 1, "a name is no version")
            fixture.time.advance(60)
            body["sql"] = "SELECT 2"
            #expect(try await client.send(.put, path, body: body).result["version"] == 2)
            let list = try await client.send(.get, "\(path)/versions")
            #expect(numbers(list) == [2, 1] && published(list) == [2])
            let newest = try #require(list.result.array?.first)
            #expect(newest["sql"] == "SELECT 2" && newest["author"] == .string(admin) && newest["authorName"] == "admin")
            #expect(newest["createdAt"] == "2026-01-01T00:01:00.000Z")
            let first = try await client.send(.get, "\(path)/versions/1")
            #expect(first.result == list.result.array?.last)
            #expect(first.result["sql"] == .string(QueryBodies.sql) && first.result["published"] == false)
            for (version, status) in [("3", 404), ("0", 400), ("x", 400), ("99999999999999999999", 400)] {
                #expect(try await client.send(.get, "\(path)/versions/\(version)").status == status, "\(version)")
            }
        }
    }

    @Test func aVersionCanBeKeptAndPublishedLater() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            var body = try await client.makeEndpoint(fixture)
            let path = "~~/query-api-endpoints/\(body["id"]?.string ?? "")"
            body["sql"] = "SELECT 'draft'"
            body["name"] = "renamed"
            body["publish"] = false
            let kept = try await client.send(.put, path, body: body)
            #expect(kept.status == 200 && kept.result["keptVersion"] == 2, "\(kept.error)")
            #expect(kept.result["version"] == 1 && kept.result["sql"] == .string(QueryBodies.sql))
            #expect(kept.result["name"] == "renamed", "everything but the query takes effect")
            #expect(try await client.send(.put, path, body: body).result["keptVersion"] == 2, "the same again is no further version")
            #expect(try await client.send(.get, path).result["keptVersion"] == nil)
            #expect(published(try await client.send(.get, "\(path)/versions")) == [1])
            let done = try await client.send(.post, "\(path)/versions/2/publish")
            #expect(done.status == 200 && done.result["version"] == 2 && done.result["sql"] == "SELECT 'draft'")
            let back = try await client.send(.post, "\(path)/versions/1/publish")
            #expect(back.result["version"] == 1 && back.result["sql"] == .string(QueryBodies.sql))
            let list = try await client.send(.get, "\(path)/versions")
            #expect(numbers(list) == [2, 1] && published(list) == [1], "a rollback makes no version")
        }
        #expect(fixture.queries.attempts.map(\.sql).suffix(2) == ["EXPLAIN SELECT 'draft'", "EXPLAIN \(QueryBodies.sql)"])
        let types = try await fixture.catalog.activities(from: nil, to: nil).map(\.type)
        #expect(types.prefix(2) == ["query_endpoint_publish", "query_endpoint_publish"])
    }

    @Test func publishingIsCheckedAgain() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            var body = try await client.makeEndpoint(fixture)
            let path = "~~/query-api-endpoints/\(body["id"]?.string ?? "")"
            body["sql"] = "SELECT 1"
            body["tokens"] = [
                "algorithm": "HS256", "secret": "0123456789abcdef0123456789abcdef", "fixedParameters": ["year": "yr"],
            ]
            let fixed = try await client.send(.put, path, body: body)
            #expect(fixed.status == 400 && fixed.error.contains("tokens.fixedParameters.year"), "\(fixed.error)")
            body["tokens"] = nil
            #expect(try await client.send(.put, path, body: body).result["version"] == 2)
            fixture.queries.answer(attempt: QueryFailure(400, "60", "Table default.youtube does not exist"))
            let gone = try await client.send(.post, "\(path)/versions/1/publish")
            #expect(gone.status == 400 && gone.error.contains("does not exist"))
            #expect(try await client.send(.get, path).result["version"] == 2)
        }
    }
}
