package import PipeCore

/// One pass over a bucket: the objects a glob matches, after a key, page by page, in the order of their keys.
///
/// Holds one page at a time.
package struct MatchingKeys {
    private let listing: any ObjectListing
    private let glob: KeyGlob
    private let start: String?
    private var continuation: String?
    private var lastListed: String?
    package private(set) var isFinished = false
    /// Keys seen so far, matching or not.
    package private(set) var listed = 0

    package init(_ listing: any ObjectListing, glob: KeyGlob, after start: String?) {
        self.listing = listing
        self.glob = glob
        self.start = start
    }

    /// The matching objects of the next page; may be empty before the pass is finished.
    package mutating func nextPage() async throws(ObjectStorageError) -> [RemoteObject] {
        if isFinished { return [] }
        if let key = glob.exactKey {
            isFinished = true
            if let start, !KeyOrder.isBefore(start, key) { return [] }
            return try await listing.object(key).map { [$0] } ?? []
        }
        let page = try await listing.page(prefix: glob.literalPrefix, after: start, continuation: continuation)
        if let next = page.next, next == continuation {
            throw ObjectStorageError(
                "SOURCE_LISTING_INVALID", .user, "url", "failed to access the bucket: its endpoint repeats a page of the listing for ever")
        }
        continuation = page.next
        isFinished = page.next == nil
        listed += page.objects.count
        var matching: [RemoteObject] = []
        for object in page.objects {
            if let lastListed, !KeyOrder.isBefore(lastListed, object.key) {
                throw ObjectStorageError(
                    "SOURCE_LISTING_INVALID", .user, "url",
                    "failed to access the bucket: its endpoint lists keys out of the order of their UTF-8 bytes, so that files could be missed"
                )
            }
            lastListed = object.key
            // An endpoint may ignore where a listing is to start.
            if let start, !KeyOrder.isBefore(start, object.key) { continue }
            if glob.matches(object.key) { matching.append(object) }
        }
        return matching
    }
}
