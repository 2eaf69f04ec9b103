package import Catalog
private import Hummingbird
package import PipeCore

/// The paths of the pipe resources.
extension APIPath {
    package static let pipes = "\(service)/clickpipes"
    package static let pipe = "\(service)/clickpipes/{clickPipeId}"
}

extension APIDependencies {
    /// The pipe named in the path, on the service named there. Throws 404 when there is none, whatever the id looks like.
    package func requirePipe(_ context: APIContext) async throws -> PipeRecord {
        let service = try await requireService(context)
        let id = context.parameters.get("clickPipeId") ?? ""
        guard let pipe = try await catalog.pipe(PipeID(id.lowercased())), pipe.serviceID == service.id else {
            throw APIError.notFound("ClickPipe \(id) does not exist")
        }
        return pipe
    }

    /// Ids of the reverse private endpoints that pipes of a service may name.
    package func privateEndpointIDs(service: String) async throws -> Set<String> {
        Set(try await catalog.privateEndpoints(service: service).map(\.id))
    }

    package func family(of pipe: PipeRecord) throws -> PipeFamily {
        guard let type = sources[pipe.kind] else {
            throw APIError.badRequest("source.\(pipe.kind) is not a source of this build")
        }
        return type.family
    }
}
