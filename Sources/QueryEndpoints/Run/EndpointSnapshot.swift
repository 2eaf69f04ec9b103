public import Catalog
private import Synchronization

/// Everything that a call looks up, as it was at one revision of the catalog.
public struct EndpointSnapshot: Sendable {
    public var revision: Int
    /// By id in lower case.
    public var endpoints: [String: Entry]
    public var services: [String: Service]

    /// An endpoint, or why its stored query cannot run: it was stored by a program with other rules.
    public enum Entry: Sendable {
        case ready(CompiledEndpoint)
        case broken(QueryEndpointRecord, StatementProblem)

        public var record: QueryEndpointRecord {
            switch self {
            case .ready(let endpoint): endpoint.record
            case .broken(let record, _): record
            }
        }
    }

    public struct Service: Sendable {
        public var record: ServiceRecord
        /// Nil: the service does not run SQL of callers.
        public var route: CompiledServiceRoute?
    }
}

/// Keeps the newest ``EndpointSnapshot``: as long as nothing changes, a call costs no query of the catalog.
public final class EndpointDirectory: Sendable {
    private let catalog: any Catalog
    private let newest = Mutex<EndpointSnapshot?>(nil)

    public init(catalog: any Catalog) { self.catalog = catalog }

    /// What is true now: a change that the catalog confirmed before the call is in it.
    public func current() async throws -> EndpointSnapshot {
        let revision = catalog.accessRevision
        let known = newest.withLock { $0 }
        if let known, known.revision >= revision { return known }
        let loaded = try await load(revision, reusing: known)
        newest.withLock { present in
            if present.map({ $0.revision < loaded.revision }) ?? true { present = loaded }
        }
        return loaded
    }

    private func load(_ revision: Int, reusing known: EndpointSnapshot?) async throws -> EndpointSnapshot {
        var snapshot = EndpointSnapshot(revision: revision, endpoints: [:], services: [:])
        for record in try await catalog.queryEndpoints(service: nil) {
            let old = known?.endpoints[record.id]
            snapshot.endpoints[record.id] = if let old, old.record == record { old } else { Self.entry(record) }
        }
        for record in try await catalog.services() {
            let route = try await catalog.serviceQueryEndpoint(service: record.id)
            snapshot.services[record.id] = .init(record: record, route: route.map { CompiledServiceRoute($0) })
        }
        return snapshot
    }

    private static func entry(_ record: QueryEndpointRecord) -> EndpointSnapshot.Entry {
        do { return .ready(try CompiledEndpoint(record)) } catch { return .broken(record, error) }
    }
}
