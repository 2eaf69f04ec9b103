import ObjectStorageConnector
import PipeCore
import Testing

@Suite struct FileBatcherTests {
    func object(_ key: String, _ size: Int) -> RemoteObject { RemoteObject(key: key, size: size, etag: "e", lastModified: "t") }

    /// The keys of each batch, refused ones in brackets.
    func cut(_ sizes: [Int], files: Int, bytes: Int) -> [String] {
        var batcher = FileBatcher()
        var closed: [FileBatcher.Closed] = []
        for (index, size) in sizes.enumerated() {
            closed += batcher.add(object("k\(index)", size), limits: FileBatcher.Limits(files: files, bytes: bytes))
        }
        if let rest = batcher.close(.end) { closed.append(rest) }
        return closed.map { batch in
            let keys = batch.extent.files.map(\.key) + batch.extent.refused.map { "[\($0.object.key)]" }
            return "\(batch.reason.rawValue) \(keys.joined(separator: " ")) -> \(batch.extent.end.lastKey)"
        }
    }

    @Test func byCount() {
        #expect(cut([1, 1, 1, 1, 1], files: 2, bytes: 100) == ["files k0 k1 -> k1", "files k2 k3 -> k3", "end k4 -> k4"])
        #expect(cut([1, 1], files: 2, bytes: 100) == ["files k0 k1 -> k1"])
        #expect(cut([], files: 2, bytes: 100) == [])
        #expect(cut([1, 1], files: 1, bytes: 100) == ["files k0 -> k0", "files k1 -> k1"])
    }

    @Test func byBytes() {
        #expect(cut([60, 40, 1, 100], files: 9, bytes: 100) == ["bytes k0 k1 -> k1", "bytes k2 -> k2", "end k3 -> k3"])
        #expect(cut([100, 100], files: 9, bytes: 100) == ["bytes k0 -> k0", "end k1 -> k1"])
        #expect(cut([60, 60], files: 1, bytes: 100) == ["files k0 -> k0", "files k1 -> k1"])
    }

    @Test func tooLargeFilesTakeAPlaceAndNoBytes() {
        #expect(cut([60, 101, 40], files: 9, bytes: 100) == ["end k0 k2 [k1] -> k2"])
        #expect(cut([101], files: 9, bytes: 100) == ["end [k0] -> k0"])
        #expect(cut([101, 101, 1], files: 2, bytes: 100) == ["files [k0] [k1] -> k1", "end k2 -> k2"])
        #expect(cut([0, 0, 0], files: 2, bytes: 100) == ["files k0 k1 -> k1", "end k2 -> k2"])
    }

    @Test func limitsComeFromTheSettings() {
        #expect(FileBatcher.Limits(PipeSettings()) == FileBatcher.Limits(files: 100, bytes: 10_737_418_240))
        let settings = PipeSettings(["object_storage_max_file_count": 7, "object_storage_max_insert_bytes": 10_485_760])
        #expect(FileBatcher.Limits(settings) == FileBatcher.Limits(files: 7, bytes: 10_485_760))
    }

    @Test func theIDFollowsFromTheContent() {
        let pipe = PipeID(rawValue: "pipe")
        func extent(_ files: [RemoteObject], refused: [ObjectStorageExtent.Refusal] = []) -> ObjectStorageExtent {
            ObjectStorageExtent(end: ObjectStoragePosition(lastKey: files.last?.key ?? ""), files: files, refused: refused)
        }
        let base = extent([object("a", 1), object("b", 2)])
        let id = base.batchID(of: pipe)
        #expect(id == base.batchID(of: pipe))
        #expect(id.rawValue.utf8.count == 32)
        var overwritten = base
        overwritten.files[1].etag = "e2"
        let different = [
            overwritten.batchID(of: pipe), extent([object("a", 1)]).batchID(of: pipe), base.batchID(of: PipeID(rawValue: "other")),
            extent([object("ae", 1), object("b", 2)]).batchID(of: pipe),
            extent([object("a", 1)], refused: [ObjectStorageExtent.Refusal(object: object("c", 9), reason: "r")]).batchID(of: pipe),
        ]
        #expect(Set(different + [id]).count == different.count + 1)
    }

    @Test func theArchiveTellsWhatBecameOfEachFile() {
        let extent = ObjectStorageExtent(
            end: ObjectStoragePosition(lastKey: "b"), files: [object("a", 0)],
            refused: [ObjectStorageExtent.Refusal(object: object("b", 9), reason: "too large")])
        #expect(
            extent.archive == [
                ArchivedObject(object: object("a", 0)), ArchivedObject(object: object("b", 9), outcome: .rejected, reason: "too large"),
            ])
    }
}
