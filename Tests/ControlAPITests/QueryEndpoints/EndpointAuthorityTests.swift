import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import Testing

/// A key that manages endpoints gets no more out of them than it has.
@Suite struct EndpointAuthorityTests {
    private func post(_ client: APIClient, _ fixture: APIFixture, key: String = "manager", _ change: (inout JSONValue) -> Void = { _ in })
        async throws -> APIAnswer
    {
        try await client.send(
            .post, "~~/query-api-endpoints", key: key, body: QueryBodies.endpoint(keys: [try await fixture.keyID("query")], change))
    }

    @Test func aManagerOfEndpointsBindsNothingButReadOnly() async throws {
        let fixture = try await APIFixture()
        try await fixture.addManager()
        try await fixture.run { client async throws in
            #expect(try await post(client, fixture).status == 201)
            for role in ["sql_console_admin", "analysts"] {
                let answer = try await post(client, fixture) { $0["roles"] = ["sql_console_read_only", .string(role)] }
                #expect(answer.status == 403 && answer.error.contains("'\(role)'"), "\(answer.error)")
                #expect(try await post(client, fixture, key: "admin") { $0["roles"] = [.string(role)] }.status == 201)
            }
            let service = try await client.send(
                .post, "~~/serviceQueryEndpoint", key: "manager", body: ["roles": ["sql_console_admin"], "openApiKeys": []])
            #expect(service.status == 403)
        }
    }

    @Test func strongerEndpointsAreOutOfReach() async throws {
        let fixture = try await APIFixture()
        try await fixture.addManager()
        let query = try await fixture.keyID("query")
        try await fixture.run { client async throws in
            let strong = try await client.makeEndpoint(fixture) { $0["roles"] = ["sql_console_admin"] }
            let path = "~~/query-api-endpoints/\(strong["id"]?.string ?? "")"
            let body = QueryBodies.endpoint(keys: [query])
            #expect(try await client.send(.put, path, key: "manager", body: body).status == 403, "not even to weaken it")
            #expect(try await client.send(.post, "\(path)/versions/1/publish", key: "manager").status == 403)
            #expect(try await client.send(.delete, path, key: "manager").status == 403)
            _ = try await client.send(
                .post, "~~/serviceQueryEndpoint", body: ["roles": ["sql_console_admin"], "openApiKeys": [.string(query)]])
            let taken = try await client.send(
                .post, "~~/serviceQueryEndpoint", key: "manager", body: ["roles": ["sql_console_read_only"], "openApiKeys": []])
            #expect(taken.status == 403)
            #expect(try await client.send(.delete, "~~/serviceQueryEndpoint", key: "manager").status == 403)
            let weak = try await client.makeEndpoint(fixture)
            let weakPath = "~~/query-api-endpoints/\(weak["id"]?.string ?? "")"
            #expect(try await client.send(.put, weakPath, key: "manager", body: body).status == 200)
            #expect(try await client.send(.delete, weakPath, key: "manager").status == 200)
        }
        #expect(try await fixture.catalog.queryEndpoints(service: nil).map(\.roles) == [["sql_console_admin"]])
    }

    @Test func onlyKeysThatMayRunEndpointsAreBound() async throws {
        let fixture = try await APIFixture()
        try await fixture.addManager()
        let manager = try await fixture.keyID("manager")
        let developer = try await fixture.keyID("developer")
        let extra = try await fixture.addKey("extra", roles: ["query_endpoints"]).id
        try await fixture.run { client async throws in
            for key in [manager, developer] {
                let answer = try await post(client, fixture) { $0["apiKeyIds"] = [.string(key)] }
                #expect(answer.status == 400 && answer.error.contains("apiKeyIds[0] may not run query endpoints"))
                let service = try await client.send(
                    .post, "~~/serviceQueryEndpoint", body: ["roles": ["sql_console_read_only"], "openApiKeys": [.string(key)]])
                #expect(service.status == 400 && service.error.contains("openApiKeys[0] may not run query endpoints"))
            }
            let made = try await client.makeEndpoint(fixture) { $0["apiKeyIds"] = [.string(extra)] }
            _ = try await fixture.catalog.updateKey(extra) { $0.roles = [] }
            let again = try await client.send(.put, "~~/query-api-endpoints/\(made["id"]?.string ?? "")", body: made)
            #expect(again.status == 200, "a binding that exists may stay: the call itself asks for the permission")
        }
    }

    @Test func onlyWhoMayRunEndpointsDecidesWhomToTrust() async throws {
        let fixture = try await APIFixture()
        try await fixture.addManager()
        try await fixture.addManager("runner", permissions: ["control-plane:service:run-query-api-endpoints"])
        let tokens: JSONValue = ["algorithm": "HS256", "secret": "0123456789abcdef0123456789abcdef"]
        try await fixture.run { client async throws in
            let refused = try await post(client, fixture) { $0["tokens"] = tokens }
            #expect(refused.status == 403 && refused.error.contains("tokens"))
            let made = try await post(client, fixture, key: "runner") { $0["tokens"] = tokens }
            #expect(made.status == 201, "\(made.error)")
            let path = "~~/query-api-endpoints/\(made.result["id"]?.string ?? "")"
            var body = made.result
            body["name"] = "renamed"
            #expect(try await client.send(.put, path, key: "manager", body: body).status == 200, "trust that stays is nobody's decision")
            body["tokens"] = ["algorithm": "HS256", "secret": "another secret of thirty-two bytes"]
            #expect(try await client.send(.put, path, key: "manager", body: body).status == 403)
            body["tokens"] = nil
            body["tokens"] = .null
            #expect(try await client.send(.put, path, key: "manager", body: body).status == 200, "trust can be withdrawn")
        }
    }
}
