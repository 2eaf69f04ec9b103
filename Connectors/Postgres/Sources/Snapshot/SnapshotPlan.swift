/// Splits a table into pieces.
package enum SnapshotPlan {
    /// More pieces than this are made larger instead.
    static let most = 1000
    /// About what one read brings into memory.
    static let bytesPerRead: Int64 = 8 << 20

    /// - Parameter canSeek: the server finds a range of blocks without reading the others (Postgres 14).
    package static func chunks(
        of table: TableDescription, rowsPerChunk: Int, bytesPerBlock: Int64, canSeek: Bool
    ) -> [SnapshotChunk] {
        let rows = table.leaves.reduce(0) { $0 + $1.rows }
        let perChunk = max(Int64(rowsPerChunk), rows / Int64(most))
        return table.leaves.flatMap { leaf -> [SnapshotChunk] in
            guard canSeek, let blocks = leaf.blocks else {
                return [SnapshotChunk(leaf: leaf.name, blocks: nil, isOpen: true, step: 0)]
            }
            let pieces = max(1, min(blocks, (leaf.rows + perChunk - 1) / perChunk))
            let step = max(1, bytesPerRead / max(8192, bytesPerBlock))
            return (0..<pieces).map { piece in
                SnapshotChunk(
                    leaf: leaf.name, blocks: (blocks * piece / pieces)..<(blocks * (piece + 1) / pieces), isOpen: piece == pieces - 1,
                    step: step)
            }
        }
    }

    /// Where relations lie at the moment; those that are gone are left out.
    static func places(
        of oids: [UInt32], on connection: PostgresConnection
    ) async throws -> [(leaf: TableName, place: SnapshotChunk.Place)] {
        let found = try await connection.query(
            """
            SELECT n.nspname, c.relname, c.oid, pg_catalog.pg_relation_filenode(c.oid) FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1::oid[])
            """, ["{\(oids.map(String.init).joined(separator: ","))}"])
        return found.rows.compactMap { row in
            guard let schema = row[0], let name = row[1], let oid = row[2].flatMap({ UInt32($0) }),
                let file = row[3].flatMap({ UInt32($0) })
            else { return nil }
            return (TableName(schema, name), SnapshotChunk.Place(oid: oid, file: file))
        }
    }

    /// Whether a table or a partition was renamed or rewritten since it was split: by VACUUM FULL, CLUSTER, TRUNCATE or ALTER TABLE. Its blocks are not
    /// those that the pieces name.
    static func haveMoved(_ chunks: [SnapshotChunk], on connection: PostgresConnection) async throws -> Bool {
        let known = Set(chunks.compactMap { chunk in chunk.place.map { Known(leaf: chunk.leaf, place: $0) } })
        if known.isEmpty { return false }
        let now = try await places(of: known.map(\.place.oid), on: connection)
        return now.contains { !known.contains(Known(leaf: $0.leaf, place: $0.place)) }
    }

    private struct Known: Hashable {
        var leaf: TableName
        var place: SnapshotChunk.Place
    }

    /// The statement that reads blocks of a leaf; `end` nil: to the last.
    static func copy(_ columns: [MirroredTable.Column], from leaf: TableName, blocks: Range<Int64>?, toEnd: Bool) -> String {
        var condition = ""
        if let blocks {
            condition = " WHERE ctid >= '(\(blocks.lowerBound),0)'::tid"
            if !toEnd { condition += " AND ctid < '(\(blocks.upperBound),0)'::tid" }
        }
        // ONLY: tables that inherit are leaves of their own.
        return "COPY (SELECT \(CopyRows.selection(columns)) FROM ONLY \(leaf.quoted)\(condition)) TO STDOUT (FORMAT binary)"
    }
}
