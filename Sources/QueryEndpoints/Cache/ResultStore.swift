import NIOCore

/// Results by key, the least recently used gone first when their bytes exceed a bound. A value; knows no locks and no time but what
/// it is told.
package struct ResultStore: Sendable {
    /// What is kept under a key: an answer, or the knowledge that it is too large to keep.
    package enum Content: Sendable {
        case answer(CachedAnswer, etag: String)
        case tooLarge
    }

    package struct Entry: Sendable {
        package var content: Content
        package var storedAt: Duration
        package var seconds: Int

        package init(content: Content, storedAt: Duration, seconds: Int) {
            self.content = content
            self.storedAt = storedAt
            self.seconds = seconds
        }
    }

    private struct Node: Sendable {
        var key: CacheKey
        var entry: Entry
        var bytes: Int
        /// Neighbours by use: `newer` was used after, `older` before.
        var newer: Int
        var older: Int
    }

    /// What an entry takes besides its key and content: node, dictionary slot, strings.
    package static let overhead = 512
    private static let none = -1

    package let maxBytes: Int
    package private(set) var bytes = 0
    package private(set) var evictions = 0
    private var places: [CacheKey: Int] = [:]
    private var nodes: [Node?] = []
    private var free: [Int] = []
    private var newest = Self.none
    private var oldest = Self.none

    package init(maxBytes: Int) { self.maxBytes = maxBytes }

    package var count: Int { places.count }

    /// The entry, which is the most recently used now; nil when there is none or its time is up.
    package mutating func entry(_ key: CacheKey, at now: Duration) -> Entry? {
        guard let place = places[key], let node = nodes[place] else { return nil }
        if now - node.entry.storedAt >= .seconds(node.entry.seconds) {
            remove(place)
            return nil
        }
        if place != newest {
            unlink(place)
            link(place)
        }
        return node.entry
    }

    /// Keeps an entry, in place of an older one under the same key. One larger than the whole store is not kept.
    package mutating func insert(_ entry: Entry, for key: CacheKey) {
        if let place = places[key] { remove(place) }
        let size = Self.size(entry, key)
        guard size <= maxBytes else { return }
        while bytes + size > maxBytes, oldest != Self.none {
            remove(oldest)
            evictions += 1
        }
        let node = Node(key: key, entry: entry, bytes: size, newer: Self.none, older: Self.none)
        let place: Int
        if let reused = free.popLast() {
            place = reused
            nodes[place] = node
        } else {
            place = nodes.count
            nodes.append(node)
        }
        places[key] = place
        bytes += size
        link(place)
    }

    private static func size(_ entry: Entry, _ key: CacheKey) -> Int {
        var size = overhead + key.bytes.count
        if case .answer(let answer, _) = entry.content {
            size += answer.body.readableBytes + (answer.contentType?.utf8.count ?? 0)
            for field in answer.fields { size += 64 + field.name.utf8.count + field.value.utf8.count }
        }
        return size
    }

    private mutating func remove(_ place: Int) {
        guard let node = nodes[place] else { return }
        unlink(place)
        nodes[place] = nil
        free.append(place)
        places[node.key] = nil
        bytes -= node.bytes
    }

    private mutating func link(_ place: Int) {
        nodes[place]?.older = newest
        nodes[place]?.newer = Self.none
        if newest != Self.none { nodes[newest]?.newer = place }
        newest = place
        if oldest == Self.none { oldest = place }
    }

    private mutating func unlink(_ place: Int) {
        guard let node = nodes[place] else { return }
        if node.newer != Self.none { nodes[node.newer]?.older = node.older } else { newest = node.older }
        if node.older != Self.none { nodes[node.older]?.newer = node.newer } else { oldest = node.newer }
    }
}
