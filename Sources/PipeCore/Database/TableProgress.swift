/// How far one table of a database pipe is, as its source sees it.
public struct TableProgress: Codable, Hashable, Sendable {
    public enum State: String, Codable, Hashable, Sendable, CaseIterable {
        /// Mapped, its snapshot has not begun.
        case waiting = "Waiting"
        /// The first copy is under way.
        case snapshot = "Snapshot"
        /// A new copy is under way beside the old one.
        case resync = "Resync"
        /// Copied where that was wanted; changes are written.
        case streaming = "Streaming"
        /// Copied; no changes are wanted.
        case completed = "Completed"
        /// Nothing more is written to this table until somebody acts; the message says what to do. Other tables go on.
        case failed = "Failed"

        /// Whether the table is yet to be copied.
        public var isLoading: Bool { self == .waiting || self == .snapshot || self == .resync }
    }

    /// A count that may be of unknown size.
    public struct Part: Codable, Hashable, Sendable {
        public var done: Int
        /// Nil: not known yet. Rows are an estimate.
        public var total: Int?
        public init(done: Int = 0, total: Int? = nil) {
            self.done = done
            self.total = total
        }
    }

    /// The mapped target; names the table within its pipe.
    public var target: String
    /// The source table, for people: `public.orders`.
    public var source: String
    public var state: State
    /// Of the snapshot.
    public var rows: Part
    /// Of the snapshot.
    public var chunks: Part
    /// What it waits for, or why it failed; never holds a secret.
    public var message: String?

    public init(target: String, source: String, state: State, rows: Part = Part(), chunks: Part = Part(), message: String? = nil) {
        self.target = target
        self.source = source
        self.state = state
        self.rows = rows
        self.chunks = chunks
        self.message = message
    }
}
