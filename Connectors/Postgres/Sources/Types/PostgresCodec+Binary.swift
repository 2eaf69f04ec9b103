extension PostgresCodec {
    /// Appends the value that Postgres sent in binary. False: it has no counterpart in the type, and nothing was appended.
    @inline(__always)
    package func encode(binary wire: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(WireError) -> Bool {
        switch self {
        case .int32, .float32: bytes.appendLittle(try Self.integer(wire, UInt32.self))
        case .int64, .float64: bytes.appendLittle(try Self.integer(wire, UInt64.self))
        case .text, .enumeration, .bytes: bytes.appendString(wire)
        case .timestamp, .timestampWithZone: bytes.appendLittle(Self.moment(try Self.integer(wire, Int64.self)))
        default: return try encodeRare(binary: wire, into: &bytes)
        }
        return true
    }

    private func encodeRare(binary wire: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(WireError) -> Bool {
        switch self {
        case .bool: bytes.append(try Self.integer(wire, UInt8.self) == 0 ? 0 : 1)
        case .int16: bytes.appendLittle(try Self.integer(wire, UInt16.self))
        case .character: bytes.append(wire.first ?? 0)
        case .decimal(let shape): return try shape.encode(binary: wire, into: &bytes)
        case .jsonb:
            guard wire.first == 1 else { throw WireError("is jsonb of an unknown version") }
            bytes.appendString(wire.dropFirst())
        case .uuid:
            guard wire.count == 16 else { throw WireError("is not a uuid") }
            bytes.append(contentsOf: wire[0..<8].reversed())
            bytes.append(contentsOf: wire[8..<16].reversed())
        case .date:
            let days = try Self.integer(wire, Int32.self)
            switch days {
            case .max: bytes.appendLittle(Int32(Calendar.lastDay))
            case .min: bytes.appendLittle(Int32(Calendar.firstDay))
            default: bytes.appendLittle(Calendar.clamped(days: Int64(days) + Calendar.postgresEpochDays))
            }
        case .time: bytes.appendLittle(try Self.integer(wire, Int64.self))
        case .timeWithZone:
            var reader = WireReader(wire)
            let time = try reader.integer(Int64.self)
            bytes.appendLittle(CalendarText.inUTC(time % Calendar.microsecondsPerDay, west: Int64(try reader.integer(Int32.self))))
        case .interval:
            var reader = WireReader(wire)
            let microseconds = try reader.integer(Int64.self)
            let days = Int64(try reader.integer(Int32.self))
            let interval = IntervalValue(months: Int64(try reader.integer(Int32.self)), days: days, microseconds: microseconds)
            bytes.appendString(interval.json.utf8)
        case .point:
            var reader = WireReader(wire)
            let x = Double(bitPattern: try reader.integer())
            bytes.appendString(Self.pointText(x, Double(bitPattern: try reader.integer())).utf8)
        case .array(let element, let depth, _, let keepsNulls):
            try Self.encodeArray(binary: wire, element, depth: depth, keepsNulls: keepsNulls, into: &bytes)
        case .jsonArray(let element, _): try Self.encodeJSONArray(binary: wire, element, into: &bytes)
        case .widened(let source, let target):
            return try Self.encodeWidened(source, target, into: &bytes) { (bytes: inout [UInt8]) throws(WireError) in
                try source.encode(binary: wire, into: &bytes)
            }
        case .hstore, .vector: throw WireError("is of a type whose binary form is not known")
        case .int32, .float32, .int64, .float64, .text, .enumeration, .bytes, .timestamp, .timestampWithZone:
            return try encode(binary: wire, into: &bytes)
        }
        return true
    }

    @inline(__always)
    private static func integer<Value: FixedWidthInteger>(_ wire: UnsafeRawBufferPointer, _ type: Value.Type) throws(WireError) -> Value {
        guard wire.count == MemoryLayout<Value>.size else { throw WireError("has \(wire.count) bytes, which its type never has") }
        return Value(bigEndian: wire.loadUnaligned(as: Value.self))
    }

    /// Microseconds since 1970, within the range of DateTime64, of those since 2000.
    private static func moment(_ microseconds: Int64) -> Int64 {
        switch microseconds {
        case .max: return Calendar.lastMoment
        case .min: return Calendar.firstMoment
        default:
            let (moved, overflow) = microseconds.addingReportingOverflow(Calendar.postgresEpochDays * Calendar.microsecondsPerDay)
            return Calendar.clamped(microseconds: overflow ? microseconds : moved)
        }
    }

    static func pointText(_ x: Double, _ y: Double) -> String { "POINT(\(coordinate(x)) \(coordinate(y)))" }

    /// At least six digits behind the point, more where the value has them.
    private static func coordinate(_ value: Double) -> String {
        let text = value.description
        guard !text.contains("e"), let point = text.firstIndex(of: ".") else { return text }
        let digits = text.distance(from: point, to: text.endIndex) - 1
        return digits < 6 ? text + String(repeating: "0", count: 6 - digits) : text
    }

    /// Encodes in the narrow type and makes it wide.
    static func encodeWidened(
        _ source: PostgresCodec, _ target: PostgresCodec, into bytes: inout [UInt8], _ encode: (inout [UInt8]) throws(WireError) -> Bool
    ) throws(WireError) -> Bool {
        var narrow: [UInt8] = []
        guard try encode(&narrow) else { return false }
        let bits = narrow.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        switch (source, target) {
        case (.float32, _): bytes.appendLittle(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))).bitPattern)
        case (.int16, .int32): bytes.appendLittle(Int32(Int16(truncatingIfNeeded: bits)))
        case (.int16, _): bytes.appendLittle(Int64(Int16(truncatingIfNeeded: bits)))
        default: bytes.appendLittle(Int64(Int32(truncatingIfNeeded: bits)))
        }
        return true
    }

    // MARK: Arrays

    /// The head of a binary array: its sizes; `reader` stands at the first element.
    private static func dimensions(_ reader: inout WireReader) throws(WireError) -> (sizes: [Int], count: Int) {
        let dimensions = try reader.integer(Int32.self)
        _ = try reader.integer(Int32.self)
        _ = try reader.integer(UInt32.self)
        guard dimensions >= 0, dimensions <= 6 else { throw WireError("is an array of too many dimensions") }
        var sizes: [Int] = []
        var count = dimensions == 0 ? 0 : 1
        for _ in 0..<dimensions {
            let size = Int(try reader.integer(Int32.self))
            _ = try reader.integer(Int32.self)
            // Every element takes at least the four bytes of its length.
            guard size >= 0, count * size <= reader.left / 4 + 1 else { throw WireError("announces more elements than it has") }
            count *= size
            sizes.append(size)
        }
        return (sizes, count)
    }

    private static func encodeArray(
        binary wire: UnsafeRawBufferPointer, _ element: PostgresCodec, depth: Int, keepsNulls: Bool, into bytes: inout [UInt8]
    ) throws(WireError) {
        var reader = WireReader(wire)
        let (sizes, count) = try dimensions(&reader)
        guard count > 0 else { return bytes.append(0) }
        try encodeNested(ArrayShape.fitted(sizes, depth: depth)[...], into: &bytes) { (bytes: inout [UInt8]) throws(WireError) in
            let length = Int(try reader.integer(Int32.self))
            let value = length == -1 ? nil : try reader.slice(length)
            try element.append(value, isBinary: true, nullable: keepsNulls && element.canBeNullable, to: &bytes)
        }
    }

    private static func encodeJSONArray(binary wire: UnsafeRawBufferPointer, _ element: PostgresCodec, into bytes: inout [UInt8])
        throws(WireError)
    {
        var reader = WireReader(wire)
        let (_, count) = try dimensions(&reader)
        var elements: [[UInt8]?] = []
        for _ in 0..<count {
            let length = Int(try reader.integer(Int32.self))
            guard length != -1 else {
                elements.append(nil)
                continue
            }
            let value = try reader.slice(length)
            elements.append(Array(element == .jsonb ? value.dropFirst() : value[...]))
        }
        bytes.appendString(jsonArray(elements))
    }

    static func jsonArray(_ elements: [[UInt8]?]) -> [UInt8] {
        var json: [UInt8] = [UInt8(ascii: "[")]
        for (index, element) in elements.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            json.append(contentsOf: element ?? Array("null".utf8))
        }
        json.append(UInt8(ascii: "]"))
        return json
    }

    /// Nested RowBinary arrays of these sizes; `next` appends one element after the other.
    static func encodeNested(
        _ sizes: ArraySlice<Int>, into bytes: inout [UInt8], _ next: (inout [UInt8]) throws(WireError) -> Void
    ) throws(WireError) {
        guard let size = sizes.first else { return try next(&bytes) }
        bytes.appendCount(size)
        for _ in 0..<size { try encodeNested(sizes.dropFirst(), into: &bytes, next) }
    }

    /// A value or, where there is none, what stands for NULL. False: the value had no counterpart in the type.
    @inline(__always) @discardableResult
    func append(_ value: UnsafeRawBufferPointer?, isBinary: Bool, nullable: Bool, to bytes: inout [UInt8]) throws(WireError) -> Bool {
        guard let value else {
            if nullable { bytes.append(1) } else { appendDefault(to: &bytes) }
            return true
        }
        if nullable { bytes.append(0) }
        let start = bytes.count
        if isBinary ? try encode(binary: value, into: &bytes) : try encode(text: value, into: &bytes) { return true }
        bytes.removeSubrange(start...)
        if nullable { bytes[start - 1] = 1 } else { appendDefault(to: &bytes) }
        return false
    }
}
