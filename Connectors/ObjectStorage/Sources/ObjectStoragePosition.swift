public import PipeCore

/// How far a listing is dealt with: every matching key up to and including this one.
public struct ObjectStoragePosition: SourcePosition {
    public var lastKey: String
    public init(lastKey: String) { self.lastKey = lastKey }
}

/// The files of one batch, in the order of the listing.
public struct ObjectStorageExtent: SourceExtent {
    /// A file that will not be loaded.
    public struct Refusal: Codable, Hashable, Sendable {
        public var object: RemoteObject
        public var reason: String
        public init(object: RemoteObject, reason: String) {
            self.object = object
            self.reason = reason
        }
    }

    public var end: ObjectStoragePosition
    /// Files to load; those of size zero are remembered as ingested and not read.
    public var files: [RemoteObject]
    public var refused: [Refusal]

    public init(end: ObjectStoragePosition, files: [RemoteObject], refused: [Refusal] = []) {
        self.end = end
        self.files = files
        self.refused = refused
    }

    public var archive: [ArchivedObject] {
        files.map { ArchivedObject(object: $0) }
            + refused.map { ArchivedObject(object: $0.object, outcome: .rejected, reason: $0.reason) }
    }
}
