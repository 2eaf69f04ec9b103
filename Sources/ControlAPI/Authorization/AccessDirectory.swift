package import Catalog
private import Synchronization

/// All keys with what they may do, as they were at one revision of the catalog. The time of a key's last use is not kept up.
package struct AccessSnapshot: Sendable {
    package struct Entry: Sendable {
        package var key: KeyRecord
        package var permissions: PermissionSet
    }

    package var revision: Int
    /// By the hash of the key's id.
    package var keys: [String: Entry]
}

/// Keeps the newest ``AccessSnapshot``: as long as nothing changes, a request costs no query of the catalog.
package final class AccessDirectory: Sendable {
    private let catalog: any Catalog
    private let newest = Mutex<AccessSnapshot?>(nil)

    package init(catalog: any Catalog) { self.catalog = catalog }

    /// What is true now: a change that the catalog confirmed before the call is in it.
    package func current() async throws -> AccessSnapshot {
        let revision = catalog.accessRevision
        if let known = newest.withLock({ $0 }), known.revision >= revision { return known }
        let roles = try await catalog.roles()
        var keys: [String: AccessSnapshot.Entry] = [:]
        for key in try await catalog.keys() {
            keys[key.keyIDHash] = .init(key: key, permissions: RoleDirectory.permissions(of: key, roles: roles))
        }
        let loaded = AccessSnapshot(revision: revision, keys: keys)
        newest.withLock { present in
            if present.map({ $0.revision < loaded.revision }) ?? true { present = loaded }
        }
        return loaded
    }
}
