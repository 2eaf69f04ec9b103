internal import ClickHouse
internal import Logging
internal import PipeCore

/// Writes log lines to `clickpipes_log`: in database `system` where the service's user may create tables there, as on
/// ClickHouse Cloud, else in the destination database of the pipe.
actor PipeLogWriter {
    private let services: ServiceDirectory
    private let logger = Logger(label: "penstock.pipelog")
    /// Whether `system.clickpipes_log` can be used, by service.
    private var usesSystem: [String: Bool] = [:]
    private var created: Set<String> = []

    init(services: ServiceDirectory) { self.services = services }

    /// Returns the lines that could not be written and may be tried again.
    func write(_ lines: [PipeLogLine], dropped: Int) async -> [PipeLogLine] {
        struct Place: Hashable {
            var service: String
            var database: String
        }
        var failed: [PipeLogLine] = []
        for (place, lines) in Dictionary(grouping: lines, by: { Place(service: $0.service, database: $0.database) }) {
            // A service that was removed cannot be told anything.
            guard let service = try? services.service(place.service) else { continue }
            do {
                let table = try await table(on: service, beside: place.database)
                try await insert(lines, dropped: dropped, into: table, of: service)
            } catch {
                // A table that was dropped is made again with the next try.
                if error.disposition == .retryable || error.code == .unknownTable {
                    failed += lines
                } else {
                    logger.warning(
                        "log lines of pipes were not written to ClickHouse",
                        metadata: [
                            "service": .string(place.service), "lines": .stringConvertible(lines.count),
                            "error": .string(String(describing: error)),
                        ])
                }
            }
        }
        return failed
    }

    private func table(on service: ClickHouseService, beside database: String) async throws(ClickHouseError) -> TableName {
        if usesSystem[service.id] != false {
            let table = TableName("system", "clickpipes_log")
            do {
                try await create(table, on: service)
                usesSystem[service.id] = true
                return table
            } catch {
                guard error.disposition == .user else { throw error }
                usesSystem[service.id] = false
            }
        }
        let table = TableName(database, "clickpipes_log")
        try await create(table, on: service)
        return table
    }

    private func create(_ table: TableName, on service: ClickHouseService) async throws(ClickHouseError) {
        let key = "\(service.id) \(table.quoted)"
        if created.contains(key) { return }
        try await service.client.execute(
            """
            CREATE TABLE IF NOT EXISTS \(table.quoted)\(service.onCluster) (
              timestamp DateTime64(3, 'UTC'),
              clickpipe_id String,
              clickpipe_name LowCardinality(String),
              source LowCardinality(String) COMMENT 'Kind of source',
              level LowCardinality(String) COMMENT 'info, warning or error',
              code LowCardinality(String) COMMENT 'Error code; empty for none',
              message String
            ) ENGINE = \(service.cluster == nil ? "MergeTree" : "ReplicatedMergeTree") PARTITION BY toDate(timestamp)
            ORDER BY (clickpipe_id, timestamp) TTL toDateTime(timestamp) + INTERVAL 7 DAY DELETE
            SETTINGS ttl_only_drop_parts = 1
            """, parameters: [:], settings: [:])
        created.insert(key)
    }

    private func insert(_ lines: [PipeLogLine], dropped: Int, into table: TableName, of service: ClickHouseService)
        async throws(ClickHouseError)
    {
        var rows = JSONRows()
        func add(_ line: PipeLogLine) {
            rows.row { row in
                row.field("timestamp", line.time)
                row.field("clickpipe_id", line.pipe.rawValue)
                row.field("clickpipe_name", line.name)
                row.field("source", line.source)
                row.field("level", line.level.rawValue)
                row.field("code", line.code)
                row.field("message", line.message)
            }
        }
        if dropped > 0, var first = lines.first {
            first.level = .warning
            first.code = "LOG_LINES_DROPPED"
            first.message = "\(dropped) older line(s) of all pipes were dropped because ClickHouse did not take them in time"
            add(first)
        }
        for line in lines { add(line) }
        do {
            try await service.client.insert(
                """
                INSERT INTO \(table.quoted) SELECT fromUnixTimestamp64Milli(timestamp, 'UTC'), clickpipe_id, clickpipe_name, source, level, code, message \
                FROM input('timestamp Int64, clickpipe_id String, clickpipe_name String, source String, level String, code String, message String') \
                FORMAT JSONEachRow
                """, body: rows.bytes, settings: ["async_insert": "0"])
        } catch {
            // The table was dropped behind our back: make it again next time.
            if error.code == .unknownTable { created.remove("\(service.id) \(table.quoted)") }
            throw error
        }
    }
}
