public import FoundationEssentials
internal import GRDB
internal import Synchronization

extension SQLiteCatalog {
    public var accessRevision: Int { revision.load(ordering: .acquiring) }

    /// Called after every commit that a call of an endpoint may depend on.
    func accessChanged() { revision.add(1, ordering: .releasing) }

    // MARK: Saved queries

    public func savedQueries(service: String) async throws -> [SavedQueryRecord] {
        try await store.read { try Table.savedQueries.fetch($0, "WHERE service_id = ? ORDER BY created_at, sequence", [service]) }
    }

    public func savedQuery(_ id: String) async throws -> SavedQueryRecord? {
        try await store.read { try Table.savedQueries.find($0, id) }
    }

    public func create(_ query: SavedQueryRecord) async throws { try await store.write { try Table.savedQueries.insert($0, query) } }

    public func updateSavedQuery(
        _ id: String, _ change: @Sendable (inout SavedQueryRecord) throws -> Void
    ) async throws -> SavedQueryRecord? {
        try await store.write { try Table.savedQueries.update($0, id, change)?.new }
    }

    public func deleteSavedQuery(_ id: String) async throws -> Bool {
        try await store.write { try Table.savedQueries.delete($0, id) }
    }

    // MARK: Endpoints

    public func queryEndpoints(service: String?) async throws -> [QueryEndpointRecord] {
        try await store.read { [endpointTable] database in
            guard let service else { return try endpointTable.fetch(database, "ORDER BY created_at, sequence") }
            return try endpointTable.fetch(database, "WHERE service_id = ? ORDER BY created_at, sequence", [service])
        }
    }

    public func queryEndpoint(_ id: String) async throws -> QueryEndpointRecord? {
        try await store.read { [endpointTable] in try endpointTable.find($0, id) }
    }

    public func create(_ endpoint: QueryEndpointRecord, author: String) async throws {
        try await store.write { [endpointTable] database in
            var endpoint = endpoint
            endpoint.version = 1
            try endpointTable.insert(database, endpoint)
            try Table.endpointVersions.insert(
                database,
                QueryEndpointVersionRecord(
                    endpointID: endpoint.id, number: 1, query: endpoint.query, createdAt: endpoint.createdAt, author: author))
        }
        accessChanged()
    }

    public func updateQueryEndpoint(
        _ id: String, author: String, _ change: @Sendable (inout QueryEndpointRecord) throws -> Void
    ) async throws -> QueryEndpointRecord? {
        let updated = try await store.write { [endpointTable] database in
            try endpointTable.update(database, id) { endpoint in
                let old = endpoint
                try change(&endpoint)
                endpoint.version = old.version
                if endpoint.query != old.query {
                    endpoint.version = try Self.append(
                        endpoint.query, to: id, author: author, at: endpoint.updatedAt, in: database
                    ).number
                }
            }?.new
        }
        accessChanged()
        return updated
    }

    public func deleteQueryEndpoint(_ id: String) async throws -> Bool {
        let isDeleted = try await store.write { [endpointTable] in try endpointTable.delete($0, id) }
        accessChanged()
        return isDeleted
    }

    // MARK: Versions

    public func versions(ofQueryEndpoint id: String) async throws -> [QueryEndpointVersionRecord] {
        try await store.read { try Table.endpointVersions.fetch($0, "WHERE endpoint_id = ? ORDER BY number DESC", [id]) }
    }

    public func addVersion(_ query: EndpointQuery, toQueryEndpoint id: String, author: String, at time: Date) async throws
        -> QueryEndpointVersionRecord?
    {
        try await store.write { [endpointTable] database in
            guard try endpointTable.find(database, id) != nil else { return nil }
            return try Self.append(query, to: id, author: author, at: time, in: database)
        }
    }

    public func publish(version number: Int, ofQueryEndpoint id: String, at time: Date) async throws -> QueryEndpointRecord? {
        let published: QueryEndpointRecord? = try await store.write { [endpointTable] database in
            let wanted = try Table.endpointVersions.fetch(database, "WHERE endpoint_id = ? AND number = ?", [id, number])
            guard let version = wanted.first else { return nil }
            return try endpointTable.update(database, id) {
                $0.query = version.query
                $0.version = number
                $0.updatedAt = time
            }?.new
        }
        accessChanged()
        return published
    }

    private static func append(
        _ query: EndpointQuery, to id: String, author: String, at time: Date, in database: Database
    ) throws -> QueryEndpointVersionRecord {
        let newest = try Table.endpointVersions.fetch(database, "WHERE endpoint_id = ? ORDER BY number DESC LIMIT 1", [id])
        let version = QueryEndpointVersionRecord(
            endpointID: id, number: (newest.first?.number ?? 0) + 1, query: query, createdAt: time, author: author)
        try Table.endpointVersions.insert(database, version)
        return version
    }

    // MARK: Service endpoints

    public func serviceQueryEndpoint(service: String) async throws -> ServiceQueryEndpointRecord? {
        try await store.read { try Table.serviceEndpoints.find($0, service) }
    }

    public func upsert(_ endpoint: ServiceQueryEndpointRecord) async throws -> ServiceQueryEndpointRecord {
        let stored = try await store.write { database in
            let updated = try Table.serviceEndpoints.update(database, endpoint.serviceID) { present in
                let (id, createdAt) = (present.id, present.createdAt)
                present = endpoint
                present.id = id
                present.createdAt = createdAt
            }
            if let updated { return updated.new }
            try Table.serviceEndpoints.insert(database, endpoint)
            return endpoint
        }
        accessChanged()
        return stored
    }

    public func deleteServiceQueryEndpoint(service: String) async throws -> Bool {
        let isDeleted = try await store.write { try Table.serviceEndpoints.delete($0, service) }
        accessChanged()
        return isDeleted
    }
}
