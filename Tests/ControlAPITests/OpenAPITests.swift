import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import Testing

@Suite struct OpenAPITests {
    @Test func theDocumentIsPublicAndWhole() async throws {
        let fixture = try await APIFixture()
        let routes = try fixture.api.routes().routes
        try await fixture.run { client async throws in
            let answer = try await client.send(.get, "", key: nil)
            #expect(answer.status == 200)
            #expect(answer.body["openapi"] == "3.1.0")
            let paths = try #require(answer.body["paths"]?.object)
            var ids: Set<String> = []
            for route in routes {
                let operation = paths["/v1\(route.path)"]?[route.method.rawValue.lowercased()]
                #expect(operation?["operationId"]?.string == route.operation.id)
                #expect(ids.insert(route.operation.id).inserted, "\(route.operation.id) twice")
                #expect(operation?["parameters"]?.array?.filter { $0["in"] == "path" }.count ?? 0 == route.parameters.count)
            }
            #expect(paths.values.reduce(0) { $0 + ($1.object?.count ?? 0) } == routes.count)
            try Self.checkReferences(answer.body, in: answer.body)
            if let file = ProcessInfo.processInfo.environment["PENSTOCK_OPENAPI_FILE"] {
                try Data(answer.text.utf8).write(to: URL(filePath: file))
            }
        }
    }

    private static func checkReferences(_ value: JSONValue, in document: JSONValue) throws {
        if let reference = value["$ref"]?.string {
            var target: JSONValue? = document
            for part in reference.dropFirst(2).split(separator: "/") { target = target?[String(part)] }
            #expect(target != nil, "\(reference) leads nowhere")
        }
        for member in value.object?.values.map({ $0 }) ?? value.array ?? [] { try checkReferences(member, in: document) }
    }

    @Test func fieldsAreShownWhereTheyBelong() {
        let nested = ObjectSchema(
            "Login", fields: [Field("user", .text, "", .required), Field("password", .text, "", [.required, .secret])])
        let object = ObjectSchema(
            "Thing", "A thing.",
            fields: [
                Field("id", .uuid, "", .readOnly), Field("login", .object(nested), "Login.", .required),
                Field("size", .integer(1...9), "", .required, default: 3), Field("add", .list(.string, count: 1...2), "", .patchOnly),
            ])
        var schemas = JSONSchema()
        #expect(schemas.component(object, for: .response) == "Thing")
        #expect(schemas.component(object, for: .create) == "ThingCreate")
        #expect(schemas.component(object, for: .patch) == "ThingUpdate")
        let parts = schemas.components
        func names(_ part: String) -> [String]? { parts[part]?["properties"]?.object?.keys.sorted() }
        #expect(names("Thing") == ["id", "login", "size"])
        #expect(names("ThingCreate") == ["login", "size"])
        #expect(names("ThingUpdate") == ["add", "login", "size"])
        #expect(names("Login") == ["user"])
        #expect(names("LoginCreate") == ["password", "user"])
        #expect(parts["LoginCreate"]?["properties"]?["password"]?["writeOnly"] == true)
        #expect(parts["ThingCreate"]?["required"] == ["login"])
        #expect(parts["ThingCreate"]?["properties"]?["size"] == ["type": "integer", "minimum": 1, "maximum": 9, "default": 3])
        #expect(parts["ThingUpdate"]?["required"] == nil)
        #expect(
            parts["ThingUpdate"]?["properties"]?["add"] == [
                "anyOf": [["type": "array", "items": ["type": "string"], "minItems": 1, "maxItems": 2], ["type": "null"]]
            ])
    }
}
