private import HTTPTypes
package import Hummingbird
private import Logging
private import NIOCore
private import PipeCore

/// Turns everything that is thrown into an envelope, names the request in the answer and writes the access log.
///
/// Neither bodies, nor headers, nor query strings are logged: they may hold secrets.
package struct RequestMiddleware: RouterMiddleware {
    package typealias Context = APIContext

    @concurrent package func handle(
        _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = try APIError(error, request: request, context: context).response(from: request, context: context)
        }
        if let name = HTTPField.Name("X-Request-Id") { response.headers[name] = context.requestID }
        if let name = HTTPField.Name("X-Content-Type-Options") { response.headers[name] = "nosniff" }
        // A browser would ask for a password by itself, in front of the page that wants to ask.
        if let name = HTTPField.Name("X-Requested-With"), request.headers[name] != nil || SessionCookie.token(of: request) != nil {
            response.headers[.wwwAuthenticate] = nil
        }
        context.logger.debug(
            "request",
            metadata: [
                "method": "\(request.method.rawValue)", "path": "\(request.uri.path)", "status": "\(response.status.code)",
                "duration": "\(start.duration(to: .now))",
            ])
        return response
    }
}

extension APIError {
    /// What the client is told of `error`. An error nobody foresaw is logged and becomes a 500 without its text.
    init(_ error: any Error, request: Request, context: APIContext) {
        switch error {
        case let error as APIError: self = error
        case let error as InvalidConfiguration: self = APIError(error)
        case let error as PipeError where error.disposition == .user: self = .badRequest(error.message)
        case let error as PipeError where error.disposition == .retry: self = .unavailable(error.message)
        case is NIOTooManyBytesError: self = .payloadTooLarge("the body is larger than \(context.maxUploadSize) bytes")
        case let error as HTTPError where error.status == .notFound:
            self = .notFound("\(request.method.rawValue) \(request.uri.path) is not part of this API")
        default:
            context.logger.error(
                "request failed",
                metadata: [
                    "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
                    "error": "\(String(reflecting: error))",
                ])
            self = .internalError()
        }
    }
}
