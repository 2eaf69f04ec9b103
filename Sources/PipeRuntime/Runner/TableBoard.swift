import Logging
import PipeCore
import Synchronization

/// Where the tables of a running pipe stand: what its source reports and what was written, on its way to the directory.
final class TableBoard: Sendable {
    fileprivate struct State {
        /// As last reported in this run.
        var tables: [String: TableProgress] = [:]
        /// What the directory does not have yet.
        var unsaved: [String: TableReport] = [:]
    }

    private let context: RunContext
    private let retrier: Retrier
    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    /// Least time between two writes to the directory.
    static let pause = Duration.seconds(1)

    init(context: RunContext, retrier: Retrier) {
        self.context = context
        self.retrier = retrier
        (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Returns the summary of all tables as they are now.
    func report(_ tables: [TableProgress]) -> Summary {
        let (turns, summary) = state.withLock { state in
            var turns: [(from: TableProgress.State, to: TableProgress)] = []
            for table in tables {
                let known = state.tables[table.target]
                if known == table { continue }
                if let known, known.state != table.state { turns.append((known.state, table)) }
                if known == nil, table.state == .failed { turns.append((.waiting, table)) }
                state.tables[table.target] = table
                state.unsaved[table.target, default: TableReport(target: table.target)].progress = table
            }
            return (turns, Summary(state.tables.values))
        }
        context.metrics.progress(tables)
        for turn in turns {
            let reason = turn.to.message.map { ": \($0)" } ?? ""
            context.log.log(
                turn.to.state == .failed ? .error : .info, nil,
                "table \(turn.to.source) → \(turn.to.target): \(turn.to.state.rawValue), was \(turn.from.rawValue)\(reason)")
        }
        waker.yield()
        return summary
    }

    /// Rows of one table are durable.
    func written(_ rows: TableRows) {
        let lag = context.metrics.sent(rows, wallClock: context.wallClock())
        state.withLock { state in
            var report = state.unsaved[rows.table] ?? TableReport(target: rows.table)
            report.written.add(rows.events)
            report.lag = lag ?? report.lag
            state.unsaved[rows.table] = report
        }
        waker.yield()
    }

    /// A source table changed.
    func schemaChanged(_ target: String, _ text: String) {
        context.log.log(.info, .sourceSchema, "table \(target): \(text)")
        let event = SchemaEvent(time: context.wallClock(), text: text)
        state.withLock { $0.unsaved[target, default: TableReport(target: target)].schemaEvents.append(event) }
        waker.yield()
    }

    /// Writes reports to the directory as they come, until cancelled.
    func keep() async {
        for await _ in wakes {
            await flush()
            do { try await retrier.stopwatch.sleep(for: Self.pause) } catch { return }
        }
    }

    /// Writes what the directory does not have yet. What it does not take is part of the next try.
    func flush() async {
        let time = context.wallClock()
        let reports = state.withLock { state in
            defer { state.unsaved = [:] }
            return state.unsaved.values.sorted { $0.target < $1.target }.map { report in
                var report = report
                report.time = time
                return report
            }
        }
        if reports.isEmpty { return }
        let (directory, pipe) = (context.directory, context.pipe)
        do {
            try await shielded { try await directory.record(reports, of: pipe) }
        } catch {
            context.logger.warning(
                "the progress of tables was not stored", metadata: ["pipe": "\(pipe)", "error": "\(type(of: error))"])
            state.withLock { state in for report in reports { state.putBack(report) } }
        }
    }

    /// What the tables together say of their pipe.
    struct Summary: Hashable, Sendable {
        var isLoading: Bool
        /// Nil when no table failed.
        var failure: String?

        init(_ tables: some Collection<TableProgress>) {
            isLoading = tables.contains { $0.state.isLoading }
            let failed = tables.filter { $0.state == .failed }.sorted { $0.target < $1.target }
            guard let first = failed.first else { return }
            let reason = first.message.map { ": \($0)" } ?? ""
            failure = "\(failed.count) of \(tables.count) tables failed, the others go on; '\(first.target)'\(reason)"
        }
    }
}

extension TableBoard.State {
    fileprivate mutating func putBack(_ report: TableReport) {
        var merged = report
        if let newer = unsaved[report.target] {
            merged.progress = newer.progress ?? report.progress
            merged.lag = newer.lag ?? report.lag
            merged.written.add(newer.written)
            merged.schemaEvents += newer.schemaEvents
        }
        unsaved[report.target] = merged
    }
}
