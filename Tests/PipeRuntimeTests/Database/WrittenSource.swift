import PipeCore

/// A database source that does what a test writes down.
struct WrittenSource: Source {
    struct Position: SourcePosition { var next: Int }

    /// Rows `first..<next` of a lane.
    struct Extent: SourceExtent {
        var first: Int
        var next: Int
        var end: Position { Position(next: next) }
    }

    let steps: @Sendable (Checkpoint<Extent>, any BatchOutput<Extent>) async throws -> Void

    init(_ steps: @escaping @Sendable (Checkpoint<Extent>, any BatchOutput<Extent>) async throws -> Void) { self.steps = steps }

    func read(from checkpoint: Checkpoint<Extent>, into output: some BatchOutput<Extent>) async throws {
        try await steps(checkpoint, output)
    }

    func acknowledge(_ position: Position, in lane: Lane) async throws {}

    static let changes = Lane("changes")

    /// A batch with the rows `first..<next` for each of `tables`: `id`, `s`, and the columns every mapped table has.
    static func batch(
        _ first: Int, _ next: Int, tables: [String], lane: Lane = changes, produced: ClosedRange<Int64>? = nil
    ) -> Batch<Extent> {
        Batch(
            id: BatchID("\(lane):\(first)-\(next)"), lane: lane, extent: Extent(first: first, next: next),
            payload: .tables(tables.map { TableRows.example($0, ids: first..<next, produced: produced) }), reason: .rows)
    }
}

extension TableRows {
    static let exampleColumns = ["id", "s"] + MetadataColumn.written.map(\.name)

    /// Rows of `id Int64, s String`.
    static func example(
        _ table: String, ids: Range<Int>, version: Int = 1, isDeleted: Bool = false, text: String = "x", produced: ClosedRange<Int64>? = nil
    ) -> TableRows {
        var bytes: [UInt8] = []
        func append(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
        for id in ids {
            append(Int64(id))
            bytes.append(UInt8(text.utf8.count))
            bytes += text.utf8
            append(UInt8(isDeleted ? 1 : 0))
            append(UInt64(version))
        }
        let rows = EncodedRows(bytes: bytes, rowCount: ids.count, format: "RowBinary", produced: produced)
        return TableRows(
            table: table, columns: exampleColumns, rows: rows, events: isDeleted ? RowEvents(deletes: ids.count) : nil)
    }
}

extension TargetTable {
    static func example(_ name: String, engine: MappedTableEngine = .replacingMergeTree) -> TargetTable {
        TargetTable(name, columns: [Column("id", "Int64"), Column("s", "String")], sortingKey: ["id"], engine: engine)
    }
}
