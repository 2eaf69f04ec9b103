package import NIOCore

/// A body, copied piece by piece while it is sent, into two buffers in turn that are used again and again: a copy of the whole, or of
/// megabytes at a time, costs more in fresh pages than in bytes.
package struct BodyPieces: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer

    package static let pieceBytes = 128 << 10
    let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let bytes: [UInt8]
        private var position = 0
        private var next: ByteBuffer
        private var later: ByteBuffer

        init(bytes: [UInt8]) {
            self.bytes = bytes
            let capacity = Swift.min(bytes.count, BodyPieces.pieceBytes)
            next = ByteBuffer()
            next.reserveCapacity(capacity)
            later = ByteBuffer()
            later.reserveCapacity(capacity)
        }

        package mutating func next() async -> ByteBuffer? {
            guard position < bytes.count else { return nil }
            let end = Swift.min(bytes.count, position + BodyPieces.pieceBytes)
            // One that is still on its way is left alone: then this makes a new one.
            next.clear()
            next.writeBytes(bytes[position..<end])
            position = end
            swap(&next, &later)
            return later
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(bytes: bytes) }
}
