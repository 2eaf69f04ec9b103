internal import ServiceLifecycle
private import Synchronization

/// A log table on each service, written in batches beside the work that is logged.
///
/// Rows are queued under one lock and written by ``run()``: when the first row waits, then at most once in an interval or when a batch
/// is full. The queue of each place is bounded: while ClickHouse takes no rows the oldest are dropped and counted.
package final class BatchedLog<Row: LogRow>: Sendable {
    /// How a log is written.
    package struct Policy: Sendable {
        /// Shortest time between two writes.
        package var interval: Duration
        /// Rows that are written without waiting for the interval, and most rows of one insert.
        package var batch: Int
        /// Most rows that wait for one place.
        package var capacity: Int
        package init(interval: Duration = .seconds(1), batch: Int = 10_000, capacity: Int = 10_000) {
            self.interval = interval
            self.batch = batch
            self.capacity = capacity
        }
    }

    private struct State {
        var queues: [LogPlace: LogQueue<Row>] = [:]
        var writers: [LogPlace: LogWriter<Row>] = [:]
        var dropped: [String: Int] = [:]
    }

    private let table: LogTable
    private let destination: @Sendable (String) -> LogDestination?
    private let clock: any Clock<Duration>
    private let policy: Policy
    private let state = Mutex(State())
    private let (wakeups, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let (fullBatches, full) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// `destination` finds a service by its id; rows of a service it does not know are dropped.
    package init(
        _ table: LogTable, clock: any Clock<Duration> = ContinuousClock(), policy: Policy = Policy(),
        destination: @escaping @Sendable (String) -> LogDestination?
    ) {
        self.table = table
        self.destination = destination
        self.clock = clock
        self.policy = policy
    }

    /// Queues a row; neither waits nor fails.
    package func append(_ row: Row) {
        let place = row.place
        let (isFirst, isFull) = state.withLock { state in
            let wasEmpty = state.queues[place]?.isEmpty ?? true
            if !state.queues[place, default: LogQueue()].append(row, capacity: policy.capacity) {
                state.dropped[place.service, default: 0] += 1
            }
            return (wasEmpty, state.queues[place]?.count == policy.batch)
        }
        if isFirst { wake.yield() }
        if isFull { full.yield() }
    }

    /// Rows of a service that were dropped since the start of the process.
    package func dropped(service: String) -> Int { state.withLock { $0.dropped[service] ?? 0 } }

    /// Rows that wait.
    package func waiting(service: String) -> Int {
        state.withLock { state in state.queues.reduce(0) { $0 + ($1.key.service == service ? $1.value.count : 0) } }
    }

    /// Writes until graceful shutdown or cancellation, then once more.
    package func run() async throws {
        // Only the pauses are cut short: a write that is cancelled may have happened, and its rows would be written again.
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in self.fullBatches { await self.flush() } }
                group.addTask {
                    for await _ in self.wakeups {
                        await self.flush()
                        await cancelWhenGracefulShutdown { try? await self.clock.sleep(for: self.policy.interval) }
                    }
                }
            }
        } onGracefulShutdown: {
            self.wake.finish()
            self.full.finish()
        }
        await flush()
    }

    /// Returns when everything queued now, of one service or of all, is written or could not be. Trouble is logged; rows that may go
    /// through later stay.
    package func flush(service: String? = nil) async {
        let places = state.withLock { state in
            state.queues.keys.filter { service == nil || $0.service == service }
        }
        // A service that does not answer must not hold up the others.
        await withTaskGroup(of: Void.self) { group in
            for place in places { group.addTask { await self.flush(place) } }
        }
    }

    /// Where rows of a place were last written by this process; nil when none were.
    package func table(of place: LogPlace) async -> TableName? {
        await state.withLock { $0.writers[place] }?.current
    }

    /// The ClickHouse of a place, and the table that holds its rows; no table when none was ever made. Nil for a service that is not
    /// configured.
    package func source(of place: LogPlace) async throws(ClickHouseError) -> (client: ClickHouseClient, table: TableName?)? {
        guard let client = destination(place.service)?.client else { return nil }
        if let known = await table(of: place) { return (client, known) }
        let databases = try await client.rows(
            FoundDatabase.self,
            """
            SELECT database FROM system.tables WHERE name = {t:String} AND database IN ('system', {d:String}) \
            ORDER BY database = 'system' DESC LIMIT 1
            """, parameters: ["t": table.name, "d": place.database], timeout: .seconds(30))
        return (client, databases.first.map { TableName($0.database, table.name) })
    }

    private func flush(_ place: LogPlace) async {
        guard let destination = destination(place.service) else {
            state.withLock { state in
                state.queues[place] = nil
                state.writers[place] = nil
            }
            return
        }
        let writer = state.withLock { state in
            if let known = state.writers[place] { return known }
            let made = LogWriter<Row>(place, table: table)
            state.writers[place] = made
            return made
        }
        await writer.alone { await self.drain(place, through: writer, to: destination) }
    }

    /// Writes what is there now. What comes meanwhile waits for the next time: else a steady trickle would become an insert of a few rows
    /// after another, and each costs ClickHouse as much as ten queries.
    private func drain(_ place: LogPlace, through writer: LogWriter<Row>, to destination: LogDestination) async {
        var left = state.withLock { $0.queues[place]?.total ?? 0 }
        while let batch = state.withLock({ $0.queues[place]?.take(min(left, policy.batch), token: Self.token()) }) {
            left -= batch.rows.count
            switch await writer.write(batch, to: destination) {
            case .written: continue
            case .lost: state.withLock { $0.dropped[place.service, default: 0] += batch.rows.count }
            case .again:
                state.withLock { $0.queues[place]?.putBack(batch) }
                wake.yield()
                return
            }
        }
        if state.withLock({ $0.queues[place]?.isEmpty == false }) { wake.yield() }
    }

    private static func token() -> String {
        String(UInt64.random(in: 0...UInt64.max), radix: 36) + String(UInt64.random(in: 0...UInt64.max), radix: 36)
    }
}

private struct FoundDatabase: Decodable {
    var database: String
}
