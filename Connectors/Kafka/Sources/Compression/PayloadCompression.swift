internal import CCompression

/// Compression that a producer put around single messages, known by its first bytes. (Compression of record batches is librdkafka's
/// business.)
enum PayloadCompression: String, Sendable, CaseIterable {
    case gzip, zstd, lz4
    /// The framing format of snappy, "framing_format.txt" of its sources.
    case snappyFramed = "framed snappy"
    /// What snappy-java's `SnappyOutputStream` writes.
    case snappyJava = "snappy of Java"

    enum Fault: Error, Hashable, Sendable {
        case broken
        case tooLarge
    }

    /// No JSON object begins like this, no container of Avro, and neither of the registries' headers.
    @inline(__always)
    static func detect(_ bytes: UnsafeRawBufferPointer) -> PayloadCompression? {
        guard bytes.count >= 4 else { return nil }
        switch bytes[0] {
        case 0x1f: return bytes[1] == 0x8b ? .gzip : nil
        case 0x28: return starts(bytes, [0x28, 0xb5, 0x2f, 0xfd]) ? .zstd : nil
        case 0x04: return starts(bytes, [0x04, 0x22, 0x4d, 0x18]) ? .lz4 : nil
        case 0xff: return starts(bytes, [0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]) ? .snappyFramed : nil
        case 0x82: return starts(bytes, [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]) ? .snappyJava : nil
        default: return nil
        }
    }

    private static func starts(_ bytes: UnsafeRawBufferPointer, _ magic: [UInt8]) -> Bool { bytes.starts(with: magic) }

    /// Replaces `target` by what the message holds.
    /// - Parameter limit: most bytes that may come out.
    func decompress(_ source: UnsafeRawBufferPointer, into target: inout [UInt8], limit: Int) throws(Fault) {
        var sink = DecompressionSink(taking: &target, limit: limit)
        defer { target = sink.take() }
        switch self {
        case .gzip: try Inflate.run(source, windowBits: 15 + 16, into: &sink)
        case .zstd: try ZstdFrames.run(source, into: &sink)
        case .lz4: try LZ4Frames.run(source, into: &sink)
        case .snappyFramed: try SnappyBlocks.framed(source, into: &sink)
        case .snappyJava: try SnappyBlocks.java(source, into: &sink)
        }
    }
}

/// Where decompressed bytes go: grows as they come and stops at a limit.
struct DecompressionSink {
    private var bytes: [UInt8]
    private(set) var used = 0
    private let limit: Int

    /// Uses the storage of `target`, which is empty after this.
    init(taking target: inout [UInt8], limit: Int) {
        bytes = []
        swap(&bytes, &target)
        bytes.removeAll(keepingCapacity: true)
        self.limit = limit
    }

    /// What was written.
    mutating func take() -> [UInt8] {
        bytes.removeSubrange(used...)
        var result: [UInt8] = []
        swap(&result, &bytes)
        used = 0
        return result
    }

    /// What was written since `start`.
    func written(from start: Int) -> ArraySlice<UInt8> { bytes[start..<used] }

    /// Gives `body` free space of at least `minimum` bytes; it returns how much it filled.
    mutating func write<Result>(
        minimum: Int, _ body: (UnsafeMutableRawBufferPointer) throws(PayloadCompression.Fault) -> (filled: Int, result: Result)
    ) throws(PayloadCompression.Fault) -> Result {
        if used + minimum > bytes.count {
            // One byte more than the limit tells "just fits" from "too large".
            guard used <= limit else { throw .tooLarge }
            let wanted = min(max(used + minimum, bytes.count * 2, 16 << 10), max(limit + 1, used + minimum))
            bytes.append(contentsOf: repeatElement(0, count: wanted - bytes.count))
        }
        let start = used
        var failure: PayloadCompression.Fault?
        let outcome: (filled: Int, result: Result)? = bytes.withUnsafeMutableBytes { buffer in
            do throws(PayloadCompression.Fault) {
                return try body(UnsafeMutableRawBufferPointer(rebasing: buffer[start...]))
            } catch {
                failure = error
                return nil
            }
        }
        guard let outcome else { throw failure ?? .broken }
        used += outcome.filled
        guard used <= limit else { throw .tooLarge }
        return outcome.result
    }
}
