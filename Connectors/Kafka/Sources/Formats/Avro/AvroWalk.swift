/// Finds where datums end, and refuses those that do not fit their schema: one corrupt datum would spoil a whole block for ClickHouse.
struct AvroWalk {
    enum Fault: Error, Hashable, Sendable {
        case cutOff
        case longNumber
        case outOfRange(String)
        case negativeLength
        case tooDeep
        case tooManyItems
    }

    private let schema: AvroSchema
    private let bytes: UnsafeRawBufferPointer
    /// Items without bytes, such as those of an array of nulls, cost nothing to send and memory to hold.
    private var emptyItems = 0

    private(set) var position: Int

    /// Nesting of values; a schema that contains itself allows any.
    static let maximumDepth = 200
    static let maximumEmptyItems = 1 << 16

    init(_ schema: AvroSchema, _ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
        self.schema = schema
        self.bytes = bytes
        self.position = position
    }

    /// Moves behind the next datum.
    mutating func skipDatum() throws(Fault) {
        emptyItems = 0
        try skip(schema.root, depth: 0)
    }

    private mutating func skip(_ node: Int, depth: Int) throws(Fault) {
        switch schema.nodes[node] {
        case .null: return
        case .boolean:
            guard position < bytes.count else { throw .cutOff }
            guard bytes[position] <= 1 else { throw .outOfRange("a boolean") }
            position += 1
        case .int:
            let value = try long()
            guard value == Int64(Int32(truncatingIfNeeded: value)) else { throw .outOfRange("an int") }
        case .long: _ = try long()
        case .float: try skip(bytes: 4)
        case .double: try skip(bytes: 8)
        case .bytes: try skip(bytes: length())
        case .fixed(let size): try skip(bytes: size)
        case .enumeration(let count):
            let value = try long()
            guard value >= 0, value < count else { throw .outOfRange("an enum") }
        case .record(let members):
            guard depth < Self.maximumDepth else { throw .tooDeep }
            for member in members { try skip(schema.children[member], depth: depth + 1) }
        case .union(let branches):
            let value = try long()
            guard value >= 0, value < branches.count else { throw .outOfRange("the branch of a union") }
            guard depth < Self.maximumDepth else { throw .tooDeep }
            try skip(schema.children[branches.lowerBound + Int(value)], depth: depth + 1)
        case .array(let element): try skipBlocks(element, keyed: false, depth: depth)
        case .map(let element): try skipBlocks(element, keyed: true, depth: depth)
        }
    }

    private mutating func skipBlocks(_ element: Int, keyed: Bool, depth: Int) throws(Fault) {
        guard depth < Self.maximumDepth else { throw .tooDeep }
        while true {
            var count = try long()
            if count == 0 { return }
            var end: Int?
            if count < 0 {
                guard count > Int64.min else { throw .negativeLength }
                count = -count
                let size = try length()
                guard size <= bytes.count - position else { throw .cutOff }
                end = position + size
            }
            var rest = count
            while rest > 0 {
                let before = position
                if keyed { try skip(bytes: length()) }
                try skip(element, depth: depth + 1)
                if position == before {
                    emptyItems += 1
                    guard emptyItems <= Self.maximumEmptyItems else { throw .tooManyItems }
                }
                rest -= 1
            }
            // ClickHouse skips a block of an unread column by its size and reads that of a read one item by item.
            if let end, end != position { throw .outOfRange("the size of a block") }
        }
    }

    private mutating func skip(bytes count: Int) throws(Fault) {
        guard count <= bytes.count - position else { throw .cutOff }
        position += count
    }

    private mutating func length() throws(Fault) -> Int {
        let value = try long()
        guard value >= 0 else { throw .negativeLength }
        return Int(value)
    }

    /// A zigzag varint.
    @inline(__always)
    mutating func long() throws(Fault) -> Int64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard position < bytes.count else { throw .cutOff }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { break }
            shift += 7
            guard shift < 64 else { throw .longNumber }
        }
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}

extension AvroWalk.Fault: CustomStringConvertible {
    var description: String {
        switch self {
        case .cutOff: "the message ends within a value of its schema"
        case .longNumber: "a number takes more than ten bytes"
        case .outOfRange(let what): "\(what) is out of range"
        case .negativeLength: "a length is negative"
        case .tooDeep: "values are nested more than \(AvroWalk.maximumDepth) deep"
        case .tooManyItems: "an array or map has more than \(AvroWalk.maximumEmptyItems) items without content"
        }
    }
}
