public import FoundationEssentials

/// Saved queries and query endpoints. The rules of ``Catalog`` hold here too.
public protocol QueryCatalog: Sendable {
    /// Grows with every change, by anyone, of what a call of an endpoint depends on: keys, roles, services and endpoints.
    /// What was read before the number grew may be stale; no date of use of a key counts.
    var accessRevision: Int { get }

    /// Ordered by creation.
    func savedQueries(service: String) async throws -> [SavedQueryRecord]
    func savedQuery(_ id: String) async throws -> SavedQueryRecord?
    func create(_ query: SavedQueryRecord) async throws
    func updateSavedQuery(_ id: String, _ change: @Sendable (inout SavedQueryRecord) throws -> Void) async throws -> SavedQueryRecord?
    func deleteSavedQuery(_ id: String) async throws -> Bool

    /// Ordered by creation; all services when `service` is nil.
    func queryEndpoints(service: String?) async throws -> [QueryEndpointRecord]
    func queryEndpoint(_ id: String) async throws -> QueryEndpointRecord?
    /// Its query becomes version 1.
    func create(_ endpoint: QueryEndpointRecord, author: String) async throws
    /// A change of the query becomes the next version, published at once; the version itself cannot be changed here.
    func updateQueryEndpoint(
        _ id: String, author: String, _ change: @Sendable (inout QueryEndpointRecord) throws -> Void
    ) async throws -> QueryEndpointRecord?
    /// Removes the endpoint and its versions.
    func deleteQueryEndpoint(_ id: String) async throws -> Bool

    /// Newest first; empty when there is no such endpoint.
    func versions(ofQueryEndpoint id: String) async throws -> [QueryEndpointVersionRecord]
    /// Keeps a query as the next version without publishing it. Nil when there is no such endpoint.
    func addVersion(_ query: EndpointQuery, toQueryEndpoint id: String, author: String, at time: Date) async throws
        -> QueryEndpointVersionRecord?
    /// Makes a version the one that runs. Nil when there is no such endpoint or no such version.
    func publish(version number: Int, ofQueryEndpoint id: String, at time: Date) async throws -> QueryEndpointRecord?

    func serviceQueryEndpoint(service: String) async throws -> ServiceQueryEndpointRecord?
    /// Replaces the one of the same service and keeps its id and date of creation; returns what is stored.
    func upsert(_ endpoint: ServiceQueryEndpointRecord) async throws -> ServiceQueryEndpointRecord
    func deleteServiceQueryEndpoint(service: String) async throws -> Bool
}
