internal import CCompression

/// zlib, for gzip and for the `deflate` of Avro.
enum Inflate {
    /// - Parameter windowBits: as of `inflateInit2`: 15 + 16 for gzip, -15 for data without a header.
    static func run(_ source: UnsafeRawBufferPointer, windowBits: Int32, into sink: inout DecompressionSink) throws(PayloadCompression
        .Fault)
    {
        var stream = z_stream()
        guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { throw .broken }
        defer { inflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(source.count)
        while true {
            let status = try sink.write(minimum: 1) { space throws(PayloadCompression.Fault) in
                let room = min(space.count, Int(UInt32.max))
                stream.next_out = space.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(room)
                let status = inflate(&stream, Z_NO_FLUSH)
                return (room - Int(stream.avail_out), status)
            }
            switch status {
            case Z_OK: continue
            case Z_STREAM_END:
                // Behind data without a header anything may stand: fastavro leaves parts of zlib's checksum there.
                if stream.avail_in == 0 || windowBits < 0 { return }
                // Members of gzip may follow each other.
                guard windowBits > 15, inflateReset(&stream) == Z_OK else { throw .broken }
            default: throw .broken
            }
        }
    }
}

enum ZstdFrames {
    static func run(_ source: UnsafeRawBufferPointer, into sink: inout DecompressionSink) throws(PayloadCompression.Fault) {
        guard let context = ZSTD_createDCtx() else { throw .broken }
        defer { ZSTD_freeDCtx(context) }
        // A frame may ask for a window as large as its content; ours are small.
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 26)
        var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
        while true {
            let rest = try sink.write(minimum: 1) { space throws(PayloadCompression.Fault) in
                var output = ZSTD_outBuffer(dst: space.baseAddress, size: space.count, pos: 0)
                let rest = ZSTD_decompressStream(context, &output, &input)
                if ZSTD_isError(rest) != 0 { throw .broken }
                // Nothing came and nothing is left to read: the frame is cut off.
                if rest != 0, input.pos == input.size, output.pos < output.size { throw .broken }
                return (output.pos, rest)
            }
            if rest == 0, input.pos == input.size { return }
        }
    }
}

enum LZ4Frames {
    static func run(_ source: UnsafeRawBufferPointer, into sink: inout DecompressionSink) throws(PayloadCompression.Fault) {
        var context: OpaquePointer?
        guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0, let context else { throw .broken }
        defer { LZ4F_freeDecompressionContext(context) }
        var position = 0
        while true {
            let rest = try sink.write(minimum: 1) { space throws(PayloadCompression.Fault) in
                var filled = space.count
                var taken = source.count - position
                let rest = LZ4F_decompress(context, space.baseAddress, &filled, source.baseAddress.map { $0 + position }, &taken, nil)
                if LZ4F_isError(rest) != 0 { throw .broken }
                position += taken
                if rest != 0, position == source.count, filled < space.count { throw .broken }
                return (filled, rest)
            }
            if rest == 0, position == source.count { return }
        }
    }
}

enum SnappyBlocks {
    /// One block; its length is known.
    static func block(_ source: UnsafeRawBufferPointer, into sink: inout DecompressionSink) throws(PayloadCompression.Fault) {
        let bytes = source.bindMemory(to: CChar.self)
        var length = 0
        guard snappy_uncompressed_length(bytes.baseAddress, bytes.count, &length) == SNAPPY_OK, length < 1 << 31 else { throw .broken }
        // The header of a block may lie; each byte of it can stand for 64 of content at the most.
        guard length <= bytes.count * 64 else { throw .broken }
        if length == 0 { return }
        try sink.write(minimum: length) { space throws(PayloadCompression.Fault) in
            var filled = space.count
            guard snappy_uncompress(bytes.baseAddress, bytes.count, space.bindMemory(to: CChar.self).baseAddress, &filled) == SNAPPY_OK
            else { throw .broken }
            return (filled, ())
        }
    }

    static func framed(_ source: UnsafeRawBufferPointer, into sink: inout DecompressionSink) throws(PayloadCompression.Fault) {
        var position = 0
        while position < source.count {
            guard position + 4 <= source.count else { throw .broken }
            let kind = source[position]
            let length = Int(source[position + 1]) | Int(source[position + 2]) << 8 | Int(source[position + 3]) << 16
            position += 4
            guard position + length <= source.count else { throw .broken }
            let chunk = UnsafeRawBufferPointer(rebasing: source[position..<(position + length)])
            position += length
            switch kind {
            case 0x00, 0x01:
                guard length >= 4 else { throw .broken }
                let content = UnsafeRawBufferPointer(rebasing: chunk[4...])
                let start = sink.used
                if kind == 0 {
                    try block(content, into: &sink)
                } else {
                    try copy(content, into: &sink)
                }
                let sum = UInt32(chunk[0]) | UInt32(chunk[1]) << 8 | UInt32(chunk[2]) << 16 | UInt32(chunk[3]) << 24
                guard sink.checksum(from: start) == sum else { throw .broken }
            case 0x02...0x7f: throw .broken
            default: continue
            }
        }
    }

    static func java(_ source: UnsafeRawBufferPointer, into sink: inout DecompressionSink) throws(PayloadCompression.Fault) {
        // Magic of 8 bytes, version, oldest compatible version.
        var position = 16
        guard source.count >= position else { throw .broken }
        while position < source.count {
            guard position + 4 <= source.count else { throw .broken }
            let length = Int(UInt32(bigEndian: source.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
            position += 4
            guard position + length <= source.count else { throw .broken }
            try block(UnsafeRawBufferPointer(rebasing: source[position..<(position + length)]), into: &sink)
            position += length
        }
    }

    private static func copy(_ source: UnsafeRawBufferPointer, into sink: inout DecompressionSink) throws(PayloadCompression.Fault) {
        if source.isEmpty { return }
        try sink.write(minimum: source.count) { space throws(PayloadCompression.Fault) in
            space.copyMemory(from: source)
            return (source.count, ())
        }
    }
}

extension DecompressionSink {
    /// The masked CRC-32C of the framing format of snappy, over what was written since `start`.
    func checksum(from start: Int) -> UInt32 {
        var sum = ~UInt32(0)
        for byte in written(from: start) {
            sum ^= UInt32(byte)
            sum = CRC32C.table[Int(sum & 0xff)] ^ (sum >> 8)
        }
        sum = ~sum
        return (sum >> 15 | sum << 17) &+ 0xa282_ead8
    }
}

private enum CRC32C {
    static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0x82f6_3b78 : sum >> 1 }
    }
}
