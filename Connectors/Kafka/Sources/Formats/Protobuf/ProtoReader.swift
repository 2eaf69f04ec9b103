/// Reads the wire format of Protobuf ("Encoding" of its documentation) field by field.
struct ProtoReader {
    enum Fault: Error, Hashable, Sendable {
        case cutOff
        case longNumber
        case tag
        case group
        case deep
    }

    enum Wire: UInt64 { case varint = 0, fixed64 = 1, length = 2, group = 3, groupEnd = 4, fixed32 = 5 }

    let bytes: UnsafeRawBufferPointer
    var position: Int
    let end: Int

    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    @inline(__always)
    mutating func varint() throws(Fault) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard position < end else { throw .cutOff }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
            guard shift < 64 else { throw .longNumber }
        }
    }

    /// The number and the kind of the next field; nil at the end.
    @inline(__always)
    mutating func tag() throws(Fault) -> (number: Int, wire: Wire)? {
        guard position < end else { return nil }
        let tag = try varint()
        guard tag <= UInt64(UInt32.max), tag >> 3 > 0, let wire = Wire(rawValue: tag & 7) else { throw .tag }
        return (Int(tag >> 3), wire)
    }

    /// Passes the content of a field and tells where it stands, lengths left out.
    @inline(__always)
    mutating func content(_ wire: Wire, number: Int, depth: Int = 0) throws(Fault) -> Range<Int> {
        let start = position
        switch wire {
        case .varint:
            _ = try varint()
            return start..<position
        case .fixed64: return try take(8)
        case .fixed32: return try take(4)
        case .length:
            let length = try varint()
            guard length <= UInt64(end - position) else { throw .cutOff }
            return try take(Int(length))
        case .group: return try group(number, depth: depth)
        case .groupEnd: throw .group
        }
    }

    private mutating func group(_ number: Int, depth: Int) throws(Fault) -> Range<Int> {
        guard depth < 100 else { throw .deep }
        let start = position
        while true {
            let before = position
            guard let field = try tag() else { throw .cutOff }
            if field.wire == .groupEnd {
                guard field.number == number else { throw .group }
                return start..<before
            }
            _ = try content(field.wire, number: field.number, depth: depth + 1)
        }
    }

    private mutating func take(_ count: Int) throws(Fault) -> Range<Int> {
        guard count <= end - position else { throw .cutOff }
        defer { position += count }
        return position..<(position + count)
    }
}

extension ProtoReader.Fault: CustomStringConvertible {
    var description: String {
        switch self {
        case .cutOff: "it ends within a field"
        case .longNumber: "a number takes more than ten bytes"
        case .tag: "a field has an impossible number or kind"
        case .group: "a group is not closed as it was opened"
        case .deep: "values are nested too deeply"
        }
    }
}
