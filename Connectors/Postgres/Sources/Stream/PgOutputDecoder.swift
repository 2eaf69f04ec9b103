/// Decodes `pgoutput`, protocols 1 and 2, one message at a time. Does no I/O and remembers only whether it is inside a piece of a
/// streamed transaction, where every message carries the transaction it belongs to.
package struct PgOutputDecoder: Sendable {
    package private(set) var isStreaming = false

    package init() {}

    /// - Parameter start: where the message starts in `bytes`; ranges in the result count from the beginning of `bytes`.
    /// - Returns: the message, and inside a streamed piece the (sub)transaction it belongs to.
    package mutating func decode(_ bytes: UnsafeRawBufferPointer, from start: Int = 0) throws(WireError) -> (
        message: PgOutputMessage, transaction: UInt32?
    ) {
        guard start >= 0, start <= bytes.count else { throw WireError("ends too early") }
        var reader = WireReader(bytes, from: start)
        let kind = try reader.integer(UInt8.self)
        var transaction: UInt32?
        if isStreaming, "RYIUDTM".utf8.contains(kind) { transaction = try reader.integer() }
        let message: PgOutputMessage
        switch kind {
        case UInt8(ascii: "I"): message = try Self.insert(&reader)
        case UInt8(ascii: "U"): message = try Self.update(&reader)
        case UInt8(ascii: "D"): message = try Self.delete(&reader)
        case UInt8(ascii: "B"):
            message = .begin(
                PgOutputMessage.Begin(
                    commit: LogPosition(try reader.integer()), time: try reader.integer(), transaction: try reader.integer()))
        case UInt8(ascii: "C"):
            _ = try reader.integer(UInt8.self)
            message = .commit(try Self.commit(&reader))
        case UInt8(ascii: "R"): message = .relation(try Self.relation(&reader))
        case UInt8(ascii: "Y"): message = .type
        case UInt8(ascii: "O"): message = .origin
        case UInt8(ascii: "T"): message = try Self.truncate(&reader)
        case UInt8(ascii: "M"):
            let flags = try reader.integer(UInt8.self)
            _ = try reader.integer(UInt64.self)
            message = .message(isTransactional: flags & 1 == 1, prefix: try reader.text())
        case UInt8(ascii: "S"):
            guard !isStreaming else { throw WireError("starts a piece of a transaction within another") }
            message = .streamStart(transaction: try reader.integer(), isFirst: try reader.integer(UInt8.self) == 1)
            isStreaming = true
        case UInt8(ascii: "E"):
            guard isStreaming else { throw WireError("ends a piece of a transaction that never started") }
            isStreaming = false
            message = .streamStop
        case UInt8(ascii: "c"):
            let id = try reader.integer(UInt32.self)
            _ = try reader.integer(UInt8.self)
            message = .streamCommit(transaction: id, try Self.commit(&reader))
        case UInt8(ascii: "A"):
            message = .streamAbort(transaction: try reader.integer(), part: try reader.integer())
        default: throw WireError("is an unknown kind of change message")
        }
        return (message, transaction)
    }

    private static func commit(_ reader: inout WireReader) throws(WireError) -> PgOutputMessage.Commit {
        PgOutputMessage.Commit(
            position: LogPosition(try reader.integer()), end: LogPosition(try reader.integer()), time: try reader.integer())
    }

    private static func relation(_ reader: inout WireReader) throws(WireError) -> PgOutputMessage.Relation {
        let id = try reader.integer(UInt32.self)
        let schema = try reader.text()
        let name = try reader.text()
        guard let identity = PgOutputMessage.Relation.Identity(rawValue: try reader.integer()) else {
            throw WireError("names an unknown replica identity")
        }
        var columns: [PgOutputMessage.Relation.Column] = []
        for _ in 0..<(try count(&reader)) {
            let flags = try reader.integer(UInt8.self)
            columns.append(
                PgOutputMessage.Relation.Column(
                    name: try reader.text(), isKey: flags & 1 == 1, type: try reader.integer(), modifier: try reader.integer()))
        }
        // An empty schema name stands for pg_catalog.
        return PgOutputMessage.Relation(
            id: id, schema: schema.isEmpty ? "pg_catalog" : schema, name: name, identity: identity, columns: columns)
    }

    /// The number of columns: every one takes at least a byte, so a lie about it cannot cost memory.
    private static func count(_ reader: inout WireReader) throws(WireError) -> Int {
        let count = Int(try reader.integer(UInt16.self))
        guard count <= reader.left else { throw WireError("announces more columns than it has") }
        return count
    }

    private static func tuple(_ reader: inout WireReader) throws(WireError) -> PgOutputMessage.Tuple {
        let count = try count(&reader)
        var fields: [PgOutputMessage.Field] = []
        fields.reserveCapacity(count)
        for _ in 0..<count {
            guard let kind = PgOutputMessage.Field.Kind(rawValue: try reader.integer()) else {
                throw WireError("has a value of an unknown kind")
            }
            switch kind {
            case .null, .unchanged: fields.append(PgOutputMessage.Field(kind: kind, range: 0..<0))
            case .text, .binary:
                let length = Int(try reader.integer(Int32.self))
                fields.append(PgOutputMessage.Field(kind: kind, range: try reader.range(length)))
            }
        }
        return PgOutputMessage.Tuple(fields: fields)
    }

    private static func insert(_ reader: inout WireReader) throws(WireError) -> PgOutputMessage {
        let relation = try reader.integer(UInt32.self)
        guard try reader.integer(UInt8.self) == UInt8(ascii: "N") else { throw WireError("is an insert without a new row") }
        return .insert(relation: relation, new: try tuple(&reader))
    }

    private static func update(_ reader: inout WireReader) throws(WireError) -> PgOutputMessage {
        let relation = try reader.integer(UInt32.self)
        var mark = try reader.integer(UInt8.self)
        var old: PgOutputMessage.OldTuple?
        if mark == UInt8(ascii: "K") || mark == UInt8(ascii: "O") {
            old = PgOutputMessage.OldTuple(isKeyOnly: mark == UInt8(ascii: "K"), tuple: try tuple(&reader))
            mark = try reader.integer()
        }
        guard mark == UInt8(ascii: "N") else { throw WireError("is an update without a new row") }
        return .update(relation: relation, old: old, new: try tuple(&reader))
    }

    private static func delete(_ reader: inout WireReader) throws(WireError) -> PgOutputMessage {
        let relation = try reader.integer(UInt32.self)
        let mark = try reader.integer(UInt8.self)
        guard mark == UInt8(ascii: "K") || mark == UInt8(ascii: "O") else { throw WireError("is a delete without an old row") }
        return .delete(
            relation: relation, old: PgOutputMessage.OldTuple(isKeyOnly: mark == UInt8(ascii: "K"), tuple: try tuple(&reader)))
    }

    private static func truncate(_ reader: inout WireReader) throws(WireError) -> PgOutputMessage {
        let count = Int(try reader.integer(Int32.self))
        let options = try reader.integer(UInt8.self)
        guard count >= 0, count <= reader.left / 4 else { throw WireError("announces more tables than it has") }
        var relations: [UInt32] = []
        for _ in 0..<count { relations.append(try reader.integer()) }
        return .truncate(relations: relations, cascade: options & 1 != 0, restartIdentity: options & 2 != 0)
    }
}
