import PipeCore

/// Makes rows of changes, in order, and knows where the stream stands. Does no I/O.
struct ChangeAssembler {
    enum Step {
        case goOn
        /// A relation that may be new or changed: ``register(_:at:types:)`` before going on.
        case relation(PgOutputMessage.Relation)
        /// All relations of the message, and a version between those of the rows before and after.
        case truncated([UInt32], version: UInt64)
        /// A transaction is done.
        case committed
    }

    /// An update that leaves out values which did not change, and that are not known.
    struct Hole {
        var relation: UInt32
        var message: [UInt8]
        var new: PgOutputMessage.Tuple
        var version: UInt64
        var time: Int64
    }

    var tables: [TableAccumulator]
    private(set) var relations: [UInt32: RelationMap] = [:]
    /// Relations that are of no interest.
    private var ignored: Set<UInt32> = []
    private(set) var holes: [Hole] = []
    /// What a hole is taken to hold: as much as the largest of late.
    private var holeBytes = 128 << 10
    /// Where the batch that gathers began, and where it has come to.
    private(set) var start: StreamPosition
    private(set) var position: StreamPosition
    private(set) var transaction: PgOutputMessage.Begin?
    /// Changes of the transaction so far, and how many of them were done before.
    private var changes = 0
    private var skipped: Int

    init(_ tables: [TableAccumulator], from position: StreamPosition) {
        self.tables = tables
        start = position
        self.position = position
        skipped = position.changes
    }

    private(set) var rowCount = 0
    private(set) var byteCount = 0
    var isEmpty: Bool { rowCount == 0 }

    mutating func begin(_ begin: PgOutputMessage.Begin) throws(WireError) {
        guard transaction == nil else { throw WireError("begins a transaction within another") }
        transaction = begin
        changes = 0
    }

    mutating func commit(_ commit: PgOutputMessage.Commit) {
        transaction = nil
        position.log = max(position.log, commit.end)
        position.changes = 0
        skipped = 0
    }

    /// Everything up to `end` has been sent, and none of it was for us.
    mutating func skip(to end: LogPosition) {
        guard transaction == nil, position.changes == 0 else { return }
        position.log = max(position.log, end)
        if isEmpty { start = position }
    }

    /// One message outside of streamed pieces.
    mutating func consume(_ message: PgOutputMessage, in wire: UnsafeRawBufferPointer) throws -> Step {
        switch message {
        case .insert(let relation, let new):
            guard let (map, begin) = try next(relation) else { break }
            try append(new, in: wire, map, .insert, begin)
        case .update(let relation, let old, let new):
            guard let (map, begin) = try next(relation) else { break }
            try update(map, old, new, begin, wire)
        case .delete(let relation, let old):
            guard let (map, begin) = try next(relation) else { break }
            try append(old.tuple, in: wire, map, .delete, begin)
        case .begin(let begin): try self.begin(begin)
        case .commit(let commit):
            self.commit(commit)
            return .committed
        case .relation(let relation): return .relation(relation)
        case .truncate(let relations, _, _):
            // The rows before it must not be settled as if it had been done: ``passTruncation()``.
            let before = position.changes
            guard let begin = try count(), relations.contains(where: { self.relations[$0] != nil }) else { break }
            position.changes = before
            return .truncated(relations, version: nextVersion(begin))
        case .origin, .type, .message: break
        case .streamStart, .streamStop, .streamCommit, .streamAbort: throw WireError("is out of place")
        }
        return .goOn
    }

    /// What the last message truncated is truncated.
    mutating func passTruncation() { if transaction != nil { position.changes = changes } }

    /// Counts a change; nil when it was done before.
    @inline(__always)
    private mutating func count() throws(WireError) -> PgOutputMessage.Begin? {
        guard let transaction else { throw WireError("is a change outside of a transaction") }
        changes += 1
        if changes <= skipped { return nil }
        position.changes = changes
        return transaction
    }

    /// Counts a change; nil when it is of no interest or was done before.
    @inline(__always)
    private mutating func next(_ relation: UInt32) throws(WireError) -> (RelationMap, PgOutputMessage.Begin)? {
        guard let transaction = try count() else { return nil }
        guard let map = relations[relation] else {
            if ignored.contains(relation) { return nil }
            throw WireError("is a change of a relation that was not announced")
        }
        return (map, transaction)
    }

    /// Grows with the order of commits and within them: the place of the commit record, and where transactions have more changes than
    /// there are numbers between two records, one more than the last.
    private mutating func nextVersion(_ begin: PgOutputMessage.Begin) -> UInt64 {
        position.version = max(position.version + 1, begin.commit.value << 8)
        return position.version
    }

    /// Since 1970, of microseconds since 2000.
    private static func milliseconds(_ time: Int64) -> Int64 { time / 1000 + Calendar.postgresEpochDays * 86_400_000 }

