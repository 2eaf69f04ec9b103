import PipeCore
import Testing

@Suite struct BatchBuffersTests {
    private let megabyte = 1 << 20

    /// Rows whose memory is on loan, as a batch has them.
    private func rows(_ buffers: BatchBuffers, _ byte: UInt8) -> EncodedRows {
        var bytes = buffers.take(capacity: megabyte)
        bytes += [UInt8](repeating: byte, count: megabyte)
        return EncodedRows(bytes: bytes, rowCount: 1, format: "RowBinary", loan: buffers.loan(bytes))
    }

    @Test func memoryComesBackWithTheLastCopy() throws {
        let buffers = BatchBuffers(limit: 2)
        buffers.keepsBuffers(true)
        var first: EncodedRows? = rows(buffers, 1)
        var copy = first
        first = nil
        #expect(buffers.take(capacity: 8).capacity < megabyte, "the copy holds it")
        let kept = try #require(copy).bytes
        copy = nil
        var again = buffers.take(capacity: 8)
        #expect(again.isEmpty && again.capacity >= megabyte)
        again += [9, 9, 9]
        #expect(kept == [UInt8](repeating: 1, count: megabyte), "whoever still has the bytes keeps them")
    }

    @Test func nothingIsKeptForAnIdlePipe() {
        let buffers = BatchBuffers(limit: 2)
        _ = rows(buffers, 1)
        #expect(buffers.take(capacity: 8).capacity < megabyte)
        buffers.keepsBuffers(true)
        _ = rows(buffers, 1)
        buffers.keepsBuffers(false)
        #expect(buffers.take(capacity: 8).capacity < megabyte)
    }

    @Test func noMoreIsKeptThanTheLimit() {
        let buffers = BatchBuffers(limit: 1)
        buffers.keepsBuffers(true)
        do {
            let both = [rows(buffers, 1), rows(buffers, 2)]
            #expect(both[0].bytes != both[1].bytes)
        }
        #expect(buffers.take(capacity: 8).capacity >= megabyte)
        #expect(buffers.take(capacity: 8).capacity < megabyte)
    }
}
