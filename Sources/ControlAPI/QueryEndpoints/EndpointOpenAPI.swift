package import Catalog
package import PipeCore
internal import QueryEndpoints

/// The OpenAPI 3.1 document of endpoints: how to call them, for people and for generators of clients.
package struct EndpointOpenAPI: Sendable {
    private let endpoints: [QueryEndpointRecord]
    private let base: String
    private let title: String
    private let version: String

    /// - Parameters:
    ///   - base: address of the API, without a slash at its end.
    ///   - version: of what the document describes.
    package init(_ endpoints: [QueryEndpointRecord], base: String, title: String, version: String) {
        self.endpoints = endpoints
        self.base = base
        self.title = title
        self.version = version
    }

    package func document() -> JSONValue {
        var paths: [String: JSONValue] = [:]
        for endpoint in endpoints { paths["/run/\(endpoint.id)"] = EndpointPath(endpoint).item() }
        var schemes: JSONValue = [
            "basicAuth": ["type": "http", "scheme": "basic", "description": "Key id as user, key secret as password."]
        ]
        if endpoints.contains(where: { $0.tokens != nil }) {
            schemes["bearerAuth"] = [
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A token of the trusted issuer.",
            ]
        }
        return [
            "openapi": "3.1.0", "info": ["title": .string(title), "version": .string(version)], "servers": [["url": .string(base)]],
            "paths": .object(paths),
            "components": [
                "securitySchemes": schemes, "responses": .object(Self.errors),
                "schemas": ["Error": Self.error, "WrappedAnswer": Self.wrapped],
            ],
        ]
    }

    private static let error: JSONValue = [
        "type": "object", "required": ["error"],
        "properties": [
            "error": [
                "type": "object", "required": ["code", "details"],
                "properties": [
                    "code": ["type": "string", "description": "A ClickHouse error number, or a word of Penstock's own."],
                    "details": ["type": "string", "description": "What is wrong."],
                ],
            ]
        ],
    ]

    private static let wrapped: JSONValue = [
        "type": "object", "required": ["data"],
        "properties": [
            "data": [
                "type": "object", "required": ["columns", "rows"],
                "properties": [
                    "columns": [
                        "type": "array",
                        "items": [
                            "type": "object", "required": ["name", "type"],
                            "properties": ["name": ["type": "string"], "type": ["type": "string", "description": "ClickHouse type."]],
                        ],
                    ],
                    "rows": ["type": "array", "items": ["type": "array"]],
                ],
            ]
        ],
    ]

    /// By status, as components that every operation refers to.
    static let statuses: [(status: String, description: String)] = [
        ("400", "A parameter, a setting or the body is wrong."), ("401", "No valid credentials."),
        ("403", "The credentials are not for this endpoint, or its roles do not allow the statement."), ("404", "No such endpoint."),
        ("413", "The body is too large."), ("429", "Too many calls; see `Retry-After`."), ("500", "A defect."),
        ("502", "The ClickHouse behind the endpoint refuses Penstock."), ("503", "ClickHouse cannot be reached or lacks resources."),
        ("504", "The time is up; the statement was stopped."),
    ]

    private static let errors: [String: JSONValue] = Dictionary(
        statuses.map { status, description in
            (
                "Error\(status)",
                [
                    "description": .string(description),
                    "content": ["application/json": ["schema": ["$ref": "#/components/schemas/Error"]]],
                ]
            )
        }
    ) { first, _ in first }
}
