extension PostgresCodec {
    /// Appends the value that Postgres sent as text. False: it has no counterpart in the type, and nothing was appended.
    package func encode(text wire: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(WireError) -> Bool {
        switch self {
        case .bool:
            guard wire.count == 1, wire[0] == UInt8(ascii: "t") || wire[0] == UInt8(ascii: "f") else { throw WireError("is not a boolean") }
            bytes.append(wire[0] == UInt8(ascii: "t") ? 1 : 0)
        case .int16: bytes.appendLittle(try Self.number(wire, Int16.self))
        case .int32: bytes.appendLittle(try Self.number(wire, Int32.self))
        case .int64: bytes.appendLittle(try Self.number(wire, Int64.self))
        case .float32: bytes.appendLittle(try Self.float32(wire).bitPattern)
        case .float64: bytes.appendLittle(try Self.float64(wire).bitPattern)
        case .decimal(let shape): return try shape.encode(text: wire, into: &bytes)
        case .character: bytes.append(Self.character(wire))
        case .text, .enumeration, .jsonb: bytes.appendString(wire)
        case .bytes: try Self.encodeHex(wire, into: &bytes)
        case .uuid: try Self.encodeUUID(wire, into: &bytes)
        case .date:
            var text = CalendarText(wire)
            bytes.appendLittle(try text.date())
        case .timestamp, .timestampWithZone:
            var text = CalendarText(wire)
            bytes.appendLittle(try text.timestamp())
        case .time, .timeWithZone:
            var text = CalendarText(wire)
            bytes.appendLittle(try text.time(withZone: self == .timeWithZone))
        case .interval: bytes.appendString(try IntervalValue(text: wire).json.utf8)
        case .point:
            let parts = wire.dropFirst().dropLast().split(separator: UInt8(ascii: ","))
            guard parts.count == 2 else { throw WireError("is not a point") }
            let x = try Self.float64(UnsafeRawBufferPointer(rebasing: parts[0]))
            bytes.appendString(Self.pointText(x, try Self.float64(UnsafeRawBufferPointer(rebasing: parts[1]))).utf8)
        case .hstore: bytes.appendString(try HstoreText.json(wire))
        case .vector(let isSparse): try Self.encodeVector(wire, isSparse: isSparse, into: &bytes)
        case .array(let element, let depth, let delimiter, let keepsNulls):
            let array = try ArrayText(wire, delimiter: delimiter)
            guard !array.elements.isEmpty else {
                bytes.append(0)
                break
            }
            var index = 0
            let sizes = ArrayShape.fitted(array.dimensions, depth: depth)[...]
            try Self.encodeNested(sizes, into: &bytes) { (bytes: inout [UInt8]) throws(WireError) in
                try element.append(array.elements[index], nullable: keepsNulls && element.canBeNullable, to: &bytes)
                index += 1
            }
        case .widened(let source, let target):
            return try Self.encodeWidened(source, target, into: &bytes) { (bytes: inout [UInt8]) throws(WireError) in
                try source.encode(text: wire, into: &bytes)
            }
        case .jsonArray(_, let delimiter): bytes.appendString(Self.jsonArray(try ArrayText(wire, delimiter: delimiter).elements))
        }
        return true
    }

    private func append(_ text: [UInt8]?, nullable: Bool, to bytes: inout [UInt8]) throws(WireError) {
        guard let text else {
            try append(nil as UnsafeRawBufferPointer?, isBinary: false, nullable: nullable, to: &bytes)
            return
        }
        let result = text.withUnsafeBytes { wire in
            Result { () throws(WireError) in try append(wire, isBinary: false, nullable: nullable, to: &bytes) }
        }
        _ = try result.get()
    }

    private static func number<Value: FixedWidthInteger>(_ wire: UnsafeRawBufferPointer, _ type: Value.Type) throws(WireError) -> Value {
        guard let value = Value(String(decoding: wire, as: UTF8.self)) else { throw WireError("is not a whole number of its type") }
        return value
    }

    private static func float64(_ wire: UnsafeRawBufferPointer) throws(WireError) -> Double {
        guard let value = Double(String(decoding: wire, as: UTF8.self)) else { throw WireError("is not a number") }
        return value
    }

    private static func float32(_ wire: UnsafeRawBufferPointer) throws(WireError) -> Float {
        guard let value = Float(String(decoding: wire, as: UTF8.self)) else { throw WireError("is not a number") }
        return value
    }

    /// Bytes above 127 are written `\ooo`, since Postgres 15.4 and 14.9.
    private static func character(_ wire: UnsafeRawBufferPointer) -> UInt8 {
        if wire.count == 4, wire[0] == UInt8(ascii: "\\") {
            return wire.dropFirst().reduce(0) { $0 &* 8 &+ ($1 & 7) }
        }
        return wire.first ?? 0
    }

    @inline(__always)
    private static func nibble(_ byte: UInt8) throws(WireError) -> UInt8 {
        switch byte {
        case 0x30...0x39: return byte - 0x30
        case 0x61...0x66: return byte - 0x61 + 10
        case 0x41...0x46: return byte - 0x41 + 10
        default: throw WireError("is not hexadecimal")
        }
    }

    private static func encodeHex(_ wire: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(WireError) {
        guard wire.count % 2 == 0, wire.count >= 2, wire[0] == UInt8(ascii: "\\"), wire[1] == UInt8(ascii: "x") else {
            throw WireError("is not hexadecimal")
        }
        bytes.appendCount(wire.count / 2 - 1)
        var index = 2
        while index < wire.count {
            bytes.append(try nibble(wire[index]) << 4 | (try nibble(wire[index + 1])))
            index += 2
        }
    }

    private static func encodeUUID(_ wire: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(WireError) {
        var value: [UInt8] = []
        var high: UInt8?
        for byte in wire where byte != UInt8(ascii: "-") {
            let nibble = try nibble(byte)
            if let known = high {
                value.append(known << 4 | nibble)
                high = nil
            } else {
                high = nibble
            }
        }
        guard value.count == 16, high == nil else { throw WireError("is not a uuid") }
        bytes.append(contentsOf: value[0..<8].reversed())
        bytes.append(contentsOf: value[8..<16].reversed())
    }

    private static func encodeVector(_ wire: UnsafeRawBufferPointer, isSparse: Bool, into bytes: inout [UInt8]) throws(WireError) {
        let comma = UInt8(ascii: ",")
        func value(_ slice: Slice<UnsafeRawBufferPointer>) throws(WireError) -> Float {
            try float32(UnsafeRawBufferPointer(rebasing: slice))
        }
        guard isSparse else {
            let parts = wire.dropFirst().dropLast().split(separator: comma)
            bytes.appendCount(parts.count)
            for part in parts { bytes.appendLittle(try value(part).bitPattern) }
            return
        }
        guard let slash = wire.lastIndex(of: UInt8(ascii: "/")), slash >= 2,
            let count = Int(String(decoding: wire[(slash + 1)...], as: UTF8.self)), (0...1_000_000).contains(count)
        else { throw WireError("is not a sparse vector") }
        var values: [Float] = Array(repeating: 0, count: count)
        for part in wire[1..<(slash - 1)].split(separator: comma) {
            guard let colon = part.firstIndex(of: UInt8(ascii: ":")),
                let index = Int(String(decoding: part[..<colon], as: UTF8.self)), index >= 1, index <= count
            else { throw WireError("is not a sparse vector") }
            values[index - 1] = try value(part[(colon + 1)...])
        }
        bytes.appendCount(count)
        for value in values { bytes.appendLittle(value.bitPattern) }
    }
}
