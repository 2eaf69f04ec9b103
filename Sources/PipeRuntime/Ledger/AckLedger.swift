public import PipeCore

/// Which batches of a run are durable, and how far each lane may therefore move. A value: no I/O, no time.
///
/// Batches of a lane settle in any order; what leaves the ledger is only ever the settled *prefix* of a lane. A batch that
/// settled ahead of an earlier one stays journaled, because after a crash the lane resumes before it and the replay must have
/// the same boundaries.
public struct AckLedger<Extent: SourceExtent>: Sendable {
    /// Names an open batch: its place in its lane, counted without gaps.
    public struct Ticket: Hashable, Sendable {
        public let lane: Lane
        public let number: Int
    }

    /// What may be saved: where lanes stand, which journal entries may go, what to archive.
    public struct Advance: Sendable {
        public internal(set) var positions: [Lane: Extent.Position] = [:]
        /// Within a lane in order of opening.
        public internal(set) var settled: [BatchID] = []
        public internal(set) var archive: [ArchivedObject] = []

        /// The form a checkpoint store keeps.
        public func settlement() throws -> Settlement {
            Settlement(positions: try positions.mapValues { try JSONValue(encoding: $0) }, settled: settled, archive: archive)
        }

        mutating func append(_ later: Advance) {
            positions.merge(later.positions) { _, later in later }
            settled += later.settled
            archive += later.archive
        }
    }

    public struct Gauges: Hashable, Sendable {
        /// Batches not yet durable.
        public var openBatches = 0
        /// Their payloads, in bytes of Penstock's memory.
        public var bytesInFlight = 0
        /// When the oldest of them was opened.
        public var oldestOpen: Duration?

        public init(openBatches: Int = 0, bytesInFlight: Int = 0, oldestOpen: Duration? = nil) {
            self.openBatches = openBatches
            self.bytesInFlight = bytesInFlight
            self.oldestOpen = oldestOpen
        }
    }

    private struct Entry: Sendable {
        var id: BatchID
        var extent: Extent
        var bytes: Int
        var opened: Duration
        var isSettled = false
        /// What the extent asks to remember, with what the warehouse left out; made when settled.
        var archive: [ArchivedObject] = []
    }

    private struct LaneEntries: Sendable {
        /// Number of the first of `entries`.
        var base = 0
        var entries: [Entry] = []
    }

    private var lanes: [Lane: LaneEntries] = [:]
    private var ids: Set<BatchID> = []
    private var openBatches = 0
    private var bytesInFlight = 0
    private var ready: Advance?
    private var saving: Advance?

    public init() {}

    /// Enters a batch at the end of its lane. Nil when a batch of this id is open or not yet saved: ids are unique.
    public mutating func open(_ id: BatchID, in lane: Lane, extent: Extent, bytes: Int, at now: Duration) -> Ticket? {
        guard ids.insert(id).inserted else { return nil }
        openBatches += 1
        bytesInFlight += bytes
        lanes[lane, default: LaneEntries()].entries.append(Entry(id: id, extent: extent, bytes: bytes, opened: now))
        return lanes[lane].map { Ticket(lane: lane, number: $0.base + $0.entries.count - 1) }
    }

    /// Settles a batch; the receipt is the proof. Settling again changes nothing.
    public mutating func settle(_ ticket: Ticket, _ receipt: consuming InsertReceipt) {
        guard var lane = lanes[ticket.lane] else { return }
        let index = ticket.number - lane.base
        guard lane.entries.indices.contains(index), !lane.entries[index].isSettled else { return }
        lane.entries[index].isSettled = true
        lane.entries[index].archive = Self.archive(of: lane.entries[index].extent, rejected: receipt.rejected)
        openBatches -= 1
        bytesInFlight -= lane.entries[index].bytes

        let prefix = lane.entries.prefix { $0.isSettled }
        if let last = prefix.last {
            ready = ready ?? Advance()
            ready?.append(
                Advance(
                    positions: [ticket.lane: last.extent.end], settled: prefix.map(\.id),
                    archive: prefix.flatMap(\.archive)))
            lane.base += prefix.count
            lane.entries.removeFirst(prefix.count)
        }
        lanes[ticket.lane] = lane
    }

    /// A file the warehouse could not load is remembered as rejected. Its record names it by `path`.
    private static func archive(of extent: Extent, rejected: [RejectedRecord]) -> [ArchivedObject] {
        if rejected.isEmpty { return extent.archive }
        let reasons = Dictionary(rejected.map { ($0.locator["path"], $0.reason) }, uniquingKeysWith: { first, _ in first })
        return extent.archive.map { object in
            guard let reason = reasons[object.object.key] else { return object }
            return ArchivedObject(object: object.object, outcome: .rejected, reason: reason)
        }
    }

    /// Everything that became ready since the last save, merged; nil when there is nothing, or while a save is under way:
    /// there is one writer. Must be followed by ``endSave(succeeded:)``.
    public mutating func beginSave() -> Advance? {
        guard saving == nil, let advance = ready else { return nil }
        ready = nil
        saving = advance
        return advance
    }

    /// A save that failed is part of the next one.
    public mutating func endSave(succeeded: Bool) {
        guard var ended = saving else { return }
        saving = nil
        if succeeded {
            ids.subtract(ended.settled)
        } else {
            if let ready { ended.append(ready) }
            ready = ended
        }
    }

    /// The batches that are open, or settled and not yet saved.
    public var unsaved: Set<BatchID> { ids }

    public var gauges: Gauges {
        let oldest = lanes.values.compactMap { $0.entries.first { !$0.isSettled }?.opened }.min()
        return Gauges(openBatches: openBatches, bytesInFlight: bytesInFlight, oldestOpen: oldest)
    }
}
