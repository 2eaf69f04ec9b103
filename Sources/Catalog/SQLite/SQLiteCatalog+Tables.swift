internal import GRDB
public import PipeCore

/// The tables of database pipes.
extension SQLiteCatalog {
    public func tables(of pipe: PipeID) async throws -> [TableStatus] {
        try await store.read { database in
            let rows = try Row.fetchAll(
                database.cachedStatement(sql: "SELECT * FROM pipe_table WHERE pipe_id = ? ORDER BY target"), arguments: [pipe.rawValue])
            return try rows.map { try Self.status(Columns(table: "pipe_table", row: $0)) }
        }
    }

    public func record(_ reports: [TableReport], of pipe: PipeID) async throws {
        let reports = try reports.map { ($0, try $0.progress.map { try JSONText.string($0) }) }
        try await store.write { database in
            let write = try database.cachedStatement(
                sql: """
                    INSERT INTO pipe_table (pipe_id, target, progress, inserts, updates, deletes, lag, updated_at)
                    SELECT id, ?, ?, ?, ?, ?, ?, ? FROM pipe WHERE id = ?
                    ON CONFLICT (pipe_id, target) DO UPDATE SET
                        progress = coalesce(excluded.progress, progress), inserts = inserts + excluded.inserts,
                        updates = updates + excluded.updates, deletes = deletes + excluded.deletes,
                        lag = coalesce(excluded.lag, lag), updated_at = excluded.updated_at
                    """)
            for (report, progress) in reports {
                let written = report.written
                try write.execute(arguments: [
                    report.target, progress, written.inserts, written.updates, written.deletes, report.lag, report.time, pipe.rawValue,
                ])
                if !report.schemaEvents.isEmpty { try Self.add(report.schemaEvents, to: report.target, of: pipe, database) }
            }
        }
    }

    private static func add(_ events: [SchemaEvent], to target: String, of pipe: PipeID, _ database: Database) throws {
        let place: StatementArguments = [pipe.rawValue, target]
        let find = try database.cachedStatement(sql: "SELECT * FROM pipe_table WHERE pipe_id = ? AND target = ?")
        // The pipe may be gone.
        guard let row = try Row.fetchOne(find, arguments: place) else { return }
        let known: [SchemaEvent] = try Columns(table: "pipe_table", row: row).json("schema_events")
        let text = try JSONText.string(Array((known + events).suffix(SchemaEvent.kept)))
        try database.cachedStatement(sql: "UPDATE pipe_table SET schema_events = ? WHERE pipe_id = ? AND target = ?")
            .execute(arguments: [text] + place)
    }

    public func retainTables(_ targets: Set<String>, of pipe: PipeID) async throws {
        try await store.write { database in
            let known = try String.fetchAll(
                database.cachedStatement(sql: "SELECT target FROM pipe_table WHERE pipe_id = ?"), arguments: [pipe.rawValue])
            let forget = try database.cachedStatement(sql: "DELETE FROM pipe_table WHERE pipe_id = ? AND target = ?")
            for target in known where !targets.contains(target) { try forget.execute(arguments: [pipe.rawValue, target]) }
        }
    }

    private static func status(_ columns: Columns) throws -> TableStatus {
        TableStatus(
            target: try columns.value("target"), progress: try columns.optionalJSON("progress"),
            written: RowEvents(
                inserts: try columns.value("inserts"), updates: try columns.value("updates"), deletes: try columns.value("deletes")),
            lag: try columns.optional("lag"), schemaEvents: try columns.json("schema_events"), updatedAt: try columns.value("updated_at"))
    }
}
