internal import FoundationEssentials

/// Writes a message of Protobuf as JSON text ("ProtoJSON Format" of its documentation), with two differences that ClickHouse likes
/// better: whole numbers are numbers at any size, and fields have the names of the schema.
struct ProtoJSON {
    let schema: ProtoSchema
    let source: UnsafeRawBufferPointer

    private static let maximumDepth = 100

    /// - Parameter ranges: pieces that together are the message.
    func write(_ message: Int, _ ranges: [Range<Int>], to text: inout [UInt8], depth: Int) throws(ProtoTranscoder.Fault) {
        guard depth < Self.maximumDepth else { throw .deep }
        var found: [Int: [(wire: ProtoReader.Wire, range: Range<Int>)]] = [:]
        for range in ranges {
            var reader = ProtoReader(source, range)
            while let next = try ProtoTranscoder.next(&reader) { found[next.number, default: []].append((next.wire, next.range)) }
        }
        let fields = schema.messages[message].fields
        switch schema.messages[message].name {
        case "google.protobuf.Struct":
            guard let entries = found[1] else { return text += Array("{}".utf8) }
            try member(fields[0], entries, to: &text, depth: depth)
        case "google.protobuf.ListValue":
            guard let values = found[1] else { return text += Array("[]".utf8) }
            try member(fields[0], values, to: &text, depth: depth)
        case "google.protobuf.Value":
            guard let field = fields.last(where: { found[$0.number] != nil && $0.number != 1 }), let values = found[field.number] else {
                return text += Array("null".utf8)
            }
            try member(field, values, to: &text, depth: depth)
        default:
            text.append(UInt8(ascii: "{"))
            var isFirst = true
            for field in fields {
                guard let values = found[field.number] else { continue }
                if !isFirst { text.append(UInt8(ascii: ",")) }
                isFirst = false
                JSONBytes.append(string: field.name, to: &text)
                text.append(UInt8(ascii: ":"))
                try member(field, values, to: &text, depth: depth)
            }
            text.append(UInt8(ascii: "}"))
        }
        guard text.count <= ProtoTranscoder.largestExpansion else { throw .tooLarge }
    }

