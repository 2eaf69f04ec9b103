/// Reads big-endian values from bytes that may be anything: what is missing is an error, never a crash.
struct WireReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var index: Int

    init(_ bytes: UnsafeRawBufferPointer, from index: Int = 0) {
        self.bytes = bytes
        self.index = index
    }

    var left: Int { bytes.count - index }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(WireError) -> Value {
        let size = MemoryLayout<Value>.size
        guard left >= size else { throw WireError("ends too early") }
        let value = bytes.loadUnaligned(fromByteOffset: index, as: Value.self)
        index += size
        return Value(bigEndian: value)
    }

    /// Where the next `count` bytes stand.
    mutating func range(_ count: Int) throws(WireError) -> Range<Int> {
        guard count >= 0, left >= count else { throw WireError("ends too early") }
        defer { index += count }
        return index..<(index + count)
    }

    mutating func slice(_ count: Int) throws(WireError) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[try range(count)])
    }

    /// Text up to a zero byte.
    mutating func text() throws(WireError) -> String {
        guard let end = bytes[index...].firstIndex(of: 0) else { throw WireError("holds a text without an end") }
        defer { index = end + 1 }
        return String(decoding: bytes[index..<end], as: UTF8.self)
    }
}

/// Bytes that are not what the protocol says. Never quotes them: they may be rows.
package struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
