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
