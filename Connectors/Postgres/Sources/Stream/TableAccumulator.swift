import PipeCore

/// Rows of one table that wait to be written.
struct TableAccumulator {
    var table: MirroredTable
    /// The target, or the shadow that is to take its place.
    var target: String
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0
    private(set) var events = RowEvents()
    private var produced: ClosedRange<Int64>?
    /// Values that have no counterpart in their target type, since the last look.
    var lossy = 0

    init(_ table: MirroredTable, target: String) {
        self.table = table
        self.target = target
    }

    enum Kind { case insert, update, delete }

    /// A value for a field that the message leaves out, as text; nil inside: NULL.
    typealias Filling = (_ field: Int) -> [UInt8]??

    /// - Parameter fallback: an older row whose values stand in for unchanged ones.
    mutating func append(
        _ tuple: PgOutputMessage.Tuple, fallback: PgOutputMessage.Tuple? = nil, in wire: UnsafeRawBufferPointer, _ map: RelationMap,
        _ kind: Kind, version: UInt64, time: Int64, filling: Filling? = nil
    ) throws {
        guard tuple.fields.count == map.relation.columns.count else { throw WireError("is a row of another width than its relation") }
        for (index, source) in map.sources.enumerated() {
            do throws(WireError) {
                try append(source, tuple, fallback, wire, filling)
            } catch {
                throw WireError("has a value of \(map.relation.schema).\(map.relation.name).\(table.columns[index].name) that \(error)")
            }
        }
        bytes.append(kind == .delete ? 1 : 0)
        bytes.appendLittle(version)
        count += 1
        switch kind {
        case .insert: events.inserts += 1
        case .update: events.updates += 1
        case .delete: events.deletes += 1
        }
        produced = produced.map { min($0.lowerBound, time)...max($0.upperBound, time) } ?? time...time
    }

    @inline(__always)
    private mutating func append(
        _ source: RelationMap.Source, _ tuple: PgOutputMessage.Tuple, _ fallback: PgOutputMessage.Tuple?, _ wire: UnsafeRawBufferPointer,
        _ filling: Filling?
    ) throws(WireError) {
        var value: UnsafeRawBufferPointer?
        var isBinary = false
        if let place = source.field {
            var field = tuple.fields[place]
            if field.kind == .unchanged, let fallback, place < fallback.fields.count { field = fallback.fields[place] }
            switch field.kind {
            case .null: break
            case .text, .binary:
                value = UnsafeRawBufferPointer(rebasing: wire[field.range])
                isBinary = field.kind == .binary
            case .unchanged:
                if let text = filling?(place) ?? nil { return try append(text: text, source) }
            }
        } else if let constant = source.constant {
            return try append(text: constant, source)
        }
        if !(try source.codec.append(value, isBinary: isBinary, nullable: source.isNullable, to: &bytes)) { lossy += 1 }
    }

    private mutating func append(text: [UInt8], _ source: RelationMap.Source) throws(WireError) {
        let result = text.withUnsafeBytes { text in
            Result { () throws(WireError) in
                try source.codec.append(text, isBinary: false, nullable: source.isNullable, to: &bytes)
            }
        }
        if !(try result.get()) { lossy += 1 }
    }

    /// What has gathered, and begins anew.
    mutating func take() -> TableRows? {
        guard count > 0 else { return nil }
        let rows = TableRows(
            table: target, columns: table.rowColumns,
            rows: EncodedRows(bytes: bytes, rowCount: count, format: "RowBinary", produced: produced), events: events)
        let capacity = min(bytes.count, 1 << 20)
        bytes = []
        bytes.reserveCapacity(capacity)
        count = 0
        events = RowEvents()
        produced = nil
        return rows
    }
}
