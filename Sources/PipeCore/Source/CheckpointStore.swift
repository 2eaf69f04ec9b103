/// The durable memory of running pipes. Implemented by the catalog and, for tests, in memory; both pass one contract suite.
///
/// Positions and extents are opaque JSON here. Every method returns when its effect survives a crash.
public protocol CheckpointStore: Sendable {
    /// Everything known of a pipe; `pending` in the order of opening.
    func load(_ pipe: PipeID) async throws -> StoredCheckpoint

    /// Journals a batch before it is written. Opening an id that is already journaled changes nothing.
    func open(_ batch: StoredBatch, of pipe: PipeID) async throws

    /// Keeps a load's progress note in the journal entry of `batch`.
    func note(_ note: JSONValue, for batch: BatchID, of pipe: PipeID) async throws

    /// The progress note of a journaled batch.
    func note(for batch: BatchID, of pipe: PipeID) async throws -> JSONValue?

    /// In one transaction: moves lanes forward, removes settled batches from the journal, archives their objects.
    func save(_ settlement: Settlement, of pipe: PipeID) async throws

    /// In one transaction: puts `checkpoint` in the place of positions and journal; the archive stays.
    func replace(_ checkpoint: StoredCheckpoint, of pipe: PipeID) async throws

    /// Forgets positions, journal and archive of a pipe.
    func reset(_ pipe: PipeID) async throws
}

public struct StoredCheckpoint: Sendable, Hashable {
    public var positions: [Lane: JSONValue]
    public var pending: [StoredBatch]
    public init(positions: [Lane: JSONValue] = [:], pending: [StoredBatch] = []) {
        self.positions = positions
        self.pending = pending
    }
}

public struct StoredBatch: Sendable, Hashable {
    public var id: BatchID
    public var lane: Lane
    public var extent: JSONValue
    public init(id: BatchID, lane: Lane, extent: JSONValue) {
        self.id = id
        self.lane = lane
        self.extent = extent
    }
}

public struct Settlement: Sendable, Hashable {
    public var positions: [Lane: JSONValue]
    public var settled: [BatchID]
    public var archive: [ArchivedObject]
    public init(positions: [Lane: JSONValue] = [:], settled: [BatchID] = [], archive: [ArchivedObject] = []) {
        self.positions = positions
        self.settled = settled
        self.archive = archive
    }
}
