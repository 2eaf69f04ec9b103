package import Hummingbird
private import NIOCore
package import PipeCore

/// The body of a request, which must be a JSON object; its content type does not matter.
///
/// Throws 413 when it is larger than the context allows, 400 when it ends early, is empty, not JSON (with the position) or not
/// an object.
package func jsonBody(_ request: Request, context: APIContext) async throws -> JSONValue {
    let limit = context.maxUploadSize
    let bytes: ByteBuffer
    do {
        bytes = try await request.body.collect(upTo: limit)
    } catch is NIOTooManyBytesError {
        throw APIError.payloadTooLarge("the body is larger than \(limit) bytes")
    } catch {
        if error is CancellationError { throw error }
        // The client went away; nobody reads this answer, but it is no failure of the server.
        throw APIError.badRequest("the body ended early")
    }
    guard bytes.readableBytes > 0 else { throw APIError.badRequest("the body is empty; a JSON object is expected") }
    let value: JSONValue
    do {
        value = try JSONValue(parsing: bytes.readableBytesView)
    } catch {
        throw APIError.badRequest("the body is not valid JSON: \(error)")
    }
    guard value.object != nil else { throw APIError.badRequest("the body must be a JSON object, not \(value.kindName)") }
    return value
}
