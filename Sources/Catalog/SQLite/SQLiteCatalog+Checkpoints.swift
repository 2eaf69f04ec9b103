internal import FoundationEssentials
internal import GRDB
public import PipeCore

/// The durable memory of running pipes. Trouble is thrown as ``PipeError``, for these calls come from a pipe.
extension SQLiteCatalog {
    public func load(_ pipe: PipeID) async throws -> StoredCheckpoint {
        try await pipeErrors {
            try await store.read { database in
                let positions = try Row.fetchAll(
                    database.cachedStatement(sql: "SELECT lane, position FROM checkpoint WHERE pipe_id = ?"), arguments: [pipe.rawValue])
                let journal = try Row.fetchAll(
                    database.cachedStatement(sql: "SELECT batch_id, lane, extent FROM journal WHERE pipe_id = ? ORDER BY sequence"),
                    arguments: [pipe.rawValue])
                var result = StoredCheckpoint()
                for row in positions {
                    let columns = Columns(table: "checkpoint", row: row)
                    result.positions[Lane(try columns.value("lane"))] = try columns.json("position") as JSONValue
                }
                result.pending = try journal.map {
                    let columns = Columns(table: "journal", row: $0)
                    return StoredBatch(
                        id: BatchID(try columns.value("batch_id")), lane: Lane(try columns.value("lane")),
                        extent: try columns.json("extent"))
                }
                return result
            }
        }
    }

    public func open(_ batch: StoredBatch, of pipe: PipeID) async throws {
        let extent = try JSONText.string(batch.extent)
        try await pipeErrors {
            try await store.write { database in
                try database.cachedStatement(
                    sql: """
                        INSERT INTO journal (pipe_id, batch_id, lane, extent) VALUES (?, ?, ?, ?)
                        ON CONFLICT (pipe_id, batch_id) DO NOTHING
                        """
                ).execute(arguments: [pipe.rawValue, batch.id.rawValue, batch.lane.rawValue, extent])
            }
        }
    }

    public func note(_ note: JSONValue, for batch: BatchID, of pipe: PipeID) async throws {
        let text = try JSONText.string(note)
        try await pipeErrors {
            try await store.write { database in
                try database.cachedStatement(sql: "UPDATE journal SET note = ? WHERE pipe_id = ? AND batch_id = ?")
                    .execute(arguments: [text, pipe.rawValue, batch.rawValue])
                guard database.changesCount == 1 else {
                    throw PipeError(
                        .internalError, .bug, side: .penstock, "Batch \(batch) is not in the journal: its note was not kept")
                }
            }
        }
    }

    public func note(for batch: BatchID, of pipe: PipeID) async throws -> JSONValue? {
        try await pipeErrors {
            try await store.read { database in
                let row = try Row.fetchOne(
                    database.cachedStatement(sql: "SELECT note FROM journal WHERE pipe_id = ? AND batch_id = ?"),
                    arguments: [pipe.rawValue, batch.rawValue])
                return try row.flatMap { try Columns(table: "journal", row: $0).optionalJSON("note") }
            }
        }
    }

    public func save(_ settlement: Settlement, of pipe: PipeID) async throws {
        let positions = try settlement.positions.map { ($0.rawValue, try JSONText.string($1)) }
        let time = Milliseconds.since1970(now())
        try await pipeErrors {
            try await store.write { database in
                let move = try database.cachedStatement(
                    sql: """
                        INSERT INTO checkpoint (pipe_id, lane, position) VALUES (?, ?, ?)
                        ON CONFLICT (pipe_id, lane) DO UPDATE SET position = excluded.position
                        """)
                for (lane, position) in positions { try move.execute(arguments: [pipe.rawValue, lane, position]) }
                let settle = try database.cachedStatement(sql: "DELETE FROM journal WHERE pipe_id = ? AND batch_id = ?")
                for batch in settlement.settled { try settle.execute(arguments: [pipe.rawValue, batch.rawValue]) }
                // REPLACE gives the row a new sequence: the archive shows the last time an object was dealt with.
                let archive = try database.cachedStatement(
                    sql: """
                        INSERT OR REPLACE INTO archive (pipe_id, key, etag, size, last_modified, outcome, reason, archived_at)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                        """)
                for entry in settlement.archive {
                    let object = entry.object
                    try archive.execute(arguments: [
                        pipe.rawValue, object.key, object.etag, object.size, object.lastModified, entry.outcome.rawValue, entry.reason,
                        time,
                    ])
                }
            }
        }
    }

    public func replace(_ checkpoint: StoredCheckpoint, of pipe: PipeID) async throws {
        let positions = try checkpoint.positions.map { ($0.rawValue, try JSONText.string($1)) }
        let pending = try checkpoint.pending.map { ($0.id.rawValue, $0.lane.rawValue, try JSONText.string($0.extent)) }
        try await pipeErrors {
            try await store.write { database in
                for table in ["checkpoint", "journal"] {
                    try database.execute(sql: "DELETE FROM \(table) WHERE pipe_id = ?", arguments: [pipe.rawValue])
                }
                for (lane, position) in positions {
                    try database.execute(
                        sql: "INSERT INTO checkpoint (pipe_id, lane, position) VALUES (?, ?, ?)",
                        arguments: [pipe.rawValue, lane, position])
                }
                for (id, lane, extent) in pending {
                    try database.execute(
                        sql: "INSERT INTO journal (pipe_id, batch_id, lane, extent) VALUES (?, ?, ?, ?)",
                        arguments: [pipe.rawValue, id, lane, extent])
                }
            }
        }
    }

    public func reset(_ pipe: PipeID) async throws {
        try await pipeErrors {
            try await store.write { database in
                for table in ["checkpoint", "journal", "archive"] {
                    try database.execute(sql: "DELETE FROM \(table) WHERE pipe_id = ?", arguments: [pipe.rawValue])
                }
            }
        }
    }

    public func archive(of pipe: PipeID, limit: Int, offset: Int) async throws -> [ArchivedObject] {
        try await store.read { database in
            let rows = try Row.fetchAll(
                database.cachedStatement(sql: "SELECT * FROM archive WHERE pipe_id = ? ORDER BY sequence DESC LIMIT ? OFFSET ?"),
                arguments: [pipe.rawValue, max(0, limit), max(0, offset)])
            return try rows.map {
                let columns = Columns(table: "archive", row: $0)
                let object = RemoteObject(
                    key: try columns.value("key"), size: try columns.value("size"), etag: try columns.value("etag"),
                    lastModified: try columns.value("last_modified"))
                return ArchivedObject(object: object, outcome: try columns.word("outcome"), reason: try columns.optional("reason"))
            }
        }
    }

    /// Says who must act: the disk may recover, a pipe that is gone or a row that makes no sense will not.
    private func pipeErrors<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as CatalogError {
            let disposition: Disposition = error.code == .storage ? .retry : .bug
            throw PipeError("CATALOG_FAILED", disposition, side: .penstock, error.message, underlying: error)
        }
    }
}
