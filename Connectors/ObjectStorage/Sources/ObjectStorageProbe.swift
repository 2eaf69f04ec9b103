public import PipeCore

extension ObjectStorageConfiguration: RunnableSource {
    public static var virtualColumns: [VirtualColumn] {
        [
            VirtualColumn("_path", "String"), VirtualColumn("_file", "String"), VirtualColumn("_size", "UInt64"),
            VirtualColumn("_time", "DateTime"), VirtualColumn("_etag", "String"), VirtualColumn("_row_number", "UInt64"),
        ]
    }

    public func makeSource(_ context: SourceContext) throws -> ObjectStorageSource {
        do {
            let connection = try ObjectStorageConnection(self, session: context.pipe.rawValue)
            return ObjectStorageSource(
                self, glob: connection.location.glob, listing: S3Client(connection.location, as: connection.authority), context: context)
        } catch {
            throw error.pipeError
        }
    }

    /// Lists with the real credentials until a file matches, and reads a byte of it.
    public func probe(_ context: ProbeContext) async -> [Finding] {
        if !gaps.isEmpty { return gaps.map(\.finding) }
        do {
            let connection = try ObjectStorageConnection(self, session: "probe")
            let client = S3Client(connection.location, as: connection.authority)
            let search = try await firstMatches(client, glob: connection.location.glob)
            guard let first = search.objects.first else { return [nothingMatches(search, connection.location.glob)] }
            try await client.checkReadable(first.key)
            return []
        } catch {
            return [error.finding]
        }
    }

    /// The first few files with something in them, small enough together for a quick look.
    public func sample(_ context: ProbeContext) async throws -> SchemaSample {
        do {
            let connection = try ObjectStorageConnection(self, session: "probe")
            let client = S3Client(connection.location, as: connection.authority)
            let search = try await firstMatches(client, glob: connection.location.glob)
            var chosen: [RemoteObject] = []
            var bytes = 0
            for object in search.objects where object.size > 0 {
                if !chosen.isEmpty, bytes + object.size > Self.sampleBytes { break }
                chosen.append(object)
                bytes += object.size
                if chosen.count == Self.sampleFiles { break }
            }
            guard !chosen.isEmpty else {
                throw PipeError(
                    .sourceMissing, .user, side: .source,
                    "\(Self.path["url"]) matches no object with anything in it: nothing to take a sample of")
            }
            return .load(
                RemoteLoad(
                    objects: chosen, location: try await client.remoteLocation(), format: format.rawValue,
                    compression: compression?.rawValue ?? "auto", delimiter: delimiter))
        } catch let error as ObjectStorageError {
            throw error.pipeError
        }
    }

    static let sampleFiles = 3
    static let sampleBytes = 256 << 20
    /// A probe gives up looking for a match after this many pages of a listing.
    static let probedPages = 50

    private struct Search {
        var objects: [RemoteObject]
        var listed: Int
        var isComplete: Bool
    }

    /// The matches of the first page that has any with content.
    private func firstMatches(_ listing: any ObjectListing, glob: KeyGlob) async throws(ObjectStorageError) -> Search {
        var keys = MatchingKeys(listing, glob: glob, after: startAfter)
        var found: [RemoteObject] = []
        for _ in 0..<Self.probedPages where !keys.isFinished {
            let page = try await keys.nextPage()
            if found.isEmpty || page.contains(where: { $0.size > 0 }) { found += page }
            if found.contains(where: { $0.size > 0 }) { break }
        }
        return Search(objects: found, listed: keys.listed, isComplete: keys.isFinished)
    }

    private func nothingMatches(_ search: Search, _ glob: KeyGlob) -> Finding {
        let field = Self.path["url"]
        if !search.isComplete {
            return Finding(
                .hint, field,
                "matches none of the first \(search.listed) keys that begin with '\(glob.literalPrefix)'; the rest was not looked at")
        }
        let after = startAfter.map { " after source.objectStorage.startAfter '\($0)'" } ?? ""
        if isContinuous == true {
            return Finding(.hint, field, "matches no object\(after) yet; the pipe waits for the first")
        }
        if let key = glob.exactKey { return Finding(.failure, field, "matches no object\(after): '\(key)' does not exist") }
        return Finding(
            .failure, field,
            "matches no object\(after): \(search.listed) keys begin with '\(glob.literalPrefix)' and none fits the pattern; wildcards are case-sensitive and * stops at /"
        )
    }
}
