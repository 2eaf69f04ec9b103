/// A connection that reads pieces of tables under one snapshot.
final class ChunkReader: Sendable {
    /// More rows than one batch may have: read fewer blocks.
    struct TooLarge: Error {}

    private let connection: PostgresConnection

    private init(_ connection: PostgresConnection) { self.connection = connection }

    /// With `snapshot` nil, or when its holder is gone, under a snapshot of now.
    static func open(_ target: ConnectionTarget, snapshot: String?) async throws -> ChunkReader {
        let connection = try await PostgresConnection.connect(target)
        do {
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            _ = try await connection.query(begin)
            if let snapshot {
                do {
                    _ = try await connection.query("SET TRANSACTION SNAPSHOT \(SQLText.literal(snapshot))")
                } catch let error as PostgresError where !error.isConnection {
                    _ = try await connection.query("ROLLBACK")
                    _ = try await connection.query(begin)
                }
            }
            return ChunkReader(connection)
        } catch {
            connection.close()
            throw error
        }
    }

    func close() { connection.close() }

    /// See ``SnapshotPlan/haveMoved(_:on:)``.
    func hasMoved(_ chunk: SnapshotChunk) async throws -> Bool { try await SnapshotPlan.haveMoved([chunk], on: connection) }

    /// - Parameter limit: bytes of rows beyond which this throws ``TooLarge`` and the reader is of no further use.
    func read(
        _ chunk: SnapshotChunk, _ columns: [MirroredTable.Column], blocks: Range<Int64>, toEnd: Bool, limit: Int
    ) async throws -> CopiedRows {
        try await connection.beginCopy(SnapshotPlan.copy(columns, from: chunk.leaf, blocks: blocks, toEnd: toEnd))
        var rows = CopyRows(columns)
        while true {
            let part = try await connection.readCopy(limit: 1 << 20)
            try rows.append(part)
            if part.isLast { return rows.take() }
            if rows.byteCount > limit { throw TooLarge() }
        }
    }

    func readWhole(
        _ chunk: SnapshotChunk, _ columns: [MirroredTable.Column],
        _ body: (CopiedRows, _ isLast: Bool) async throws -> Void
    ) async throws {
        try await connection.beginCopy(SnapshotPlan.copy(columns, from: chunk.leaf, blocks: nil, toEnd: true))
        var rows = CopyRows(columns)
        while true {
            let part = try await connection.readCopy(limit: 1 << 20)
            try rows.append(part)
            if part.isLast { return try await body(rows.take(), true) }
            if rows.byteCount > Int(SnapshotPlan.bytesPerRead) { try await body(rows.take(), false) }
        }
    }
}
