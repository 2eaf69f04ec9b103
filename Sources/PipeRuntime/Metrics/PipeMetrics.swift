public import PipeCore
private import Synchronization

/// What is counted of one pipe. Counters start at zero with the process and survive restarts of the pipe.
public final class PipeMetrics: Sendable {
    /// What the labels say.
    public struct Identity: Hashable, Sendable {
        public var id: PipeID
        public var name: String
        public var serviceID: String
        /// The label `clickpipe_source`, for example `s3`.
        public var source: String
        public var family: PipeFamily
        public var scaling: PipeScaling
        public var state: PipeState

        public init(
            id: PipeID, name: String, serviceID: String, source: String, family: PipeFamily, scaling: PipeScaling = PipeScaling(),
            state: PipeState = .unknown
        ) {
            self.id = id
            self.name = name
            self.serviceID = serviceID
            self.source = source
            self.family = family
            self.scaling = scaling
            self.state = state
        }
    }

    public struct Values: Sendable {
        public var identity: Identity
        public var fetchedEvents = 0
        public var fetchedBytes = 0
        public var fetchedBytesCompressed = 0
        public var sentEvents = 0
        public var sentBytes = 0
        public var sentBytesCompressed = 0
        /// Failed tries, failures of the pipe, and records left out.
        public var errors: [PipeError.Code: Int] = [:]
        public var retries: [PipeSide: Int] = [:]
        public var flushes: [FlushReason: Int] = [:]
        public var lag: SourceLag?
        /// Things that happened at the source, such as rebalances.
        public var events: [String: Int] = [:]
        public var openBatches = 0
        public var bytesInFlight = 0
        public var batchRows = Histogram([1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000])
        public var batchBytes = Histogram([10, 14, 18, 20, 22, 24, 26, 30, 34].map { (power: Int) in Double(1 << power) })
        public var insertSeconds = Histogram([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300])
        /// From the time the source made a row until it was written; of each batch its oldest and its newest row.
        public var endToEndSeconds = Histogram([0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 86_400])
        /// Mapped tables, by target.
        public var tables: [String: TableValues] = [:]
        /// Milliseconds of the newest batches.
        var latencies: [Double] = []

        /// Mean of the last hundred batches in milliseconds, nil before the first: from the time the source made the oldest row, or
        /// where it does not say from the time the batch was handed over, until the batch was written.
        public var latency: Double? { latencies.isEmpty ? nil : latencies.reduce(0, +) / Double(latencies.count) }
    }

    /// One mapped table.
    public struct TableValues: Sendable {
        /// As the source reported it; nil before it did.
        public var progress: TableProgress?
        public var events = RowEvents()
        /// Milliseconds from the commit of the oldest row of the newest insert until it was written; nil where the source does not say.
        public var lag: Int64?
    }

    private let state: Mutex<Values>

    public init(_ identity: Identity) { state = Mutex(Values(identity: identity)) }

    public var values: Values { state.withLock { $0 } }

    public var identity: Identity {
        get { state.withLock { $0.identity } }
        set { state.withLock { $0.identity = newValue } }
    }

    func progress(_ tables: [TableProgress]) {
        state.withLock { values in for table in tables { values.tables[table.target, default: TableValues()].progress = table } }
    }

    /// Rows of one table are durable. Returns their lag in milliseconds where the source says when they were made.
    func sent(_ table: TableRows, wallClock: Int64) -> Int64? {
        // A source whose clock is ahead of ours must not make it negative.
        let lag = table.rows.produced.map { max(0, wallClock - $0.lowerBound) }
        state.withLock { values in
            var known = values.tables[table.table] ?? TableValues()
            known.events.add(table.events)
            known.lag = lag ?? known.lag
            values.tables[table.table] = known
        }
        return lag
    }

    /// A source handed a batch over. Rows that ClickHouse fetches by itself are counted when they are written.
    func fetched(_ payload: Payload, reason: FlushReason) {
        state.withLock { values in
            values.flushes[reason, default: 0] += 1
            for rows in payload.encoded {
                values.fetchedEvents += rows.rowCount
                values.fetchedBytes += rows.bytes.count
                values.fetchedBytesCompressed += rows.bytes.count
            }
        }
    }

    /// A batch is durable. `latency` is its time in Penstock, `wallClock` the time of day in milliseconds since 1970.
    func sent(
        _ payload: Payload, rows: Int, bytes: Int, rejected: [RejectedRecord], took: Duration, latency: Duration, wallClock: Int64
    ) {
        state.withLock { values in
            if case .load(let load) = payload {
                values.fetchedEvents += rows + rejected.count
                values.fetchedBytes += bytes
                values.fetchedBytesCompressed += load.totalSize
                values.sentBytesCompressed += load.totalSize
            } else {
                values.sentBytesCompressed += bytes
            }
            values.sentEvents += rows
            values.sentBytes += bytes
            values.batchRows.record(Double(rows))
            values.batchBytes.record(Double(bytes))
            values.insertSeconds.record(took.seconds)
            let produced = payload.encoded.compactMap(\.produced)
            if let first = produced.map(\.lowerBound).min(), let last = produced.map(\.upperBound).max() {
                // A source whose clock is ahead of ours must not make latencies negative.
                let (oldest, newest) = (max(0, wallClock - first), max(0, wallClock - last))
                values.latencies.append(Double(oldest))
                values.endToEndSeconds.record(Double(oldest) / 1000)
                values.endToEndSeconds.record(Double(newest) / 1000)
            } else {
                values.latencies.append(latency.seconds * 1000)
            }
            if values.latencies.count > 100 { values.latencies.removeFirst() }
            for record in rejected { values.errors[record.code, default: 0] += 1 }
        }
    }

    func rejected(_ records: [RejectedRecord]) {
        state.withLock { values in for record in records { values.errors[record.code, default: 0] += 1 } }
    }

    /// A try failed and will be repeated.
    func retried(_ error: PipeError) {
        state.withLock { values in
            values.errors[error.code, default: 0] += 1
            values.retries[error.side, default: 0] += 1
        }
    }

    /// The pipe ended with an error.
    func failed(_ error: PipeError) { state.withLock { $0.errors[error.code, default: 0] += 1 } }

    func happened(_ event: String) { state.withLock { $0.events[event, default: 0] += 1 } }

    func lag(_ lag: SourceLag) { state.withLock { $0.lag = lag } }

    func inFlight(batches: Int, bytes: Int) {
        state.withLock { values in
            values.openBatches = batches
            values.bytesInFlight = bytes
        }
    }
}

extension Payload {
    /// The rows that go through Penstock's memory.
    fileprivate var encoded: [EncodedRows] {
        switch self {
        case .rows(let rows): [rows]
        case .tables(let tables): tables.map(\.rows)
        case .load: []
        }
    }
}
