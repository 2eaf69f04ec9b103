package import PipeCore

/// What a source needs of a bucket. The real one is ``S3Client``; tests list from memory.
package protocol ObjectListing: Sendable {
    /// One page of the keys that begin with `prefix` and sort after `key`, in the order of their UTF-8 bytes.
    /// `continuation` is the `next` of the page before; nil starts over.
    func page(prefix: String, after key: String?, continuation: String?) async throws(ObjectStorageError) -> ListingPage

    /// The object with exactly this key; nil when there is none.
    func object(_ key: String) async throws(ObjectStorageError) -> RemoteObject?

    /// Where and as whom ClickHouse reads the objects, with credentials that are good for at least half an hour.
    func remoteLocation() async throws(ObjectStorageError) -> RemoteLocation
}

package struct ListingPage: Hashable, Sendable {
    package var objects: [RemoteObject]
    /// Nil on the last page.
    package var next: String?

    package init(objects: [RemoteObject], next: String? = nil) {
        self.objects = objects
        self.next = next
    }
}

/// Keys sort by their UTF-8 bytes. `String` compares by Unicode equivalence, which is another order and another equality.
package enum KeyOrder {
    package static func isBefore(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

    package static func later(_ left: String?, _ right: String?) -> String? {
        guard let left else { return right }
        guard let right else { return left }
        return isBefore(left, right) ? right : left
    }
}
