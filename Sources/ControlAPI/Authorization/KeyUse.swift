package import Catalog
package import FoundationEssentials
package import Logging
private import Synchronization

/// Keeps `usedAt` of keys, to the minute, with at most one write per key and minute.
package final class KeyUse: Sendable {
    private let catalog: any Catalog
    /// The last minute for which a write was tried: a failure is not repeated until the next one.
    private let tried = Mutex<[String: Date]>([:])

    package init(catalog: any Catalog) { self.catalog = catalog }

    package func record(_ key: KeyRecord, at now: Date, logger: Logger) async {
        let minute = Date(timeIntervalSince1970: (now.timeIntervalSince1970 / 60).rounded(.down) * 60)
        guard key.usedAt.map({ $0 < minute }) ?? true else { return }
        let isFirst = tried.withLock { tried in
            if tried[key.id] == minute { return false }
            // Deleted keys must not stay forever; losing the rest costs one write each.
            if tried.count > 10_000 { tried.removeAll() }
            tried[key.id] = minute
            return true
        }
        guard isFirst else { return }
        do {
            _ = try await catalog.updateKey(key.id) { $0.usedAt = minute }
        } catch {
            logger.warning("the time of use of a key could not be stored", metadata: ["key": "\(key.id)", "error": "\(error)"])
        }
    }
}
