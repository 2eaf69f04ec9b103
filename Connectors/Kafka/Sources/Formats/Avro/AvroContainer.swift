/// The outer shape of an Avro object container file (specification 1.11, "Object Container Files").
struct AvroContainer {
    enum Fault: Error, Hashable, Sendable {
        case notAContainer
        case cutOff
        case noSchema
        case codec(String)
        case wrongSync
        case blockSize
    }

    enum Codec: String, Sendable { case null, deflate, snappy, zstandard }

    static let magic: [UInt8] = [0x4f, 0x62, 0x6a, 0x01]

    let schema: Range<Int>
    let codec: Codec
    private let sync: Range<Int>
    private let bytes: UnsafeRawBufferPointer
    private var position: Int

    init(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        guard bytes.starts(with: Self.magic) else { throw .notAContainer }
        self.bytes = bytes
        var cursor = Cursor(bytes: bytes, position: 4)
        var schema: Range<Int>?
        var codec = Codec.null
        while true {
            var count = try cursor.long()
            if count == 0 { break }
            if count < 0 {
                _ = try cursor.long()
                // Not negated: the smallest number has no counterpart.
                count = count == .min ? .max : -count
            }
            for _ in 0..<count {
                let key = try cursor.piece()
                let value = try cursor.piece()
                let name = UnsafeRawBufferPointer(rebasing: bytes[key])
                if name.elementsEqual("avro.schema".utf8) { schema = value }
                if name.elementsEqual("avro.codec".utf8) {
                    let text = String(decoding: bytes[value], as: UTF8.self)
                    guard let known = Codec(rawValue: text) else { throw .codec(String(text.prefix(40))) }
                    codec = known
                }
            }
        }
        guard let schema else { throw .noSchema }
        self.schema = schema
        self.codec = codec
        sync = try cursor.take(16)
        position = cursor.position
    }

    /// The next block: how many datums it has, and its bytes as the codec wrote them. Nil at the end.
    mutating func nextBlock() throws(Fault) -> (count: Int, data: Range<Int>)? {
        guard position < bytes.count else { return nil }
        var cursor = Cursor(bytes: bytes, position: position)
        let count = try cursor.long()
        guard count >= 0 else { throw .blockSize }
        let data = try cursor.piece()
        let mark = try cursor.take(16)
        guard bytes[mark].elementsEqual(bytes[sync]) else { throw .wrongSync }
        position = cursor.position
        return (Int(count), data)
    }

    /// The head of a container without compression, sync included.
    static func header(schema: [UInt8], sync: [UInt8]) -> [UInt8] {
        var header = magic
        header.append(zigzag: 2)
        for (key, value) in [("avro.codec", Array("null".utf8)), ("avro.schema", schema)] {
            header.append(zigzag: Int64(key.utf8.count))
            header += Array(key.utf8)
            header.append(zigzag: Int64(value.count))
            header += value
        }
        header.append(0)
        return header + sync
    }

    private struct Cursor {
        let bytes: UnsafeRawBufferPointer
        var position: Int

        mutating func long() throws(Fault) -> Int64 {
            var (value, shift): (UInt64, UInt64) = (0, 0)
            while true {
                guard position < bytes.count, shift < 64 else { throw .cutOff }
                let byte = bytes[position]
                position += 1
                value |= UInt64(byte & 0x7f) << shift
                if byte & 0x80 == 0 { return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
                shift += 7
            }
        }

        /// Bytes with their length in front.
        mutating func piece() throws(Fault) -> Range<Int> {
            let length = try long()
            guard length >= 0, length <= bytes.count - position else { throw .cutOff }
            return try take(Int(length))
        }

        mutating func take(_ count: Int) throws(Fault) -> Range<Int> {
            guard count <= bytes.count - position else { throw .cutOff }
            defer { position += count }
            return position..<(position + count)
        }
    }
}

extension AvroContainer.Fault: CustomStringConvertible {
    var description: String {
        switch self {
        case .notAContainer:
            "the message is not an Avro object container (it does not begin with 'Obj' and 1); messages with the header of a schema registry "
                + "need the format AvroConfluent"
        case .cutOff: "the Avro container is cut off"
        case .noSchema: "the Avro container has no schema"
        case .codec(let name): "the Avro container is compressed with '\(name)'; null, deflate, snappy and zstandard are read"
        case .wrongSync: "a block of the Avro container does not end with its sync marker"
        case .blockSize: "a block of the Avro container has a negative number of records"
        }
    }
}
