import ClickHouse
import NIOCore
import Testing

@Suite struct BodyPiecesTests {
    /// Also when the pieces stay on their way: then none is written over.
    @Test(arguments: [0, 1, 128 << 10, (128 << 10) + 1, 1_000_003])
    func piecesMakeTheWhole(count: Int) async {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var pieces: [ByteBuffer] = []
        for await piece in BodyPieces(bytes: bytes) { pieces.append(piece) }
        #expect(pieces.flatMap(\.readableBytesView) == bytes)
        #expect(pieces.allSatisfy { (1...BodyPieces.pieceBytes).contains($0.readableBytes) })
    }
}
