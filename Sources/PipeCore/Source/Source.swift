/// Where a lane resumes: opaque outside its connector, stored as JSON.
public protocol SourcePosition: Codable, Hashable, Sendable {}

/// What one batch covers, exactly enough to read the same batch again: an offset range, a list of files, an LSN range.
/// It is journaled before the batch is written and replayed with the same boundaries after a crash (design invariant 2).
public protocol SourceExtent: Codable, Hashable, Sendable {
    associatedtype Position: SourcePosition
    /// Where the lane stands once this batch is in the warehouse.
    var end: Position { get }
    /// Things to remember for longer than a position does: ingested files. Empty for streams.
    var archive: [ArchivedObject] { get }
}

extension SourceExtent {
    public var archive: [ArchivedObject] { [] }
}

/// An ordered sub-stream of a source: a partition, a shard, a snapshot chunk, a listing.
public struct Lane: RawRepresentable, Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public static func < (left: Lane, right: Lane) -> Bool { left.rawValue < right.rawValue }
    public var description: String { rawValue }
}

/// A running source.
public protocol Source<Extent>: Sendable {
    associatedtype Extent: SourceExtent

    /// Reads until the source is exhausted (returns) or cancelled (throws `CancellationError`).
    ///
    /// First emits every pending batch of the checkpoint again, same boundaries, same token, in order; then goes on from the
    /// lanes' positions. Passing trouble that the source cannot ride out itself is thrown as ``PipeError`` with disposition
    /// `retry`: the runner calls `read` again with the newest checkpoint after a pause.
    func read(from checkpoint: Checkpoint<Extent>, into output: some BatchOutput<Extent>) async throws

    /// Called after the checkpoint is on disk: commit an offset, advance a slot, delete a message.
    func acknowledge(_ position: Extent.Position, in lane: Lane) async throws

    /// The same load with credentials that are good from now on. Called before each try of a load, which may be long after
    /// `emit`. Throws ``PipeError``.
    func renewed(_ load: RemoteLoad) async throws -> RemoteLoad
}

extension Source {
    /// For sources without loads, or whose credentials do not end.
    public func renewed(_ load: RemoteLoad) async throws -> RemoteLoad { load }
}

/// Where a source puts its batches.
public protocol BatchOutput<Extent>: Sendable {
    associatedtype Extent: SourceExtent

    /// Hands a batch over; suspends while too many bytes are in flight.
    func emit(_ batch: Batch<Extent>) async throws

    /// A record or file that will not be loaded; goes to the error table. Never fails the pipe.
    func reject(_ record: RejectedRecord) async

    /// The source was reached: resets the patience for an unreachable source, and lets a healthy idle pipe look healthy.
    /// `lag` is what is known to wait at the source.
    func alive(lag: SourceLag?) async

    /// Something happened that is worth counting, such as `rebalance`; a label of the metric `SourceEvents_Total`.
    func count(_ event: String)

    /// Changes target tables. A barrier: waits until every batch emitted so far, of every lane, is in the warehouse and saved, then does
    /// the changes in order. Returns when they are done; other lanes may go on emitting meanwhile.
    ///
    /// Not journaled: after a crash the source comes to the same point and asks again, except for what stands before a journaled batch
    /// of the same lane, which was done before that batch was opened. Throws what ends the read, `CancellationError` included.
    func change(_ changes: [TableChange]) async throws

    /// Where tables stand; a table not named stays as it was. The first report of a read names every mapped table: the state of the
    /// pipe follows from it. Cheap: call it at each chunk.
    func progress(_ tables: [TableProgress]) async

    /// A source table changed: `text` says how, and what is done about it. It is put on record, for the log of the pipe and for whoever asks
    /// where the table stands.
    func schemaChanged(_ target: String, _ text: String) async
}

/// What waits at the source.
public struct SourceLag: Hashable, Sendable {
    /// Rows, messages or files.
    public var items: Int
    public var bytes: Int
    /// Items by lane, where the source knows: a partition's distance to its end.
    public var lanes: [Lane: Int]
    public init(items: Int, bytes: Int, lanes: [Lane: Int] = [:]) {
        self.items = items
        self.bytes = bytes
        self.lanes = lanes
    }
}

/// The resume point of a pipe.
public struct Checkpoint<Extent: SourceExtent>: Sendable {
    public var positions: [Lane: Extent.Position]
    /// Batches that were journaled and not settled, in the order they were opened.
    public var pending: [PendingBatch<Extent>]

    public init(positions: [Lane: Extent.Position] = [:], pending: [PendingBatch<Extent>] = []) {
        self.positions = positions
        self.pending = pending
    }
}

/// A journaled batch.
public struct PendingBatch<Extent: SourceExtent>: Sendable, Hashable {
    public var id: BatchID
    public var lane: Lane
    public var extent: Extent
    public init(id: BatchID, lane: Lane, extent: Extent) {
        self.id = id
        self.lane = lane
        self.extent = extent
    }
}
