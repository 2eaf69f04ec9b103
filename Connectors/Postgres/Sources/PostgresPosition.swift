public import PipeCore

/// Where a lane of a Postgres pipe stands: one of the three kinds.
public struct PostgresPosition: SourcePosition {
    /// Of the lane of changes.
    package var stream: StreamPosition?
    /// Of a table's lane: how it is loaded.
    package var table: TablePlan?
    /// Of the lane of a piece of a table.
    package var chunk: ChunkPosition?

    package init(stream: StreamPosition? = nil, table: TablePlan? = nil, chunk: ChunkPosition? = nil) {
        self.stream = stream
        self.table = table
        self.chunk = chunk
    }
}

/// What a batch covers: from a position, which is outside, to another.
public struct PostgresExtent: SourceExtent {
    package var start: PostgresPosition
    public var end: PostgresPosition

    package init(start: PostgresPosition, end: PostgresPosition) {
        self.start = start
        self.end = end
    }
}

/// A place in the stream of changes.
package struct StreamPosition: Codable, Hashable, Sendable {
    /// Behind the commit of the last transaction that is done as a whole.
    package var log: LogPosition
    /// Changes done of the transaction behind it, counting every change the server sends.
    package var changes: Int
    /// The last version that a row was given; later rows get larger ones.
    package var version: UInt64
    /// Counts up when the stream starts anew with another slot.
    package var epoch: Int
    /// The slot has yet to be made anew.
    package var isReset: Bool

    package init(log: LogPosition = .zero, changes: Int = 0, version: UInt64 = 0, epoch: Int = 0, isReset: Bool = false) {
        self.log = log
        self.changes = changes
        self.version = version
        self.epoch = epoch
        self.isReset = isReset
    }

    /// The name of the batch that starts here.
    var batch: BatchID { BatchID("c\(epoch)-\(log.value)-\(changes)") }

    /// Whether the place is at or behind another one of the same epoch.
    func reaches(_ other: StreamPosition) -> Bool { (log, changes) >= (other.log, other.changes) }
}

/// How a table is loaded, and as what.
package struct TablePlan: Codable, Hashable, Sendable {
    /// Counts up when the table is loaded anew.
    package var generation: Int
    /// Into a shadow that takes the target's place.
    package var isShadow: Bool
    package var isDone: Bool
    /// The mapping was removed: should it come back, the table is loaded anew.
    package var isRemoved: Bool
    /// Nil: not split yet.
    package var chunks: [SnapshotChunk]?
    /// The target's columns as last made.
    package var columns: [TargetTable.Column]
    /// Names that the source's columns have or had, and their places. Nil: written before they were kept.
    package var places: [String: Int]?
    /// Why nothing more is written to the table until it is loaded anew.
    package var failure: String?
    /// The table is copied after this place of the log, and with the columns it had there. Nil: the copy belongs to the beginning of the slot.
    package var copiedAfter: LogPosition?

    package init(generation: Int, isShadow: Bool = false) {
        self.generation = generation
        self.isShadow = isShadow
        isDone = false
        isRemoved = false
        columns = []
    }

    /// The table is to be loaded anew, beside what it holds unless that cannot be.
    package func restarted(besides hasShadow: Bool) -> TablePlan {
        TablePlan(generation: generation + 1, isShadow: hasShadow)
    }
}

/// A piece of a table that one reader copies.
package struct SnapshotChunk: Codable, Hashable, Sendable {
    /// Where the rows lie: the table, or one of its partitions.
    package var leaf: TableName
    /// The relation and its file when the table was split; nil: not noted.
    package var place: Place?
    /// Heap blocks, the end is outside; nil: the whole leaf at once.
    package var blocks: Range<Int64>?
    /// The last range has no end: rows may have been added since.
    package var isOpen: Bool
    /// Blocks of one read.
    package var step: Int64

    package struct Place: Codable, Hashable, Sendable {
        package var oid: UInt32
        package var file: UInt32
    }
}

package struct ChunkPosition: Codable, Hashable, Sendable {
    package var generation: Int
    /// The next block to read; meaningless once done.
    package var block: Int64
    package var isDone: Bool
}

extension Lane {
    static let changes: Lane = Lane("changes")
    static func table(_ table: TableName) -> Lane { Lane("snapshot/\(table.quoted)") }
    static func chunk(_ table: TableName, _ index: Int) -> Lane { Lane("snapshot/\(table.quoted)/\(index)") }
}