    private mutating func update(
        _ map: RelationMap, _ old: PgOutputMessage.OldTuple?, _ new: PgOutputMessage.Tuple, _ begin: PgOutputMessage.Begin,
        _ wire: UnsafeRawBufferPointer
    ) throws {
        if let old, hasMoved(map, old, new, wire) { try append(old.tuple, in: wire, map, .delete, begin) }
        let full = old.flatMap { $0.isKeyOnly ? nil : $0.tuple }
        if full == nil, lacksValues(map, new) {
            holes.append(
                Hole(
                    relation: map.relation.id, message: Array(wire), new: new, version: nextVersion(begin),
                    time: Self.milliseconds(begin.time)))
            rowCount += 1
            byteCount += wire.count
        } else {
            try append(new, fallback: full, in: wire, map, .update, begin)
        }
    }

    @inline(__always)
    private mutating func append(
        _ tuple: PgOutputMessage.Tuple, fallback: PgOutputMessage.Tuple? = nil, in wire: UnsafeRawBufferPointer, _ map: RelationMap,
        _ kind: TableAccumulator.Kind, _ begin: PgOutputMessage.Begin
    ) throws {
        let before = tables[map.table].bytes.count
        try tables[map.table].append(
            tuple, fallback: fallback, in: wire, map, kind, version: nextVersion(begin), time: Self.milliseconds(begin.time))
        rowCount += 1
        byteCount += tables[map.table].bytes.count - before
    }

    private func lacksValues(_ map: RelationMap, _ new: PgOutputMessage.Tuple) -> Bool {
        map.sources.contains { source in
            guard let field = source.field, field < new.fields.count else { return false }
            return new.fields[field].kind == .unchanged
        }
    }

    /// Whether the row had another place in the target's order before.
    private func hasMoved(
        _ map: RelationMap, _ old: PgOutputMessage.OldTuple, _ new: PgOutputMessage.Tuple, _ wire: UnsafeRawBufferPointer
    ) -> Bool {
        map.sources.contains { source in
            guard source.isSorting, let place = source.field, place < old.tuple.fields.count, place < new.fields.count else { return false }
            // A key alone says nothing of other columns.
            if old.isKeyOnly, !map.relation.columns[place].isKey { return false }
            let (before, after) = (old.tuple.fields[place], new.fields[place])
            if after.kind == .unchanged { return false }
            return before.kind != after.kind || !wire[before.range].elementsEqual(wire[after.range])
        }
    }

    // MARK: Tables

    /// From now on messages of the relation are rows of a table; `index` nil: they are of no interest.
    mutating func register(
        _ relation: PgOutputMessage.Relation, at index: Int?, types: TypeCatalog, aliases: [String: String] = [:]
    ) throws {
        guard let index else {
            ignored.insert(relation.id)
            relations[relation.id] = nil
            return
        }
        ignored.remove(relation.id)
        relations[relation.id] = try RelationMap(relation, table: index, tables[index].table, types: types, aliases: aliases)
    }

    // MARK: Batches

    /// Filled, the holes may take a good part of the memory there is.
    var wantsFilling: Bool { !holes.isEmpty && (holes.count >= 200 || holes.count * holeBytes >= 4 << 20) }

    /// Fills a hole: `values` are those of the fields that the message leaves out, as text.
    mutating func fill(_ hole: Hole, _ values: [Int: [UInt8]?]) throws {
        guard let map = relations[hole.relation] else { return }
        let before = tables[map.table].bytes.count
        let result = hole.message.withUnsafeBytes { wire in
            Result {
                try tables[map.table].append(hole.new, in: wire, map, .update, version: hole.version, time: hole.time) { values[$0] }
            }
        }
        try result.get()
        let size = tables[map.table].bytes.count - before
        byteCount += size - hole.message.count
        holeBytes = max(size, holeBytes - holeBytes / 8)
    }

    mutating func takeHoles() -> [Hole] {
        defer { holes = [] }
        return holes
    }

    /// Values that had no counterpart since the last call, by table.
    mutating func takeLosses() -> [(table: TableName, count: Int)] {
        var losses: [(table: TableName, count: Int)] = []
        for index in tables.indices where tables[index].lossy > 0 {
            losses.append((tables[index].table.name, tables[index].lossy))
            tables[index].lossy = 0
        }
        return losses
    }

    /// The rows gathered so far. ``takeHoles()`` comes first.
    mutating func take() -> (rows: [TableRows], start: StreamPosition, end: StreamPosition) {
        var rows: [TableRows] = []
        for index in tables.indices {
            if let taken = tables[index].take() { rows.append(taken) }
        }
        (rowCount, byteCount) = (0, 0)
        defer { start = position }
        return (rows.sorted { $0.table < $1.table }, start, position)
    }
}
