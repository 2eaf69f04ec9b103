import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import Testing

@Suite struct SavedQueriesTests {
    @Test func theWholeLifeOfASavedQuery() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            let made = try await client.send(.post, "~~/saved-queries", body: QueryBodies.saved)
            #expect(made.status == 201 && made.body["status"] == 201)
            let id = try #require(made.result["id"]?.string)
            #expect(UUID(uuidString: id) != nil)
            for (field, value) in QueryBodies.saved.object ?? [:] { #expect(made.result[field] == value) }
            let path = "~~/saved-queries/\(id)"
            #expect(try await client.send(.get, path).result == made.result)
            let list = try await client.send(.get, "~~/saved-queries")
            #expect(list.result == [["id": .string(id), "name": "top uploaders", "database": "default"]])
            #expect(list.body["totalCount"] == 1 && list.body["limit"] == 100 && list.body["nextCursor"] == nil)
            fixture.time.advance(5)
            let replaced = try await client.send(.put, path, body: ["name": "other", "sql": "SELECT 1", "database": "d"])
            #expect(replaced.status == 200)
            #expect(replaced.result["parameters"] == [:], "what is left out becomes empty")
            #expect(replaced.result["createdAt"] == made.result["createdAt"])
            #expect(replaced.result["updatedAt"] == "2026-01-01T00:00:05.000Z")
            #expect(try await client.send(.delete, path).status == 200)
            for method in [HTTPMethod.get, .delete] { #expect(try await client.send(method, path).status == 404) }
            #expect(try await client.send(.put, path, body: QueryBodies.saved).status == 404)
        }
        let types = try await fixture.catalog.activities(from: nil, to: nil).map(\.type)
        #expect(types == ["saved_query_delete", "saved_query_update", "saved_query_create"])
    }

    @Test func namesAreUniqueWithinTheService() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            _ = try await client.send(.post, "~~/saved-queries", body: QueryBodies.saved)
            let again = try await client.send(.post, "~~/saved-queries", body: QueryBodies.saved)
            #expect(again.status == 409 && again.error.contains("'top uploaders' exists already"))
            let other = try await client.send(.post, "~~/saved-queries", body: ["name": "b", "sql": "SELECT 1", "database": "d"])
            let id = try #require(other.result["id"]?.string)
            #expect(try await client.send(.put, "~~/saved-queries/\(id)", body: QueryBodies.saved).status == 409)
            #expect(try await client.send(.get, "~~/saved-queries/\(id)").result["name"] == "b")
        }
    }

    @Test func pagesFollowEachOther() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            for number in 1...5 {
                fixture.time.advance(1)
                let body: JSONValue = ["name": .string("q\(number)"), "sql": "SELECT 1", "database": "d"]
                #expect(try await client.send(.post, "~~/saved-queries", body: body).status == 201)
            }
            var names: [String] = []
            var cursor = ""
            repeat {
                let page = try await client.send(.get, "~~/saved-queries?limit=2&cursor=\(cursor)")
                #expect(page.body["totalCount"] == 5 && page.body["limit"] == 2)
                names += (page.result.array ?? []).compactMap { $0["name"]?.string }
                cursor = (page.body["nextCursor"]?.string ?? "").replacing("+", with: "%2B").replacing("=", with: "%3D")
            } while !cursor.isEmpty
            #expect(names == ["q1", "q2", "q3", "q4", "q5"])
            #expect(try await client.send(.get, "~~/saved-queries?limit=0").status == 400)
            #expect(try await client.send(.get, "~~/saved-queries?cursor=%00").status == 400)
        }
    }

    @Test func allProblemsAreNamedAtOnce() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            let answer = try await client.send(.post, "~~/saved-queries", body: ["sql": "", "parameters": ["a": 1]])
            #expect(answer.status == 400)
            for part in ["name is required", "sql must not be empty", "database is required", "parameters.a must be a string"] {
                #expect(answer.error.contains(part), "\(part): \(answer.error)")
            }
            let blank = try await client.send(.post, "~~/saved-queries", body: ["name": " ", "sql": "\n", "database": "  "])
            #expect(blank.status == 400)
            for field in ["name", "sql", "database"] { #expect(blank.error.contains("\(field) must not be blank"), "\(blank.error)") }
        }
    }

    @Test func sqlMayBeFourMillionCharactersLong() async throws {
        let fixture = try await APIFixture()
        @Sendable func body(_ count: Int) -> JSONValue {
            ["name": "long", "sql": .string("SELECT '" + String(repeating: "ü", count: count - 9) + "'"), "database": "d"]
        }
        try await fixture.run { client async throws in
            let longest = try await client.send(.post, "~~/saved-queries", body: body(4_194_304))
            #expect(longest.status == 201, "\(longest.error.prefix(300))")
            let longer = try await client.send(.post, "~~/saved-queries", body: body(4_194_305))
            #expect(longer.status == 400 && longer.error.contains("sql must have at most 4194304 characters"))
        }
    }
}
