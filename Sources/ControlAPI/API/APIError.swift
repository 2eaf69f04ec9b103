package import HTTPTypes
package import Hummingbird
package import PipeCore

/// An answer that is not a success: `{"status":400,"requestId":"…","error":"BAD_REQUEST: text"}`.
package struct APIError: Error, HTTPResponseError, CustomStringConvertible {
    package var status: HTTPResponse.Status
    /// Upper-case word in front of the text.
    package var code: String
    /// What is wrong and what to do; never holds a secret.
    package var message: String
    package var headers: HTTPFields

    package init(_ status: HTTPResponse.Status, _ code: String, _ message: String, headers: HTTPFields = [:]) {
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
    }

    /// 400 with all problems in one text.
    package init(_ invalid: InvalidConfiguration) {
        self = .badRequest(invalid.description)
    }

    package static func badRequest(_ message: String) -> APIError { APIError(.badRequest, "BAD_REQUEST", message) }

    package static func unauthorized(_ message: String = "valid API key credentials are required") -> APIError {
        APIError(
            .unauthorized, "UNAUTHORIZED", message,
            headers: [.wwwAuthenticate: #"Basic realm="penstock", charset="UTF-8""#])
    }

    package static func forbidden(_ message: String) -> APIError { APIError(.forbidden, "FORBIDDEN", message) }
    package static func notFound(_ message: String) -> APIError { APIError(.notFound, "NOT_FOUND", message) }

    package static func methodNotAllowed(_ message: String, allowed: [HTTPRequest.Method]) -> APIError {
        APIError(
            .methodNotAllowed, "METHOD_NOT_ALLOWED", message,
            headers: [.allow: allowed.map(\.rawValue).joined(separator: ", ")])
    }

    package static func conflict(_ message: String) -> APIError { APIError(.conflict, "CONFLICT", message) }

    /// Tells the client to close the connection, so that it stops sending the rest.
    package static func payloadTooLarge(_ message: String) -> APIError {
        APIError(.contentTooLarge, "PAYLOAD_TOO_LARGE", message, headers: [.connection: "close"])
    }

    /// 424: something the request depends on is not in the right state, such as a stopped service.
    package static func failedDependency(_ message: String) -> APIError {
        APIError(HTTPResponse.Status(code: 424, reasonPhrase: "Failed Dependency"), "FAILED_DEPENDENCY", message)
    }

    package static func tooManyRequests(_ message: String, headers: HTTPFields = [:]) -> APIError {
        APIError(.tooManyRequests, "TOO_MANY_REQUESTS", message, headers: headers)
    }

    /// 503: passing trouble with a service or source; the same request may succeed later.
    package static func unavailable(_ message: String) -> APIError {
        APIError(.serviceUnavailable, "SERVICE_UNAVAILABLE", message)
    }

    /// 500 without a word about the cause: that is in the log under the request id.
    package static func internalError() -> APIError {
        APIError(
            .internalServerError, "INTERNAL_ERROR", "the request failed; the log has the cause under this request id")
    }

    package var description: String { "\(code): \(message)" }

    package func response(from request: Request, context: some RequestContext) throws -> Response {
        let requestID = (context as? APIContext)?.requestID ?? ""
        let envelope: JSONValue = [
            "status": .integer(Int64(status.code)), "requestId": .string(requestID), "error": .string(description),
        ]
        return try .json(envelope, status: status, headers: headers)
    }
}
