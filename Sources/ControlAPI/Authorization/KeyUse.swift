package import Catalog
package import FoundationEssentials
package import Logging
import ServiceLifecycle
private import Synchronization

/// Keeps `usedAt` of keys, to the minute, with at most one write per key and minute.
package final class KeyUse: Service {
    private struct Use: Sendable {
        var key: String
        var minute: Date
    }

    private let catalog: any Catalog
    private let logger: Logger
    /// The last minute for which a write was tried: a failure is not repeated until the next one.
    private let tried = Mutex<[String: Date]>([:])
    private let noted: AsyncStream<Use>
    private let notes: AsyncStream<Use>.Continuation

    package init(catalog: any Catalog, logger: Logger) {
        self.catalog = catalog
        self.logger = logger
        (noted, notes) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(10_000))
    }

    /// Returns when the use is stored.
    package func record(_ key: KeyRecord, at now: Date) async {
        if let use = news(key, now) { await store(use) }
    }

    /// Returns at once; ``run()`` stores the use.
    package func note(_ key: KeyRecord, at now: Date) {
        if let use = news(key, now) { notes.yield(use) }
    }

    /// Stores what is noted until the program stops.
    package func run() async throws {
        for await use in noted.cancelOnGracefulShutdown() { await store(use) }
    }

    /// Nil when this minute is stored or being stored.
    private func news(_ key: KeyRecord, _ now: Date) -> Use? {
        let minute = Date(timeIntervalSince1970: (now.timeIntervalSince1970 / 60).rounded(.down) * 60)
        guard key.usedAt.map({ $0 < minute }) ?? true else { return nil }
        return tried.withLock { tried in
            if tried[key.id] == minute { return nil }
            // Deleted keys must not stay forever; losing the rest costs one write each.
            if tried.count > 10_000 { tried.removeAll() }
            tried[key.id] = minute
            return Use(key: key.id, minute: minute)
        }
    }

    private func store(_ use: Use) async {
        do {
            _ = try await catalog.updateKey(use.key) { $0.usedAt = use.minute }
        } catch {
            logger.warning("the time of use of a key could not be stored", metadata: ["key": "\(use.key)", "error": "\(error)"])
        }
    }
}
