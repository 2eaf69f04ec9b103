import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import QueryEndpoints
import Testing

@Suite struct EndpointOpenAPITests {
    private func record(_ sql: String, id: String = "e-1", _ change: (inout QueryEndpointRecord) -> Void = { _ in }) -> QueryEndpointRecord
    {
        var record = QueryEndpointRecord(
            id: id, serviceID: "s", name: "top uploaders", query: EndpointQuery(sql: sql, database: "d"), apiKeyIDs: ["k"], roles: ["r"],
            createdAt: APIFixture.start, updatedAt: APIFixture.start)
        change(&record)
        return record
    }

    private func path(_ sql: String, _ change: (inout QueryEndpointRecord) -> Void = { _ in }) -> JSONValue {
        let document = EndpointOpenAPI([record(sql, change)], base: "https://p.example", title: "t", version: "1").document()
        return document["paths"]?["/run/e-1"] ?? .null
    }

    private func parameter(_ name: String, of operation: JSONValue?) -> JSONValue? {
        operation?["parameters"]?.array?.first { $0["name"] == .string(name) }
    }

    private func variables(_ path: JSONValue) -> JSONValue? {
        path["post"]?["requestBody"]?["content"]?["application/json"]?["schema"]?["properties"]?["queryVariables"]
    }

    @Test func parametersStandInTheURLAndInTheBody() {
        let path = path("SELECT {year:UInt16}, {name:String}, {tags:Array(String)}") {
            $0.query.parameters = ["name": "ada", "tags": "['a']"]
        }
        let get = path["get"]
        #expect(parameter("param_year", of: get)?["required"] == true)
        #expect(parameter("param_year", of: get)?["schema"] == ["type": "integer", "minimum": 0, "maximum": 65535])
        #expect(parameter("param_name", of: get)?["required"] == false)
        #expect(parameter("param_name", of: get)?["schema"]?["default"] == "ada")
        #expect(parameter("param_tags", of: get)?["schema"]?["type"] == "string", "a literal")
        #expect(parameter("param_tags", of: get)?["schema"]?["default"] == "['a']")
        #expect(parameter("format", of: get)?["schema"]?["default"] == "JSON")
        let nullable = self.path("SELECT {d:Nullable(Date)}") { $0.query.parameters = ["d": "\\N"] }
        #expect(parameter("param_d", of: nullable["get"])?["schema"]?["default"] == "\\N")
        #expect(variables(nullable)?["properties"]?["d"]?["default"] == .null)
        let body = variables(path)
        #expect(body?["required"] == ["year"])
        #expect(body?["properties"]?["year"]?["x-clickhouse-type"] == "UInt16")
        #expect(body?["properties"]?["tags"]?["items"] == ["type": "string"])
        #expect(body?["properties"]?["tags"]?["default"] == nil, "a literal is no list")
        #expect(body?["properties"]?["tags"]?["description"]?.string?.contains("Default: `['a']`") == true)
        #expect(path["post"]?["requestBody"]?["required"] == true)
        #expect(self.path("SELECT 1")["post"]?["requestBody"]?["required"] == false)
    }

    @Test func whatWritesHasNoGET() {
        let write = path("INSERT INTO t VALUES ({a:UInt8})")
        #expect(write["get"] == nil)
        #expect(variables(write)?["required"] == ["a"])
        let stream = path("INSERT INTO t")
        #expect(stream["post"]?["requestBody"]?["content"] == ["application/octet-stream": [:]])
        #expect(stream["post"]?["responses"]?["413"] != nil)
    }

    @Test func tokensAreASecondWayIn() {
        let plain = EndpointOpenAPI([record("SELECT 1")], base: "b", title: "t", version: "1").document()
        #expect(plain["components"]?["securitySchemes"]?.object?.keys.sorted() == ["basicAuth"])
        let trusting = record("SELECT {tenant:String}") {
            $0.tokens = TokenTrust(algorithm: "HS256", secret: "never shown", fixedParameters: ["tenant": "sub"])
        }
        let document = EndpointOpenAPI([trusting], base: "b", title: "t", version: "1").document()
        #expect(document["components"]?["securitySchemes"]?.object?.keys.sorted() == ["basicAuth", "bearerAuth"])
        let get = document["paths"]?["/run/e-1"]?["get"]
        #expect(get?["security"] == [["basicAuth": []], ["bearerAuth": []]])
        #expect(parameter("param_tenant", of: get)?["required"] == false)
        #expect(parameter("param_tenant", of: get)?["description"]?.string?.contains("claim `sub`") == true)
    }