    private func member(
        _ field: ProtoSchema.Field, _ values: [(wire: ProtoReader.Wire, range: Range<Int>)], to text: inout [UInt8], depth: Int
    ) throws(ProtoTranscoder.Fault) {
        let wire = wire(of: field.value)
        if let key = field.mapKey {
            text.append(UInt8(ascii: "{"))
            for (index, entry) in values.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                try self.entry(field, key, entry.range, to: &text, depth: depth)
            }
            return text.append(UInt8(ascii: "}"))
        }
        guard field.label == .repeated else {
            guard let last = values.last, last.wire == wire || last.wire == .group else { throw .kind(field.name) }
            if case .message(let inner) = field.value { return try write(inner, values.map(\.range), to: &text, depth: depth + 1) }
            return try value(field, last.range, to: &text, depth: depth)
        }
        text.append(UInt8(ascii: "["))
        var isFirst = true
        for element in values {
            var ranges = [element.range]
            if element.wire != wire, element.wire != .group {
                guard element.wire == .length else { throw .kind(field.name) }
                ranges = []
                var reader = ProtoReader(source, element.range)
                do throws(ProtoReader.Fault) {
                    while reader.position < element.range.upperBound { ranges.append(try reader.content(wire, number: field.number)) }
                } catch {
                    throw .wire(error)
                }
            }
            for range in ranges {
                if !isFirst { text.append(UInt8(ascii: ",")) }
                isFirst = false
                try value(field, range, to: &text, depth: depth)
            }
        }
        text.append(UInt8(ascii: "]"))
    }

    private func entry(
        _ field: ProtoSchema.Field, _ key: ProtoFile.Scalar, _ range: Range<Int>, to text: inout [UInt8], depth: Int
    ) throws(ProtoTranscoder.Fault) {
        var (keyRange, valueRange): (Range<Int>?, Range<Int>?) = (nil, nil)
        var reader = ProtoReader(source, range)
        while let next = try ProtoTranscoder.next(&reader) {
            if next.number == 1, next.wire == ProtoPlan.Content.scalar(key).wire { keyRange = next.range }
            if next.number == 2, next.wire == wire(of: field.value) { valueRange = next.range }
        }
        if key == .string {
            JSONBytes.append(string: UnsafeRawBufferPointer(rebasing: source[keyRange ?? 0..<0]), to: &text)
        } else {
            text.append(UInt8(ascii: "\""))
            try Self.append(key, source, keyRange, to: &text)
            text.append(UInt8(ascii: "\""))
        }
        text.append(UInt8(ascii: ":"))
        guard let valueRange else { return text += Array("null".utf8) }
        try value(field, valueRange, to: &text, depth: depth)
    }

    private func value(_ field: ProtoSchema.Field, _ range: Range<Int>, to text: inout [UInt8], depth: Int) throws(ProtoTranscoder.Fault) {
        switch field.value {
        case .message(let inner): try write(inner, [range], to: &text, depth: depth + 1)
        case .enumeration(let place):
            let number = Int32(truncatingIfNeeded: try ProtoTranscoder.integer(.int32, source, range))
            if let known = schema.enums[place].values.first(where: { $0.number == number }) {
                JSONBytes.append(string: known.name, to: &text)
            } else {
                text.append(decimal: Int64(number))
            }
        case .scalar(.string): JSONBytes.append(string: UnsafeRawBufferPointer(rebasing: source[range]), to: &text)
        case .scalar(.bytes): JSONBytes.append(string: Data(source[range]).base64EncodedString(), to: &text)
        case .scalar(let scalar): try Self.append(scalar, source, range, to: &text)
        }
    }

    private func wire(of value: ProtoSchema.Value) -> ProtoReader.Wire {
        switch value {
        case .scalar(let scalar): ProtoPlan.Content.scalar(scalar).wire
        case .enumeration: .varint
        case .message: .length
        }
    }

    /// A number or boolean; zero where there is none.
    static func append(
        _ scalar: ProtoFile.Scalar, _ source: UnsafeRawBufferPointer, _ range: Range<Int>?, to text: inout [UInt8]
    ) throws(ProtoTranscoder.Fault) {
        switch scalar {
        case .double:
            let bits = range.map { UInt64(littleEndian: source.loadUnaligned(fromByteOffset: $0.lowerBound, as: UInt64.self)) } ?? 0
            append(Double(bitPattern: bits), to: &text)
        case .float:
            let bits = range.map { UInt32(littleEndian: source.loadUnaligned(fromByteOffset: $0.lowerBound, as: UInt32.self)) } ?? 0
            let value = Float(bitPattern: bits)
            if value.isFinite { text += Array(value.description.utf8) } else { append(Double(value), to: &text) }
        case .bool:
            let isTrue = try range.map { range throws(ProtoTranscoder.Fault) in try ProtoTranscoder.integer(.int64, source, range) != 0 }
            text += Array((isTrue ?? false ? "true" : "false").utf8)
        case .uint64, .fixed64:
            let value = try range.map { range throws(ProtoTranscoder.Fault) in try ProtoTranscoder.integer(scalar, source, range) }
            text += Array(String(UInt64(bitPattern: value ?? 0)).utf8)
        default:
            let value = try range.map { range throws(ProtoTranscoder.Fault) in try ProtoTranscoder.integer(scalar, source, range) }
            text.append(decimal: value ?? 0)
        }
    }

    private static func append(_ value: Double, to text: inout [UInt8]) {
        if value.isFinite {
            text += Array(value.description.utf8)
        } else {
            text += Array((value.isNaN ? "\"NaN\"" : value < 0 ? "\"-Infinity\"" : "\"Infinity\"").utf8)
        }
    }
}
