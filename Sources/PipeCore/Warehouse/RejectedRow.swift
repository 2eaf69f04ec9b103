/// A row of a pipe's error table.
public struct RejectedRow: Sendable, Hashable {
    /// Where a row stands in the order of the table, and what names it there.
    public struct Key: Sendable, Hashable {
        /// Milliseconds since 1970.
        public var time: Int64
        public var hash: UInt64
        public init(time: Int64, hash: UInt64) {
            self.time = time
            self.hash = hash
        }
    }

    public var key: Key
    /// `raw` holds at most the first 64 KiB.
    public var record: RejectedRecord
    /// Bytes of the record as kept, and whether the record was longer.
    public var size: Int
    public var isTruncated: Bool
    /// Whether a replay can send it again.
    public var isReplayable: Bool
    /// Milliseconds since 1970; nil: not yet.
    public var replayedAt: Int64?

    public init(key: Key, record: RejectedRecord, size: Int, isTruncated: Bool, isReplayable: Bool, replayedAt: Int64?) {
        self.key = key
        self.record = record
        self.size = size
        self.isTruncated = isTruncated
        self.isReplayable = isReplayable
        self.replayedAt = replayedAt
    }
}

/// Which rows of a pipe's error table are meant; what is nil does not matter.
public struct RejectedFilter: Sendable, Hashable {
    public var code: PipeError.Code?
    /// Rejected in this span, in milliseconds since 1970; the end is outside.
    public var from: Int64?
    public var to: Int64?

    public init(code: PipeError.Code? = nil, from: Int64? = nil, to: Int64? = nil) {
        self.code = code
        self.from = from
        self.to = to
    }
}

/// What became of a replay.
public struct ReplayReport: Sendable, Hashable {
    /// Rows written, those included that an interrupted replay had left.
    public var replayed: Int
    /// Rows refused once more, and those that cannot be sent again; they stay as they are.
    public var failed: Int
    /// Rows of the filter that were not tried, because of the limit.
    public var remaining: Int
    /// Of the failed, those that cannot be sent again: cut off, never framed, or refused by a view after the table had taken them.
    public var notReplayable: Int

    public init(replayed: Int = 0, failed: Int = 0, remaining: Int = 0, notReplayable: Int = 0) {
        self.replayed = replayed
        self.failed = failed
        self.remaining = remaining
        self.notReplayable = notReplayable
    }
}
