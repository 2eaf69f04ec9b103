internal import ClickHouse
internal import PipeCore

/// `<table>_clickpipes_error` beside the target: what was left out, with its reason, for seven days.
///
/// A record has a key made of pipe, code and locator. Writing inserts only records whose key the table does not have, so a
/// batch that is repeated after a crash adds nothing. A repetition while the first statement still runs is refused by the
/// server, because it has the same query id, and comes again later.
struct ErrorTable {
    let spec: PipeSpec
    let service: ClickHouseService
    let table: TableName
    let log: any PipeLog

    /// Longest raw record that is kept whole.
    static let longestRaw = 1 << 20

    /// How long pauses between tries add up to before records are given up.
    static let patience = Duration.seconds(600)

    init?(spec: PipeSpec, service: ClickHouseService, log: any PipeLog) {
        guard let name = spec.destination.table else { return nil }
        self.spec = spec
        self.service = service
        self.log = log
        table = TableName(spec.destination.database, "\(name)_clickpipes_error")
    }

    /// Never throws. Passing trouble is outlived for ``patience``; what is left goes to the pipe's log.
    func write(_ records: [RejectedRecord], clock: any Clock<Duration> = ContinuousClock()) async {
        var backoff = Backoff()
        var waited = Duration.zero
        while true {
            do {
                return try await writeBeforeSettling(records)
            } catch is CancellationError {
                // The batch is not settled either; its repetition writes the records.
                return
            } catch {
                let pause = backoff.next()
                waited += pause
                if waited > Self.patience { return complain(records.count, error) }
                do { try await clock.sleep(for: pause) } catch { return }
            }
        }
    }

    /// Throws passing trouble, for callers that repeat the batch; anything else goes to the pipe's log, because a table that
    /// takes no errors must not stop the data.
    func writeBeforeSettling(_ records: [RejectedRecord]) async throws { try await writeBeforeSettling(rows: records.map { ErrorRow($0) }) }

    func writeBeforeSettling(rows: [ErrorRow]) async throws {
        guard !rows.isEmpty else { return }
        do {
            try await create()
            for piece in Self.pieces(rows) { try await insert(piece) }
        } catch let error as PipeError where error.disposition != .retry {
            complain(rows.count, error)
        }
    }

    /// Makes the table, or adds the columns that one of an earlier version lacks.
    func create() async throws {
        try await service.execute(createTable, during: "creating \(table)")
        try await addMissingColumns()
    }

    func addMissingColumns() async throws { try await service.execute(addColumns, during: "adding columns to \(table)") }

    func exists() async throws -> Bool {
        struct Row: Decodable, Sendable { var name: String }
        return try await !service.rows(
            Row.self, "SELECT name FROM system.tables WHERE database = {database:String} AND name = {table:String}",
            parameters: ["database": table.database, "table": table.name], during: "looking for \(table)"
        ).isEmpty
    }

    /// Requests of a bounded size: an all-bad batch of long messages is as large as the batch.
    private static func pieces(_ rows: [ErrorRow]) -> [ArraySlice<ErrorRow>] {
        var pieces: [ArraySlice<ErrorRow>] = []
        var (start, bytes) = (0, 0)
        for (index, row) in rows.enumerated() {
            bytes += min(row.record.raw.count, longestRaw) + row.added.count + 512
            guard bytes > 16 << 20 else { continue }
            pieces.append(rows[start...index])
            (start, bytes) = (index + 1, 0)
        }
        if start < rows.count { pieces.append(rows[start...]) }
        return pieces
    }

    private func complain(_ count: Int, _ error: any Error) {
        let reason = (error as? PipeError)?.message ?? String(describing: error)
        log.log(.error, .destinationRefused, "\(count) rejected record(s) could not be written to \(table): \(reason)")
    }

    private func insert(_ errors: ArraySlice<ErrorRow>) async throws {
        var rows = JSONRows()
        for error in errors {
            let record = error.record
            let isTruncated = record.raw.count > Self.longestRaw
            rows.row { row in
                row.field("error_code", record.code.rawValue)
                row.field("error", record.reason)
                row.field("field", record.field)
                row.field("locator", record.locator)
                row.field("raw_message", isTruncated ? Array(record.raw.prefix(Self.longestRaw)) : record.raw)
                row.field("raw_is_truncated", isTruncated ? 1 : 0)
                row.field("added", error.added)
                row.field("frame", isTruncated ? "" : error.frame)
            }
        }
        let input =
            "error_code String, error String, field String, locator Map(String, String), raw_message String, raw_is_truncated Bool, added String, frame String"
        let key = "cityHash64(error_code, toString(locator))"
        let statement = """
            INSERT INTO \(table.quoted) (timestamp, clickpipe_id, clickpipe_name, source, record_key, error_code, error, field, locator, \
            raw_message, raw_is_truncated, added, frame) SELECT now64(3), \(Literal.string(spec.id.rawValue)), \(Literal.string(spec.name)), \
            \(Literal.string(spec.source.label)), \(key), error_code, error, field, locator, raw_message, raw_is_truncated, added, frame \
            FROM input(\(Literal.string(input))) WHERE \(key) NOT IN (SELECT record_key FROM \(table.quoted) \
            WHERE clickpipe_id = \(Literal.string(spec.id.rawValue))) LIMIT 1 BY \(key) FORMAT JSONEachRow
            """
        do {
            try await service.client.insert(
                statement, body: rows.bytes, settings: ["async_insert": "0", "insert_deduplicate": "0"],
                queryID: "penstock_errors_\(spec.id.compact)_\(StagingPlan.hash(String(decoding: rows.bytes, as: UTF8.self)))")
        } catch {
            try Task.checkCancellation()
            throw error.pipeError(during: "writing to \(table)")
        }
    }

    private static let replayColumns = [
        "added String COMMENT 'What Penstock put into the row beside the message' CODEC(ZSTD(3))",
        "frame LowCardinality(String) COMMENT 'How the row is encoded, as JSON; empty: it cannot be sent again'",
        "replay_id String COMMENT 'The replay that took the row on; empty before'",
        "replayed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the row was sent again with success'",
    ]

    private var addColumns: String {
        "ALTER TABLE \(table.quoted)\(service.onCluster) "
            + Self.replayColumns.map { "ADD COLUMN IF NOT EXISTS \($0)" }.joined(separator: ", ")
    }

    private var createTable: String {
        """
        CREATE TABLE IF NOT EXISTS \(table.quoted)\(service.onCluster) (
          timestamp DateTime64(3, 'UTC') COMMENT 'When the record was rejected',
          clickpipe_id String,
          clickpipe_name LowCardinality(String),
          source LowCardinality(String) COMMENT 'Kind of source',
          record_key UInt64 COMMENT 'Hash of error_code and locator: one row per rejected record',
          error_code LowCardinality(String),
          error String COMMENT 'Why it was rejected',
          field String COMMENT 'The field at fault, where known',
          locator Map(LowCardinality(String), String) COMMENT 'Where the record stands in the source',
          raw_message String CODEC(ZSTD(3)),
          raw_is_truncated Bool,
          \(Self.replayColumns.joined(separator: ",\n  "))
        ) ENGINE = \(service.cluster == nil ? "MergeTree" : "ReplicatedMergeTree") PARTITION BY toDate(timestamp)
        ORDER BY (clickpipe_id, timestamp) TTL toDateTime(timestamp) + INTERVAL 7 DAY DELETE
        SETTINGS ttl_only_drop_parts = 1
        """
    }
}
