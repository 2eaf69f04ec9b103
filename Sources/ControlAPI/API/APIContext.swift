private import FoundationEssentials
package import Hummingbird
private import Logging
package import NIOCore

/// What travels with one request.
package struct APIContext: RequestContext, RemoteAddressRequestContext {
    package var coreContext: CoreRequestContextStorage
    /// UUID v4, lower case: in every envelope, in the header `X-Request-Id` and in every log line of the request.
    package let requestID: String
    /// Who asks; nil on public routes only.
    package var caller: Caller?
    package let remoteAddress: SocketAddress?
    /// The connection.
    package let channel: any Channel
    /// Most bytes of a request body.
    package var maxUploadSize: Int

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        requestID = RequestID.make()
        remoteAddress = source.channel.remoteAddress
        channel = source.channel
        maxUploadSize = 1_048_576
        logger[metadataKey: "request_id"] = .string(requestID)
    }

    /// The caller of a route that is not public. Throws 401 when there is none.
    package func requireCaller() throws -> Caller {
        guard let caller else { throw APIError.unauthorized() }
        return caller
    }

    /// A UUID from the path, in lower case. Throws 400 when it is not a UUID.
    package func uuid(_ parameter: String) throws -> String {
        guard let text = parameters.get(parameter) else { throw APIError.notFound("no \(parameter) in the path") }
        guard UUID(uuidString: text) != nil else { throw APIError.badRequest("\(parameter) must be a UUID") }
        return text.lowercased()
    }
}
