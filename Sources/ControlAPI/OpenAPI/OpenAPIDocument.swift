private import HTTPTypes
package import PipeCore

/// The OpenAPI 3.1 document of a route table: made of the same declarations that are served, so it cannot drift.
package struct OpenAPIDocument: Sendable {
    private let routes: [Route]
    private let version: String

    package init(_ table: RouteTable, version: String) {
        routes = table.routes
        self.version = version
    }

    package func document() -> JSONValue {
        var schemas = JSONSchema()
        // Answers first: where two uses of one object differ, the answer's has the plain name.
        for route in routes {
            switch route.operation.result {
            case .object(let object), .list(let object): _ = schemas.component(object, for: .response)
            default: break
            }
        }
        var paths: [String: JSONValue] = [:]
        var tags: [String] = []
        for route in routes {
            let path = "/v1\(route.path)"
            paths[path, default: .object([:])][route.method.rawValue.lowercased()] = operation(route, &schemas)
            if !tags.contains(route.operation.tag) { tags.append(route.operation.tag) }
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Penstock", "version": .string(version),
                "description": "ClickPipes and query endpoints for any ClickHouse, over the API of ClickHouse Cloud.",
            ],
            "servers": [["url": "/"]], "security": [["basicAuth": []]],
            "tags": .array(tags.map { ["name": .string($0)] }), "paths": .object(paths),
            "components": [
                "schemas": .object(schemas.components), "responses": ["Error": Self.error],
                "securitySchemes": [
                    "basicAuth": ["type": "http", "scheme": "basic", "description": "Key id as user, key secret as password."]
                ],
            ],
        ]
    }

    private func operation(_ route: Route, _ schemas: inout JSONSchema) -> JSONValue {
        let operation = route.operation
        var parameters = route.parameters.map { name -> JSONValue in
            [
                "name": .string(name), "in": "path", "required": true,
                "schema": Self.pathParameters[name] ?? ["type": "string", "format": "uuid"],
            ]
        }
        for parameter in operation.query {
            parameters.append([
                "name": .string(parameter.name), "in": "query", "description": .string(parameter.summary),
                "schema": schemas.render(parameter.schema, for: .create),
            ])
        }
        var responses: [String: JSONValue] = [operation.isCreation ? "201" : "200": success(operation, &schemas)]
        var errors = ["400", "500"]
        if route.access != .open { errors += ["401", "403", "404", "429"] }
        if route.method != .get { errors += ["409", "424", "503"] }
        if operation.body != nil { errors.append("413") }
        for status in errors { responses[status] = ["$ref": "#/components/responses/Error"] }
        var result: JSONValue = [
            "operationId": .string(operation.id), "summary": .string(operation.summary), "tags": [.string(operation.tag)],
            "responses": .object(responses),
        ]
        if !parameters.isEmpty { result["parameters"] = .array(parameters) }
        switch route.access {
        case .open: result["security"] = []
        case .anyKey: break
        case .permission(let permission), .permissionSomewhere(let permission):
            result["x-required-permissions"] = [.string(permission.rawValue)]
        }
        let body: JSONValue?
        switch operation.body {
        case .create(let object): body = schemas.render(.object(object), for: .create)
        case .patch(let object): body = schemas.render(.object(object), for: .patch)
        case nil: body = nil
        }
        if let body { result["requestBody"] = ["required": true, "content": ["application/json": ["schema": body]]] }
        return result
    }

    private func success(_ operation: Operation, _ schemas: inout JSONSchema) -> JSONValue {
        var properties: [String: JSONValue] = [
            "status": ["type": "number", "description": "HTTP status.", "examples": [200]],
            "requestId": ["type": "string", "format": "uuid", "description": "Names the request in the log."],
        ]
        var required: JSONValue = ["status", "requestId", "result"]
        switch operation.result {
        case .text:
            return ["description": "Success", "content": ["text/plain": ["schema": ["type": "string"]]]]
        case .events:
            return ["description": "Success", "content": ["text/event-stream": ["schema": ["type": "string"]]]]
        case .document:
            return ["description": "Success", "content": ["application/json": ["schema": ["type": "object"]]]]
        case .nothing: required = ["status", "requestId"]
        case .object(let object): properties["result"] = schemas.render(.object(object), for: .response)
        case .list(let object): properties["result"] = schemas.render(.list(.object(object)), for: .response)
        case .value(let schema): properties["result"] = schemas.render(schema, for: .response)
        }
        for field in operation.envelope {
            var member = schemas.render(field.schema, for: .response)
            member["description"] = .string(field.summary)
            properties[field.name] = member
        }
        return [
            "description": "Success",
            "content": ["application/json": ["schema": ["type": "object", "properties": .object(properties), "required": required]]],
        ]
    }

    /// Those that are no UUIDs.
    private static let pathParameters: [String: JSONValue] = ["version": ["type": "integer", "minimum": 1]]

    private static let error: JSONValue = [
        "description": "The request failed.",
        "content": [
            "application/json": [
                "schema": [
                    "type": "object", "required": ["status", "requestId", "error"],
                    "properties": [
                        "status": ["type": "number", "description": "HTTP status."],
                        "requestId": ["type": "string", "format": "uuid", "description": "Names the request in the log."],
                        "error": ["type": "string", "description": "A code and what is wrong.", "examples": ["NOT_FOUND: …"]],
                    ],
                ]
            ]
        ],
    ]
}
