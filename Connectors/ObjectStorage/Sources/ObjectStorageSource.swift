public import PipeCore

/// Files of a bucket, in the order of their keys, as batches that ClickHouse reads by itself.
///
/// A refused file is written to the error table before its batch is emitted, and stands in the batch's extent, so that the position
/// passes it durably. A repetition of the batch writes the same record again, which the error table keeps once: a crash at any point
/// neither loses nor doubles it. A batch may hold nothing but refused or empty files: it is emitted too, with no objects to load.
public struct ObjectStorageSource: Source {
    public typealias Extent = ObjectStorageExtent

    /// The only lane: a listing has one order.
    public static let lane = Lane("objects")

    let configuration: ObjectStorageConfiguration
    let glob: KeyGlob
    let listing: any ObjectListing
    let context: SourceContext

    package init(_ configuration: ObjectStorageConfiguration, glob: KeyGlob, listing: any ObjectListing, context: SourceContext) {
        self.configuration = configuration
        self.glob = glob
        self.listing = listing
        self.context = context
    }

    public func read(from checkpoint: Checkpoint<Extent>, into output: some BatchOutput<Extent>) async throws {
        do {
            try await readAll(from: checkpoint, into: output)
        } catch let error as ObjectStorageError {
            // A cancelled request looks like one that failed.
            try Task.checkCancellation()
            throw error.pipeError
        }
    }

    /// Nothing to tell a bucket.
    public func acknowledge(_ position: ObjectStoragePosition, in lane: Lane) async throws {}

    /// A batch may wait longer in the runner than the session of a role lasts.
    public func renewed(_ load: RemoteLoad) async throws -> RemoteLoad {
        var load = load
        do {
            load.location = try await listing.remoteLocation()
        } catch {
            try Task.checkCancellation()
            throw error.pipeError
        }
        return load
    }

    private func readAll(from checkpoint: Checkpoint<Extent>, into output: some BatchOutput<Extent>) async throws {
        var last = checkpoint.positions[Self.lane]?.lastKey
        for pending in checkpoint.pending where pending.lane == Self.lane {
            try await emit(pending.extent, id: pending.id, reason: .replay, into: output)
            last = KeyOrder.later(last, pending.extent.end.lastKey)
        }
        let hasRead = last != nil
        last = KeyOrder.later(last, configuration.startAfter)
        var isFirstPass = true
        while true {
            let (passed, listed) = try await pass(after: last, into: output)
            if let passed {
                last = passed
            } else if isFirstPass, !hasRead {
                context.log.log(
                    .warning, .sourceMissing,
                    "source.objectStorage.url matches no object: \(listed) keys begin with '\(glob.literalPrefix)'"
                        + (configuration.startAfter.map { " and sort after '\($0)'" } ?? ""))
            }
            isFirstPass = false
            guard configuration.isContinuous == true else { return }
            await output.alive(lag: SourceLag(items: 0, bytes: 0))
            try await pauseUntilNextListing(context.clock)
        }
    }

    /// Lists once and emits what is new; the last key emitted, or nil, and how many keys were listed.
    private func pass(after start: String?, into output: some BatchOutput<Extent>) async throws -> (last: String?, listed: Int) {
        var keys = MatchingKeys(listing, glob: glob, after: start)
        var batcher = FileBatcher()
        var limits = FileBatcher.Limits(context.settings.current)
        var last: String?
        while !keys.isFinished {
            try Task.checkCancellation()
            let objects = try await keys.nextPage()
            await output.alive(lag: nil)
            for object in objects {
                if batcher.isEmpty { limits = FileBatcher.Limits(context.settings.current) }
                for closed in batcher.add(object, limits: limits) {
                    try await emitNew(closed, into: output)
                    last = closed.extent.end.lastKey
                }
            }
        }
        if let rest = batcher.close(.end) {
            try await emitNew(rest, into: output)
            last = rest.extent.end.lastKey
        }
        return (last, keys.listed)
    }

    private func emitNew(_ closed: FileBatcher.Closed, into output: some BatchOutput<Extent>) async throws {
        try await emit(closed.extent, id: closed.extent.batchID(of: context.pipe), reason: closed.reason, into: output)
    }

    private func emit(_ extent: Extent, id: BatchID, reason: FlushReason, into output: some BatchOutput<Extent>) async throws {
        for refusal in extent.refused { await output.reject(refusal.record) }
        let load = RemoteLoad(
            objects: extent.files.filter { $0.size > 0 }, location: try await listing.remoteLocation(),
            format: configuration.format.rawValue, compression: configuration.compression?.rawValue ?? "auto",
            delimiter: configuration.delimiter)
        try await output.emit(Batch(id: id, lane: Self.lane, extent: extent, payload: .load(load), reason: reason))
    }

    /// Until the polling interval, counted from now, is over; the interval may change on the way.
    private func pauseUntilNextListing<C: Clock<Duration>>(_ clock: C) async throws {
        let start = clock.now
        while true {
            let settings = context.settings.current
            let deadline = start.advanced(by: .milliseconds(settings.integer("object_storage_polling_interval_ms")))
            if clock.now >= deadline { return }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await clock.sleep(until: deadline, tolerance: nil) }
                group.addTask { await context.settings.change(from: settings) }
                try await group.next()
                group.cancelAll()
            }
            try Task.checkCancellation()
        }
    }
}

extension ObjectStorageExtent.Refusal {
    /// The same record whenever it is written again.
    package var record: RejectedRecord {
        RejectedRecord(
            code: .fileTooLarge, reason: "\(object.key): \(reason)",
            locator: ["path": object.key, "etag": object.etag, "size": String(object.size)])
    }
}