    @Test func answersAreDescribedByTheirForm() {
        let wrapped = path("SELECT 1") { $0.answerVersion = 1 }
        #expect(
            wrapped["get"]?["responses"]?["200"]?["content"]?["application/json"]?["schema"]
                == ["$ref": "#/components/schemas/WrappedAnswer"])
        #expect(parameter("format", of: wrapped["get"])?["schema"]?["enum"]?.array?.count == 8)
        #expect(parameter("format", of: path("SELECT 1 FORMAT CSV")["get"]) == nil, "the statement decides")
        #expect(path("SELECT 1") { $0.query.cacheSeconds = 5 }["get"]?["responses"]?["304"] != nil)
        for status in ["400", "401", "403", "404", "429", "500", "502", "503", "504"] {
            #expect(wrapped["get"]?["responses"]?[status] != nil, "\(status)")
        }
    }

    @Test(
        arguments: [
            ("UInt8", ["type": "integer", "minimum": 0, "maximum": 255]),
            ("Int32", ["type": "integer", "minimum": -2_147_483_648, "maximum": 2_147_483_647]),
            ("UInt64", ["type": ["integer", "string"], "pattern": "^[+]?[0-9]+$", "minimum": 0]),
            ("Int256", ["type": ["integer", "string"], "pattern": "^[+-]?[0-9]+$"]), ("Float64", ["type": "number"]),
            ("Decimal(9, 4)", ["type": ["string", "number"], "pattern": "^[+-]?[0-9]{1,5}([.][0-9]{0,4})?$"]),
            ("Bool", ["type": "boolean"]), ("UUID", ["type": "string", "format": "uuid"]), ("Date", ["type": "string", "format": "date"]),
            ("FixedString(7)", ["type": "string", "maxLength": 7]), ("Enum8('a'=1,'b''c'=2)", ["type": "string", "enum": ["a", "b'c"]]),
            ("Nullable(Bool)", ["anyOf": [["type": "boolean"], ["type": "null"]]]),
            ("LowCardinality(String)", ["type": "string"]),
            ("Array(Array(Bool))", ["type": "array", "items": ["type": "array", "items": ["type": "boolean"]]]),
            ("Map(String, Bool)", ["type": "object", "additionalProperties": ["type": "boolean"]]),
            (
                "Tuple(Bool, String)",
                [
                    "type": "array", "prefixItems": [["type": "boolean"], ["type": "string"]], "items": false, "minItems": 2, "maxItems": 2,
                ]
            ), ("IPv6", ["type": "string", "format": "ipv6"]), ("Dynamic", [:]),
        ] as [(String, JSONValue)])
    func typesHaveTheirSchemas(_ type: String, _ schema: JSONValue) throws {
        let statement = try ParameterizedStatement("SELECT {a:\(type)}")
        #expect(ParameterSchema.json(try #require(statement.parameters.first).dataType) == schema)
    }

    @Test(
        arguments: [
            ("UInt8", "7", 7), ("UInt64", "18446744073709551615", "18446744073709551615"), ("Float64", "1.5", 1.5), ("Bool", "1", true),
            ("Nullable(UInt8)", "\\N", .null), ("Nullable(UInt8)", "3", 3), ("Enum8('a'=1)", "1", nil), ("Array(UInt8)", "[1]", nil),
            ("Float64", "inf", nil), ("Decimal(9, 2)", "1.20", "1.20"),
        ] as [(String, String, JSONValue?)])
    func defaultsFitTheirSchemas(_ type: String, _ text: String, _ value: JSONValue?) throws {
        let statement = try ParameterizedStatement("SELECT {a:\(type)}")
        #expect(ParameterSchema.defaultValue(text, try #require(statement.parameters.first).dataType) == value)
    }

    @Test func documentsAreServed() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            let first = try await client.makeEndpoint(fixture)
            let second = try await client.makeEndpoint(fixture) { $0["name"] = "second" }
            let ids = [first, second].compactMap { $0["id"]?.string }
            let one = try await client.send(.get, "~~/query-api-endpoints/\(ids[0])/openapi")
            #expect(one.status == 200 && one.body["openapi"] == "3.1.0" && one.body["status"] == nil, "no envelope")
            #expect(one.body["servers"] == [["url": "http://localhost"]])
            #expect(one.body["info"] == ["title": "top uploaders", "version": "1"])
            #expect(one.body["paths"]?.object?.keys.sorted() == ["/run/\(ids[0])"])
            let all = try await client.send(.get, "~~/query-api-endpoints/openapi")
            #expect(all.body["paths"]?.object?.keys.sorted() == ids.map { "/run/\($0)" }.sorted())
            let paths = all.body["paths"]?.object?.values.map { $0 } ?? []
            let operations = paths.flatMap { $0.object?.values.map { $0 } ?? [] }.compactMap { $0["operationId"]?.string }
            #expect(operations.count == 4 && Set(operations).count == 4)
        }
    }
}
