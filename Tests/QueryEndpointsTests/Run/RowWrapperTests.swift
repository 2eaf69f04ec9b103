import NIOCore
import PipeCore
import QueryEndpoints
import Testing

@Suite struct RowWrapperTests {
    private static let rows = "[\"a\", \"b\"]\n[\"UInt8\", \"String\"]\n[1, \"x\\ny\"]\n[2, \"]}}\"]\n"

    /// The document made of `text` cut into pieces of `size` bytes.
    private func document(_ text: String, pieces size: Int) throws -> String {
        var wrapper = RowWrapper()
        var bytes = ByteBuffer(string: text)
        var result = ByteBuffer()
        while let piece = bytes.readSlice(length: min(size, bytes.readableBytes)), piece.readableBytes > 0 {
            result.writeImmutableBuffer(try wrapper.push(piece))
        }
        result.writeImmutableBuffer(try wrapper.finish())
        return String(buffer: result)
    }

    @Test(arguments: [1, 2, 3, 7, 1000]) func piecesOfAnySizeMakeOneDocument(size: Int) throws {
        let document = try JSONText.decode(JSONValue.self, from: document(Self.rows, pieces: size))
        #expect(
            document == [
                "data": [
                    "columns": [["name": "a", "type": "UInt8"], ["name": "b", "type": "String"]],
                    "rows": [[1, "x\ny"], [2, "]}}"]],
                ]
            ])
    }

    @Test func noRowsAndNoColumnsAreADocumentToo() throws {
        #expect(try document("", pieces: 1) == #"{"data":{"columns":[],"rows":[]}}"#)
        #expect(
            try document("[\"a\"]\n[\"UInt8\"]\n", pieces: 100) == #"{"data":{"columns":[{"name":"a","type":"UInt8"}],"rows":[]}}"#)
    }

    @Test func somethingElseIsNoDocument() {
        #expect(throws: (any Error).self) { try document("plain text\nmore\n", pieces: 100) }
    }
}
