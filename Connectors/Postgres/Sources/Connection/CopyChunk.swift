/// Messages of a COPY stream, one behind the other.
package struct CopyChunk: Sendable {
    package var bytes: [UInt8] = []
    /// Where each message ends.
    package var ends: [Int] = []
    /// Nothing follows.
    package var isLast = false

    package init() {}

    package var isEmpty: Bool { ends.isEmpty }

    /// Calls `body` with the bytes of each message in turn.
    package func forEach(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try bytes.withUnsafeBytes { bytes in
            var start = 0
            for end in ends {
                try body(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end
            }
        }
    }
}
