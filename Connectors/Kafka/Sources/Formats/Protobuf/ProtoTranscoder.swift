/// Turns messages of Protobuf into datums of Avro, as a ``ProtoPlan`` says, without a value in between: numbers are recoded, texts
/// copied.
struct ProtoTranscoder {
    enum Fault: Error, Hashable, Sendable {
        case wire(ProtoReader.Fault)
        case kind(String)
        case missing(String)
        case symbol(String, Int64)
        case tooLarge
        case deep
    }

    /// Where one field of the message being written begins and ends among ``pieces``.
    private struct Slot {
        var first: Int32 = -1
        var last: Int32 = -1
    }

    /// One occurrence of a field.
    private struct Piece {
        var start: Int
        var end: Int
        /// Of a repeated scalar: several values in one.
        var isPacked: Bool
        var next: Int32 = -1
    }

    let plan: ProtoPlan
    private var slots: [Slot] = []
    private var pieces: [Piece] = []
    private var limit = Int.max

    /// Most bytes that one message may become.
    static let largestExpansion = 64 << 20
    private static let maximumDepth = 100

    init(_ plan: ProtoPlan) { self.plan = plan }

    /// Appends the record of a message. When it throws, `bytes` has part of it.
    mutating func transcode(_ message: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(Fault) {
        slots.removeAll(keepingCapacity: true)
        pieces.removeAll(keepingCapacity: true)
        limit = bytes.count + Self.largestExpansion
        let first = try note(0..<message.count)
        try record(0, message, first, into: &bytes, depth: 0)
    }

    private mutating func note(_ range: Range<Int>) throws(Fault) -> Int32 {
        pieces.append(Piece(start: range.lowerBound, end: range.upperBound, isPacked: false))
        return Int32(pieces.count - 1)
    }

    /// - Parameter first: the pieces that together are the message; several when a field that is not repeated came several times.
    private mutating func record(
        _ place: Int, _ source: UnsafeRawBufferPointer, _ first: Int32, into bytes: inout [UInt8], depth: Int
    ) throws(Fault) {
        guard depth < Self.maximumDepth else { throw .deep }
        let base = slots.count
        let ownPieces = pieces.count
        let count = plan.records[place].fields.count
        for _ in 0..<count { slots.append(Slot()) }
        var piece = first
        while piece >= 0 {
            try index(plan.records[place], source, pieces[Int(piece)].start..<pieces[Int(piece)].end, base: base)
            piece = pieces[Int(piece)].next
        }
        for field in 0..<count {
            try write(plan.records[place].fields[field], slots[base + field], source, into: &bytes, depth: depth)
            if bytes.count > limit { throw .tooLarge }
        }
        slots.removeLast(count)
        pieces.removeLast(pieces.count - ownPieces)
    }

    /// Notes where each field stands.
    @inline(__always)
    private mutating func index(
        _ record: ProtoPlan.Record, _ source: UnsafeRawBufferPointer, _ range: Range<Int>, base: Int
    ) throws(Fault) {
        var reader = ProtoReader(source, range)
        while let found = try Self.next(&reader) {
            guard let place = record.places.place(found.number) else { continue }
            let isPacked = try Self.isPacked(record.fields[place], found.wire)
            let piece = Int32(truncatingIfNeeded: pieces.count)
            pieces.append(Piece(start: found.range.lowerBound, end: found.range.upperBound, isPacked: isPacked))
            if slots[base + place].first < 0 {
                slots[base + place].first = piece
            } else {
                pieces[Int(slots[base + place].last)].next = piece
            }
            slots[base + place].last = piece
        }
    }

    /// The next field of a message and where its content stands; nil at the end.
    @inline(__always)
    static func next(_ reader: inout ProtoReader) throws(Fault) -> (number: Int, wire: ProtoReader.Wire, range: Range<Int>)? {
        do throws(ProtoReader.Fault) {
            guard let tag = try reader.tag() else { return nil }
            return (tag.number, tag.wire, try reader.content(tag.wire, number: tag.number))
        } catch {
            throw .wire(error)
        }
    }

    /// Whether the value is a list of scalars; throws where the kind is not the schema's.
    @inline(__always)
    private static func isPacked(_ field: ProtoPlan.Field, _ wire: ProtoReader.Wire) throws(Fault) -> Bool {
        let expected = field.mapKey == nil ? field.content.wire : .length
        if wire == expected { return false }
        if wire == .length, field.label == .repeated, field.mapKey == nil { return true }
        if wire == .group, expected == .length { return false }
        throw .kind(field.name)
    }

    private mutating func write(
        _ field: ProtoPlan.Field, _ slot: Slot, _ source: UnsafeRawBufferPointer, into bytes: inout [UInt8], depth: Int
    ) throws(Fault) {
        if field.mapKey != nil { return try map(field, slot, source, into: &bytes, depth: depth) }
        if field.label == .repeated { return try list(field, slot, source, into: &bytes, depth: depth) }
        guard slot.first >= 0 else {
            if field.label == .required { throw .missing(field.name) }
            switch field.content {
            case .record(let place): bytes.append(contentsOf: plan.records[place].zero)
            case .scalar(.float) where !field.isNullable: bytes.append(contentsOf: [0, 0, 0, 0])
            case .scalar(.double) where !field.isNullable: bytes.append(contentsOf: [0, 0, 0, 0, 0, 0, 0, 0])
            default: bytes.append(0)
            }
            return
        }
        // The branch of a union.
        if field.isNullable { bytes.append(2) }
        try value(field, first: slot.first, last: slot.last, source, into: &bytes, depth: depth)
    }

    /// One value that is there. Pieces of a message are merged; of anything else the last counts.
    private mutating func value(
        _ field: ProtoPlan.Field, first: Int32, last: Int32, _ source: UnsafeRawBufferPointer, into bytes: inout [UInt8], depth: Int
    ) throws(Fault) {
        let piece = pieces[Int(last)]
        switch field.content {
        case .scalar(let scalar): try self.scalar(scalar, source, piece.start..<piece.end, into: &bytes)
        case .enumeration(let place): try symbol(field, place, source, piece.start..<piece.end, into: &bytes)
        case .record(let place): try record(place, source, first, into: &bytes, depth: depth + 1)
        case .timestamp: bytes.append(zigzag: try timestamp(source, first))
        case .wrapper(let scalar): try wrapped(scalar, source, first, into: &bytes)
        case .json(let message):
            var text: [UInt8] = []
            var ranges: [Range<Int>] = []
            var next = first
            while next >= 0 {
                ranges.append(pieces[Int(next)].start..<pieces[Int(next)].end)
                next = pieces[Int(next)].next
            }
            try ProtoJSON(schema: plan.schema, source: source).write(message, ranges, to: &text, depth: depth + 1)
            text.withUnsafeBytes { bytes.append(avroBytes: $0) }
        case .presence: bytes.append(1)
        }
    }

    private mutating func list(
        _ field: ProtoPlan.Field, _ slot: Slot, _ source: UnsafeRawBufferPointer, into bytes: inout [UInt8], depth: Int
    ) throws(Fault) {
        var count = 0
        var next = slot.first
        while next >= 0 {
            let piece = pieces[Int(next)]
            count += piece.isPacked ? try packedCount(field, source, piece.start..<piece.end) : 1
            next = piece.next
        }
        if count > 0 {
            bytes.append(zigzag: Int64(count))
            next = slot.first
            while next >= 0 {
                let piece = pieces[Int(next)]
                if piece.isPacked {
                    try packed(field, source, piece.start..<piece.end, into: &bytes)
                } else {
                    // Each is a value of its own.
                    pieces[Int(next)].next = -1
                    try value(field, first: next, last: next, source, into: &bytes, depth: depth)
                    pieces[Int(next)].next = piece.next
                }
                if bytes.count > limit { throw .tooLarge }
                next = piece.next
            }
        }
        bytes.append(0)
    }

    private func packedCount(_ field: ProtoPlan.Field, _ source: UnsafeRawBufferPointer, _ range: Range<Int>) throws(Fault) -> Int {
        switch field.content.wire {
        case .fixed32, .fixed64:
            let size = field.content.wire == .fixed32 ? 4 : 8
            guard range.count % size == 0 else { throw .kind(field.name) }
            return range.count / size
        default:
            var count = 0
            for index in range where source[index] & 0x80 == 0 { count += 1 }
            return count
        }
    }

    private mutating func packed(
        _ field: ProtoPlan.Field, _ source: UnsafeRawBufferPointer, _ range: Range<Int>, into bytes: inout [UInt8]
    ) throws(Fault) {
        var reader = ProtoReader(source, range)
        while reader.position < range.upperBound {
            let content: Range<Int>
            do throws(ProtoReader.Fault) { content = try reader.content(field.content.wire, number: field.number) } catch {
                throw .wire(error)
            }
            if case .enumeration(let place) = field.content {
                try symbol(field, place, source, content, into: &bytes)
            } else if case .scalar(let scalar) = field.content {
                try self.scalar(scalar, source, content, into: &bytes)
            }
        }
    }

    /// Entries: a key of Avro is a text.
    private mutating func map(
        _ field: ProtoPlan.Field, _ slot: Slot, _ source: UnsafeRawBufferPointer, into bytes: inout [UInt8], depth: Int
    ) throws(Fault) {
        guard let keyKind = field.mapKey, slot.first >= 0 else { return bytes.append(0) }
        var count: Int64 = 0
        var next = slot.first
        while next >= 0 {
            count += 1
            next = pieces[Int(next)].next
        }
        bytes.append(zigzag: count)
        let keyWire = ProtoPlan.Content.scalar(keyKind).wire
        next = slot.first
        while next >= 0 {
            let entry = pieces[Int(next)]
            next = entry.next
            var (key, content): (Range<Int>?, Range<Int>?) = (nil, nil)
            var reader = ProtoReader(source, entry.start..<entry.end)
            while let found = try Self.next(&reader) {
                if found.number == 1, found.wire == keyWire { key = found.range }
                if found.number == 2, found.wire == field.content.wire { content = found.range }
            }
            try self.key(keyKind, source, key, into: &bytes)
            if let content {
                let ownPieces = pieces.count
                let piece = try note(content)
                try value(field, first: piece, last: piece, source, into: &bytes, depth: depth)
                pieces.removeLast(pieces.count - ownPieces)
            } else if case .record(let place) = field.content {
                bytes.append(contentsOf: plan.records[place].zero)
            } else {
                bytes.append(contentsOf: ProtoPlan.zero(field.content))
            }
            if bytes.count > limit { throw .tooLarge }
        }
        bytes.append(0)
    }

    private func key(
        _ kind: ProtoFile.Scalar, _ source: UnsafeRawBufferPointer, _ range: Range<Int>?, into bytes: inout [UInt8]
    ) throws(Fault) {
        if kind == .string {
            bytes.append(avroBytes: UnsafeRawBufferPointer(rebasing: source[range ?? 0..<0]))
            return
        }
        var text: [UInt8] = []
        try ProtoJSON.append(kind, source, range, to: &text)
        text.withUnsafeBytes { bytes.append(avroBytes: $0) }
    }

    @inline(__always)
    private func scalar(
        _ scalar: ProtoFile.Scalar, _ source: UnsafeRawBufferPointer, _ range: Range<Int>, into bytes: inout [UInt8]
    ) throws(Fault) {
        switch scalar {
        case .double, .float: bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: source[range]))
        case .string, .bytes: bytes.append(avroBytes: UnsafeRawBufferPointer(rebasing: source[range]))
        case .bool: bytes.append(try varint(source, range) == 0 ? 0 : 1)
        default: bytes.append(zigzag: try Self.integer(scalar, source, range))
        }
    }

    /// The value of a scalar that is a whole number; unsigned ones bit by bit.
    static func integer(_ scalar: ProtoFile.Scalar, _ source: UnsafeRawBufferPointer, _ range: Range<Int>) throws(Fault) -> Int64 {
        switch scalar {
        case .fixed32: return Int64(UInt32(littleEndian: source.loadUnaligned(fromByteOffset: range.lowerBound, as: UInt32.self)))
        case .sfixed32: return Int64(Int32(littleEndian: source.loadUnaligned(fromByteOffset: range.lowerBound, as: Int32.self)))
        case .fixed64, .sfixed64: return Int64(littleEndian: source.loadUnaligned(fromByteOffset: range.lowerBound, as: Int64.self))
        default: break
        }
        var reader = ProtoReader(source, range)
        let raw: UInt64
        do throws(ProtoReader.Fault) { raw = try reader.varint() } catch { throw .wire(error) }
        switch scalar {
        case .int32: return Int64(Int32(truncatingIfNeeded: raw))
        case .uint32: return Int64(UInt32(truncatingIfNeeded: raw))
        case .sint32:
            let low = UInt32(truncatingIfNeeded: raw)
            return Int64(Int32(bitPattern: low >> 1) ^ -Int32(bitPattern: low & 1))
        case .sint64: return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
        default: return Int64(bitPattern: raw)
        }
    }

    private func varint(_ source: UnsafeRawBufferPointer, _ range: Range<Int>) throws(Fault) -> UInt64 {
        var reader = ProtoReader(source, range)
        do throws(ProtoReader.Fault) { return try reader.varint() } catch { throw .wire(error) }
    }

    private func symbol(
        _ field: ProtoPlan.Field, _ place: Int, _ source: UnsafeRawBufferPointer, _ range: Range<Int>, into bytes: inout [UInt8]
    ) throws(Fault) {
        let number = Int(Int32(truncatingIfNeeded: try varint(source, range)))
        guard let symbol = plan.symbols[place].place(number) else { throw .symbol(field.name, Int64(number)) }
        bytes.append(zigzag: Int64(symbol))
    }

    /// Seconds and nanoseconds as microseconds.
    private func timestamp(_ source: UnsafeRawBufferPointer, _ first: Int32) throws(Fault) -> Int64 {
        var (seconds, nanos): (Int64, Int64) = (0, 0)
        try fields(source, first) { (number, wire, range) throws(Fault) in
            guard wire == .varint else { return }
            if number == 1 { seconds = try Self.integer(.int64, source, range) }
            if number == 2 { nanos = try Self.integer(.int32, source, range) }
        }
        let (micros, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000)
        // Outside of the years that the type allows (1 to 9999).
        guard !isOver, abs(seconds) <= 300_000_000_000, (0..<1_000_000_000).contains(nanos) else {
            throw .kind("google.protobuf.Timestamp")
        }
        return micros + nanos / 1000
    }

    private func wrapped(
        _ scalar: ProtoFile.Scalar, _ source: UnsafeRawBufferPointer, _ first: Int32, into bytes: inout [UInt8]
    ) throws(Fault) {
        var found: Range<Int>?
        let wire = ProtoPlan.Content.scalar(scalar).wire
        try fields(source, first) { (number, kind, range) throws(Fault) in
            if number == 1, kind == wire { found = range }
        }
        guard let found else { return bytes.append(contentsOf: ProtoPlan.zero(.scalar(scalar))) }
        try self.scalar(scalar, source, found, into: &bytes)
    }

    private func fields(
        _ source: UnsafeRawBufferPointer, _ first: Int32, _ body: (Int, ProtoReader.Wire, Range<Int>) throws(Fault) -> Void
    ) throws(Fault) {
        var next = first
        while next >= 0 {
            let piece = pieces[Int(next)]
            next = piece.next
            var reader = ProtoReader(source, piece.start..<piece.end)
            while let found = try Self.next(&reader) { try body(found.number, found.wire, found.range) }
        }
    }
}

extension ProtoPlan.Content {
    /// How a single value stands on the wire.
    var wire: ProtoReader.Wire {
        switch self {
        case .scalar(let scalar):
            switch scalar {
            case .double, .fixed64, .sfixed64: .fixed64
            case .float, .fixed32, .sfixed32: .fixed32
            case .string, .bytes: .length
            default: .varint
            }
        case .enumeration: .varint
        case .record, .timestamp, .wrapper, .json, .presence: .length
        }
    }
}

extension ProtoTranscoder.Fault: CustomStringConvertible {
    var description: String {
        switch self {
        case .wire(let fault): "the message is not Protobuf: \(fault)"
        case .kind(let field): "the message does not fit its schema: '\(field)' has another kind of value"
        case .missing(let field): "the message does not fit its schema: the required field '\(field)' is missing"
        case .symbol(let field, let number): "the message does not fit its schema: the enum of '\(field)' has no value \(number)"
        case .tooLarge: "the message becomes more than \(ProtoTranscoder.largestExpansion) bytes"
        case .deep: "the message is nested too deeply"
        }
    }
}
