package import NIOCore
import PipeCore

/// Turns rows as ClickHouse writes them (`JSONCompactEachRowWithNamesAndTypes`) into the document of version 1,
/// `{"data":{"columns":[{"name":…,"type":…}],"rows":[[…]]}}`, as they come.
///
/// In that format a line end never stands inside a row: the first line is the names, the second the types, every other one a row.
package struct RowWrapper: Sendable {
    package static let format = "JSONCompactEachRowWithNamesAndTypes"

    private var names: [String]?
    private var hasColumns = false
    /// The beginning of a line that has not ended; only of the first two.
    private var line = ByteBuffer()
    private var isAfterRow = false

    package init() {}

    /// The next bytes of the document; empty when there are none yet. Throws when the first lines are not names and types.
    package mutating func push(_ bytes: ByteBuffer) throws -> ByteBuffer {
        var bytes = bytes
        var result = ByteBuffer()
        while !hasColumns {
            guard let end = bytes.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else {
                line.writeBuffer(&bytes)
                return result
            }
            let length = end - bytes.readerIndex
            if var part = bytes.readSlice(length: length) { line.writeBuffer(&part) }
            bytes.moveReaderIndex(forwardBy: 1)
            let texts = try JSONText.decode([String].self, from: line.readableBytesView)
            line.clear()
            if let names { try begin(names, texts, into: &result) } else { names = texts }
        }
        result.reserveCapacity(bytes.readableBytes + 16)
        while bytes.readableBytes > 0 {
            if isAfterRow {
                result.writeInteger(UInt8(ascii: ","))
                isAfterRow = false
            }
            guard let end = bytes.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else {
                result.writeBuffer(&bytes)
                break
            }
            let length = end - bytes.readerIndex
            if var row = bytes.readSlice(length: length) { result.writeBuffer(&row) }
            bytes.moveReaderIndex(forwardBy: 1)
            isAfterRow = true
        }
        return result
    }

    /// The end of the document.
    package mutating func finish() throws -> ByteBuffer {
        var result = ByteBuffer()
        if !hasColumns { try begin([], [], into: &result) }
        result.writeString("]}}")
        return result
    }

    private mutating func begin(_ names: [String], _ types: [String], into result: inout ByteBuffer) throws {
        hasColumns = true
        let columns = zip(names, types).map { name, type -> JSONValue in ["name": .string(name), "type": .string(type)] }
        result.writeString(#"{"data":{"columns":"#)
        result.writeBytes(try JSONText.encode(JSONValue.array(columns)))
        result.writeString(#","rows":["#)
    }
}
