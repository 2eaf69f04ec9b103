/// The headers of an answer that went through the cache, and whether the caller has it already. No I/O.
public struct CacheHeaders: Sendable, Hashable {
    /// True: answer 304, with these headers and no body.
    public var isNotModified: Bool
    public var fields: [CachedAnswer.Field]

    /// - Parameter ifNoneMatch: the request's header; nil when it has none.
    public init(_ result: CachedResult, ifNoneMatch: String?) {
        isNotModified = ifNoneMatch.map { Self.matches($0, result.etag) } ?? false
        fields = [
            .init("ETag", result.etag),
            .init("Cache-Control", "private, max-age=\(max(0, result.seconds - result.age))"),
            .init("Age", String(result.age)),
            .init("X-Cache", result.isHit ? "HIT" : "MISS"),
        ]
    }

    /// Of an answer of an endpoint with a cache that is not kept: too large, or not all of it seen yet when its first byte goes out.
    public static let uncached = CacheHeaders(
        isNotModified: false, fields: [.init("Cache-Control", "private, no-store"), .init("X-Cache", "MISS")])

    private init(isNotModified: Bool, fields: [CachedAnswer.Field]) {
        self.isNotModified = isNotModified
        self.fields = fields
    }

    /// RFC 9110, 13.1.2: `*`, or a list of tags compared weakly, so that `W/"x"` matches `"x"`: a proxy that compresses an answer
    /// weakens its tag.
    package static func matches(_ header: String, _ etag: String) -> Bool {
        var rest = header[...].utf8.drop { isBlank($0) }
        if rest.first == UInt8(ascii: "*") { return rest.dropFirst().allSatisfy { isBlank($0) } }
        let wanted = etag.utf8
        while true {
            rest = rest.drop { isBlank($0) || $0 == UInt8(ascii: ",") }
            if rest.starts(with: "W/".utf8) { rest = rest.dropFirst(2) }
            guard rest.first == UInt8(ascii: "\""), let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "\"")) else { return false }
            if rest[...end].elementsEqual(wanted) { return true }
            rest = rest[rest.index(after: end)...]
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
