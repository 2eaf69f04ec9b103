package import Catalog
private import Hummingbird
private import PipeCore

extension APIPath {
    package static let savedQueries = "\(service)/saved-queries"
    package static let savedQuery = "\(savedQueries)/{queryId}"
    package static let queryEndpoints = "\(service)/query-api-endpoints"
    package static let queryEndpoint = "\(queryEndpoints)/{endpointId}"
    package static let serviceQueryEndpoint = "\(service)/serviceQueryEndpoint"
}

extension APIDependencies {
    /// The saved query named in the path, on the service named there. Throws 404 when there is none.
    package func requireSavedQuery(_ context: APIContext) async throws -> SavedQueryRecord {
        let service = try await requireService(context)
        let id = try context.uuid("queryId")
        guard let query = try await catalog.savedQuery(id), query.serviceID == service.id else {
            throw APIError.notFound("saved query \(id) does not exist")
        }
        return query
    }

    /// The endpoint named in the path, on the service named there. Throws 404 when there is none.
    package func requireQueryEndpoint(_ context: APIContext) async throws -> QueryEndpointRecord {
        let service = try await requireService(context)
        let id = try context.uuid("endpointId")
        guard let endpoint = try await catalog.queryEndpoint(id), endpoint.serviceID == service.id else {
            throw Self.missingEndpoint(id)
        }
        return endpoint
    }

    package static func missingEndpoint(_ id: String) -> APIError { .notFound("query API endpoint \(id) does not exist") }
}

extension APIContext {
    /// The same with room for a body that holds SQL: the longest text allowed, in four bytes a character, and 1 MiB.
    var acceptingSQL: APIContext {
        var copy = self
        copy.maxUploadSize = max(maxUploadSize, QuerySchemas.longestSQL * 4 + 1_048_576)
        return copy
    }
}
