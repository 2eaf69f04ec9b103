import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import PipeCore
import Testing

/// Routes that only tests have.
private struct ProbeResource: APIResource {
    struct Trouble: Error { let text = "hush" }
    let api: APIDependencies

    func addRoutes(to routes: inout RouteTable) {
        let operation = Operation("probe", "Probe", tag: "Test", result: .nothing)
        routes.get("\(APIPath.organization)/probe", permission: .viewOrganization, operation) { _, context in
            try context.reply(["b": 1, "a": nil, "list": [nil, ["c": nil]]], extra: ["limit": 3])
        }
        routes.delete("\(APIPath.organization)/probe", permission: .manageOrganization, operation) { _, context in
            try context.reply(nil)
        }
        routes.post("\(APIPath.organization)/probe", permission: .viewOrganization, operation) { request, context in
            try context.reply(await jsonBody(request, context: context))
        }
        routes.get("\(APIPath.organization)/trouble", permission: .viewOrganization, operation) { _, _ in throw Trouble() }
        routes.get("\(APIPath.service)/probe", permission: .viewService, operation) { _, context in
            try context.reply(["name": .string(await api.requireService(context).name)])
        }
    }
}

@Suite struct EnvelopeTests {
    private func run(_ body: @Sendable (APIClient) async throws -> Void) async throws {
        var fixture = try await APIFixture()
        fixture.resources = [ProbeResource.self]
        fixture.configuration.maxBodyBytes = 64
        try await fixture.run(body)
    }

    @Test func successHoldsNumberIdAndResultWithoutNulls() async throws {
        try await run { client async throws in
            let answer = try await client.send(.get, "~/probe")
            #expect(answer.status == 200)
            let id = answer.body["requestId"]?.string ?? ""
            #expect(UUID(uuidString: id) != nil)
            let name = try #require(HTTPField.Name("X-Request-Id"))
            #expect(answer.headers[name] == id)
            #expect(answer.body == ["status": 200, "requestId": .string(id), "limit": 3, "result": ["b": 1, "list": [nil, [:]]]])
            #expect(answer.headers[.contentType] == "application/json; charset=utf-8")
        }
    }

    @Test func trailingSlashAndHeadAreServed() async throws {
        try await run { client async throws in
            #expect(try await client.send(.get, "~/probe/").status == 200)
            let head = try await client.send(.head, "~/probe")
            #expect(head.status == 200)
            #expect(head.text.isEmpty)
        }
    }

    @Test func deleteHasNoResult() async throws {
        try await run { client async throws in
            let answer = try await client.send(.delete, "~/probe")
            #expect(answer.status == 200)
            #expect(answer.body.object?.keys.sorted() == ["requestId", "status"])
        }
    }

    @Test(arguments: [
        ("/nothing", HTTPRequest.Method.get, 404, "NOT_FOUND: "), ("~/probe", .put, 405, "METHOD_NOT_ALLOWED: "),
        ("~/trouble", .get, 500, "INTERNAL_ERROR: "),
        ("/organizations/aaaaaaaa-0000-4000-8000-000000000009/probe", .get, 404, "NOT_FOUND: "),
        ("/organizations/nobody/probe", .get, 400, "BAD_REQUEST: "),
        ("~/services/bbbbbbbb-0000-4000-8000-000000000009/probe", .get, 404, "NOT_FOUND: "),
    ])
    func errorsKeepTheEnvelope(path: String, method: HTTPRequest.Method, status: Int, prefix: String) async throws {
        try await run { client async throws in
            let answer = try await client.send(method, path)
            #expect(answer.status == status)
            #expect(answer.body["status"] == .integer(Int64(status)))
            #expect(answer.error.hasPrefix(prefix))
            #expect(UUID(uuidString: answer.body["requestId"]?.string ?? "") != nil)
            #expect(!answer.text.contains("hush"))
        }
    }

    @Test func wrongMethodNamesTheRightOnes() async throws {
        try await run { client async throws in
            let answer = try await client.send(.put, "~/probe")
            #expect(answer.headers[.allow] == "GET, DELETE, POST, HEAD")
        }
    }

    @Test(arguments: [
        ("", 400, "empty"), ("{\n \"a\": x}", 400, "line 2, column 7"), ("[1]", 400, "not an array"),
        ("{\"a\":1} trailing", 400, "line 1, column 9"), ("{\"a\":1,}", 400, "line 1, column 8"), ("{\"a\":1e400}", 400, "out of range"),
        ("{\"a\":\"\(String(repeating: "x", count: 80))\"}", 413, "64 bytes"),
    ])
    func bodiesAreChecked(body: String, status: Int, text: String) async throws {
        try await run { client async throws in
            let answer = try await client.send(.post, "~/probe", bytes: ByteBuffer(string: body))
            #expect(answer.status == status)
            #expect(answer.error.contains(text), "\(answer.error)")
        }
    }

    /// The depth of a body is bounded before anything recurses over it.
    @Test(arguments: ["[", "{\"a\":"]) func deepBodiesAreRefused(opening: String) async throws {
        var fixture = try await APIFixture()
        fixture.resources = [ProbeResource.self]
        try await fixture.run { client async throws in
            let body = ByteBuffer(string: String(repeating: opening, count: 10_000))
            let answer = try await client.send(.post, "~/probe", bytes: body)
            #expect(answer.status == 400)
            #expect(answer.error.contains("nested too deeply"), "\(answer.error)")
        }
    }

    @Test func tooLargeBodiesEndTheConnection() async throws {
        try await run { client async throws in
            let answer = try await client.send(.post, "~/probe", bytes: ByteBuffer(repeating: 0x20, count: 1000))
            #expect(answer.status == 413)
            #expect(answer.headers[.connection] == "close")
        }
    }

    @Test func pathsWorkWithoutTheVersionToo() async throws {
        try await run { client async throws in
            let path = "/organizations/\(APIFixture.organizationID)/probe"
            let headers: HTTPFields = [.authorization: "Basic " + Data("admin-id:admin-secret".utf8).base64EncodedString()]
            for (uri, method, status) in [
                (path, HTTPRequest.Method.get, 200), ("\(path)/", .get, 200), (path, .head, 200), (path, .put, 405), ("/", .get, 404),
            ] {
                let answer = try await client.client.execute(uri: uri, method: method, headers: headers, body: nil) { $0.status.code }
                #expect(answer == status, "\(method) \(uri)")
            }
            let anonymous = try await client.client.execute(uri: path, method: .get, headers: [:], body: nil) { $0.status.code }
            #expect(anonymous == 401)
        }
    }

    /// Names stand in logs, so none may look like a line of its own; U+0000 would end the text in the catalog.
    @Test(arguments: ["a\nb", "a\u{0}b", "a\u{1B}[31mb", "a\u{2028}b", "a\u{85}b"]) func namesAreOneLine(name: String) async throws {
        try await APIFixture().run { client async throws in
            for (method, path) in [(HTTPRequest.Method.patch, "~"), (.patch, "~~"), (.post, "~/keys")] {
                let answer = try await client.send(method, path, body: ["name": .string(name)])
                #expect(answer.status == 400)
                #expect(answer.error.contains("name must not hold"), "\(answer.error)")
            }
            #expect(try await client.send(.patch, "~", body: ["name": "Zoë 🚰\u{200D}"]).status == 200)
        }
    }

    @Test func contentTypeDoesNotMatter() async throws {
        try await run { client async throws in
            let answer = try await client.send(.post, "~/probe/", body: ["a": 1], headers: [.contentType: "text/plain"])
            #expect(answer.result == ["a": 1])
        }
    }
}
