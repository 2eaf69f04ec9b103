package import PipeCore

/// Cuts a listing into batches. Pure.
///
/// A batch ends before the file that would make it larger than `maximumBytes`, and after `maximumFiles` files. A file that is
/// larger than `maximumBytes` alone is refused: it takes its place in the batch, so that the position passes it, but no bytes.
package struct FileBatcher {
    package struct Limits: Hashable, Sendable {
        package var files: Int
        package var bytes: Int

        package init(files: Int, bytes: Int) {
            self.files = files
            self.bytes = bytes
        }

        package init(_ settings: PipeSettings) {
            files = max(1, Int(settings.integer("object_storage_max_file_count")))
            bytes = Int(settings.integer("object_storage_max_insert_bytes"))
        }
    }

    package struct Closed {
        package var extent: ObjectStorageExtent
        package var reason: FlushReason
    }

    package init() {}

    private var files: [RemoteObject] = []
    private var refused: [ObjectStorageExtent.Refusal] = []
    private var bytes = 0
    private var lastKey: String?

    /// Nothing is waiting.
    package var isEmpty: Bool { lastKey == nil }

    /// Takes the next file; returns the batches this closes, two at most.
    package mutating func add(_ object: RemoteObject, limits: Limits) -> [Closed] {
        var closed: [Closed] = []
        if object.size > limits.bytes {
            refused.append(
                ObjectStorageExtent.Refusal(
                    object: object,
                    reason: "the file has \(object.size) bytes, more than the setting object_storage_max_insert_bytes (\(limits.bytes))"))
        } else {
            if bytes + object.size > limits.bytes { closed += [close(.bytes)].compactMap { $0 } }
            files.append(object)
            bytes += object.size
        }
        lastKey = object.key
        if files.count + refused.count >= limits.files { closed += [close(.files)].compactMap { $0 } }
        return closed
    }

    /// What is left when the listing ends; nil when nothing is.
    package mutating func close(_ reason: FlushReason) -> Closed? {
        guard let lastKey else { return nil }
        defer { self = FileBatcher() }
        return Closed(
            extent: ObjectStorageExtent(end: ObjectStoragePosition(lastKey: lastKey), files: files, refused: refused), reason: reason)
    }
}
