internal import Logging

/// Writes batches to the table of one place, one at a time, and makes the table.
actor LogWriter<Row: LogRow> {
    /// What became of a batch.
    enum Outcome { case written, again, lost }

    private let place: LogPlace
    private let table: LogTable
    private let logger = Logger(label: "penstock.log")
    private var usesSystem: Bool?
    private var made: TableName?
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ place: LogPlace, table: LogTable) {
        self.place = place
        self.table = table
    }

    /// Where rows went last; nil before the first.
    var current: TableName? { made }

    /// Runs `body` alone, in the order of calls.
    func alone(_ body: @Sendable () async -> Void) async {
        if isBusy { await withCheckedContinuation { waiting.append($0) } }
        isBusy = true
        await body()
        if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
    }

    func write(_ batch: LogQueue<Row>.Batch, to destination: LogDestination) async -> Outcome {
        do {
            let name = try await prepare(destination)
            var rows = JSONRows()
            if batch.dropped > 0, let notice = batch.rows.first?.notice(dropped: batch.dropped) { rows.row { notice.write(to: &$0) } }
            for row in batch.rows { rows.row { row.write(to: &$0) } }
            try await destination.client.insert(
                table.insertion(into: name), body: rows.bytes,
                settings: ["async_insert": "0", "insert_deduplicate": "1", "insert_deduplication_token": batch.token],
                timeout: .seconds(30))
            return .written
        } catch {
            // A table that was dropped, or its database, is made again with the next try.
            if error.code == .unknownTable || error.code == .unknownDatabase { made = nil }
            if error.disposition == .retryable || error.code == .unknownTable { return .again }
            logger.warning(
                "rows of a log were not written to ClickHouse",
                metadata: [
                    "table": .string(table.name), "service": .string(place.service), "rows": .stringConvertible(batch.rows.count),
                    "error": .string(String(describing: error)),
                ])
            return .lost
        }
    }

    private func prepare(_ destination: LogDestination) async throws(ClickHouseError) -> TableName {
        if let made { return made }
        if usesSystem != false {
            let name = TableName("system", table.name)
            do {
                try await make(name, on: destination)
                usesSystem = true
                return name
            } catch {
                guard error.disposition == .user else { throw error }
                usesSystem = false
            }
        }
        let name = TableName(place.database, table.name)
        try await make(name, on: destination)
        return name
    }

    private func make(_ name: TableName, on destination: LogDestination) async throws(ClickHouseError) {
        let client = destination.client
        try await client.execute(table.creation(name, cluster: destination.cluster), timeout: .seconds(60))
        let found = try await client.rows(
            LogTableForm.self,
            """
            SELECT (SELECT groupArray(name) FROM system.columns WHERE database = {d:String} AND table = {t:String}) AS columns, \
            engine_full AS engine FROM system.tables WHERE database = {d:String} AND name = {t:String}
            """, parameters: ["d": name.database, "t": name.name], timeout: .seconds(30))
        if let form = found.first {
            if let addition = table.addition(to: name, having: Set(form.columns), cluster: destination.cluster) {
                try await client.execute(addition, timeout: .seconds(60))
            }
            if !form.engine.contains(table.lifetime) { await keep(name, on: destination) }
        }
        made = name
    }

    /// Follows a changed lifetime. Without the right to, the old one stays: that is no reason to lose rows.
    private func keep(_ name: TableName, on destination: LogDestination) async {
        do {
            try await destination.client.execute(
                "ALTER TABLE \(name.quoted)\(OnCluster.clause(destination.cluster)) MODIFY TTL \(table.lifetime)", timeout: .seconds(60))
        } catch {
            logger.warning(
                "the lifetime of a log table was not changed",
                metadata: ["table": .string(name.description), "service": .string(place.service), "error": .string("\(error)")])
        }
    }
}

/// What the server says of a table.
private struct LogTableForm: Decodable {
    var columns: [String]
    var engine: String
}
