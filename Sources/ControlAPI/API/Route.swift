package import HTTPTypes
package import Hummingbird
package import PipeCore

/// One operation of the API: what the router serves, what authorization demands and what the OpenAPI document says.
package struct Route: Sendable {
    package typealias Handler = @Sendable (Request, APIContext) async throws -> Response

    /// Who may call.
    package enum Access: Sendable, Hashable {
        /// Everybody, without a key.
        case open
        /// Every valid key.
        case anyKey
        /// Keys with the permission: on the service in the path where there is one, else on the organization.
        case permission(Permission)
        /// Keys with the permission on at least one service; the handler shows only what the caller may see.
        case permissionSomewhere(Permission)
    }

    package var method: HTTPRequest.Method
    /// Below `/v1`, with parameters in braces: `/organizations/{organizationId}`.
    package var path: String
    package var access: Access
    package var operation: Operation
    package var handler: Handler

    /// The names in braces, in order.
    package var parameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }
}

/// What the OpenAPI document says of a route.
package struct Operation: Sendable {
    package enum Body: Sendable, Hashable {
        /// Required fields must be there.
        case create(ObjectSchema)
        /// Every field may be left out.
        case patch(ObjectSchema)
    }

    package enum Result: Sendable, Hashable {
        /// The envelope without `result`.
        case nothing
        case object(ObjectSchema)
        case list(ObjectSchema)
        case value(Schema)
        /// No envelope: Prometheus metrics.
        case text
        /// No envelope, no end: server-sent events. To listen is no use of a session.
        case events
        /// No envelope: a JSON document as it is.
        case document
    }

    package struct QueryParameter: Sendable, Hashable {
        package var name: String
        package var schema: Schema
        package var summary: String
        package init(_ name: String, _ schema: Schema, _ summary: String) {
            self.name = name
            self.schema = schema
            self.summary = summary
        }
    }

    /// `operationId`.
    package var id: String
    package var summary: String
    package var tag: String
    package var query: [QueryParameter]
    package var body: Body?
    package var result: Result
    /// Members of the envelope besides `status`, `requestId` and `result`.
    package var envelope: [Field]
    /// Whether success is 201 and not 200.
    package var isCreation: Bool

    package init(
        _ id: String, _ summary: String, tag: String, query: [QueryParameter] = [], body: Body? = nil, result: Result,
        envelope: [Field] = [], isCreation: Bool = false
    ) {
        self.id = id
        self.summary = summary
        self.tag = tag
        self.query = query
        self.body = body
        self.result = result
        self.envelope = envelope
        self.isCreation = isCreation
    }
}
