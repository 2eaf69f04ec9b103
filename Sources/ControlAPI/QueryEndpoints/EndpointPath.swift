internal import Catalog
internal import PipeCore
internal import QueryEndpoints

/// The path item of one endpoint in an OpenAPI document.
struct EndpointPath: Sendable {
    private let endpoint: QueryEndpointRecord
    private let parameters: [QueryParameter]
    private let kind: StatementKind
    /// Named by a FORMAT clause, which no call can change.
    private let fixedFormat: String?

    init(_ endpoint: QueryEndpointRecord) {
        self.endpoint = endpoint
        // It was readable when it was stored. Should this build read it differently, the path is described without parameters.
        let statement = try? ParameterizedStatement(endpoint.query.sql)
        parameters = statement?.parameters ?? []
        kind = statement?.kind ?? .read
        fixedFormat = statement?.format
    }

    func item() -> JSONValue {
        var item: JSONValue = ["post": post]
        // GET never writes.
        if kind == .read { item["get"] = get }
        return item
    }

    // MARK: Operations

    private var get: JSONValue {
        var operation = operation("get")
        operation["parameters"] = .array(parameters.map(urlParameter) + options)
        if endpoint.query.cacheSeconds != nil {
            operation["responses"]?["304"] = ["description": "What `If-None-Match` names is still the answer."]
        }
        return operation
    }

    private var post: JSONValue {
        var operation = operation("post")
        if case .insert(let shape) = kind, shape.takesBody {
            operation["parameters"] = .array(parameters.map(urlParameter) + options)
            operation["requestBody"] = [
                "required": true, "description": "Rows in the format that `format` names, streamed into the table.",
                "content": ["application/octet-stream": [:]],
            ]
            return operation
        }
        operation["parameters"] = .array(options)
        let isRequired = parameters.contains(where: isRequired)
        var variables: JSONValue = [
            "type": "object",
            "properties": .object(Dictionary(parameters.map { ($0.name, jsonSchema($0)) }) { first, _ in first }),
        ]
        let required = parameters.filter(self.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { variables["required"] = .array(required) }
        var body: JSONValue = ["type": "object", "properties": ["queryVariables": variables, "format": formatSchema]]
        if isRequired { body["required"] = ["queryVariables"] }
        operation["requestBody"] = [
            "required": .bool(isRequired), "description": "Parameters may also stand in the URL as `param_<name>`.",
            "content": ["application/json": ["schema": body]],
        ]
        return operation
    }

    private func operation(_ method: String) -> JSONValue {
        var responses: [String: JSONValue] = ["200": success]
        for (status, _) in EndpointOpenAPI.statuses where status != "413" || method == "post" {
            responses[status] = ["$ref": .string("#/components/responses/Error\(status)")]
        }
        var security: [JSONValue] = [["basicAuth": []]]
        if endpoint.tokens != nil { security.append(["bearerAuth": []]) }
        return [
            "operationId": .string("\(method)_\(endpoint.id.replacing("-", with: "_"))"), "summary": .string(endpoint.name),
            "security": .array(security), "responses": .object(responses),
        ]
    }

    // MARK: Parameters

    private func isRequired(_ parameter: QueryParameter) -> Bool {
        endpoint.query.parameters[parameter.name] == nil && endpoint.tokens?.fixedParameters[parameter.name] == nil
    }

    private func urlParameter(_ parameter: QueryParameter) -> JSONValue {
        var schema = ParameterSchema.url(parameter.dataType)
        if let text = endpoint.query.parameters[parameter.name] {
            schema["default"] = ParameterSchema.urlDefault(text, parameter.dataType)
        }
        return [
            "name": .string("param_\(parameter.name)"), "in": "query", "required": .bool(isRequired(parameter)),
            "description": .string(description(parameter)), "schema": schema,
        ]
    }

    private func jsonSchema(_ parameter: QueryParameter) -> JSONValue {
        var schema = ParameterSchema.json(parameter.dataType)
        if let text = endpoint.query.parameters[parameter.name] {
            schema["default"] = ParameterSchema.defaultValue(text, parameter.dataType)
        }
        schema["description"] = .string(description(parameter))
        schema["x-clickhouse-type"] = .string(parameter.type)
        return schema
    }

    private func description(_ parameter: QueryParameter) -> String {
        var text = "ClickHouse type `\(parameter.type)`."
        if let value = endpoint.query.parameters[parameter.name] { text += " Default: `\(value)`." }
        if let claim = endpoint.tokens?.fixedParameters[parameter.name] {
            text += " Calls with a token cannot set it: it is the claim `\(claim)`. Calls with a key must."
        }
        return text
    }

    private var options: [JSONValue] {
        var options: [JSONValue] = [
            [
                "name": "request_timeout", "in": "query", "description": "Longest wait for the whole answer in milliseconds.",
                "schema": ["type": "integer", "minimum": 1, "default": .integer(Int64(min(30_000, executionLimit)))],
            ],
            [
                "name": "x-clickhouse-endpoint-version", "in": "header", "description": "Form of the answer: 1 wrapped, 2 raw.",
                "schema": ["type": "string", "enum": ["1", "2"], "default": .string(String(endpoint.answerVersion))],
            ],
        ]
        if fixedFormat == nil {
            options.insert(
                ["name": "format", "in": "query", "description": .string(formatText), "schema": formatSchema], at: 0)
        }
        return options
    }

    private var executionLimit: Int { endpoint.limits.executionMilliseconds ?? 30_000 }

    // MARK: Answers

    private var formatText: String {
        if case .insert(let shape) = kind, shape.takesBody { return "ClickHouse format of the body." }
        return "ClickHouse format of the answer."
    }

    private var formatSchema: JSONValue {
        var schema: JSONValue = ["type": "string", "examples": ["JSON", "JSONEachRow", "CSVWithNames", "Parquet"]]
        if endpoint.answerVersion == 1 {
            schema = ["type": "string", "enum": .array(EndpointRules.wrappedFormats.sorted().map { .string($0) })]
        }
        if kind == .read { schema["default"] = .string(endpoint.query.format ?? "JSON") }
        return schema
    }

    private var success: JSONValue {
        guard kind == .read else {
            return ["description": "The statement has run.", "content": ["text/plain": ["schema": ["type": "string", "const": "OK"]]]]
        }
        if endpoint.answerVersion == 1 {
            let wrapped: JSONValue = ["schema": ["$ref": "#/components/schemas/WrappedAnswer"]]
            return ["description": "Columns and rows.", "content": ["application/json": wrapped]]
        }
        return [
            "description": "The result in the format asked for, as ClickHouse writes it.",
            "content": [
                "application/json": [:], "application/x-ndjson": [:], "text/csv": [:], "text/tab-separated-values": [:],
                "application/octet-stream": [:],
            ],
        ]
    }
}
