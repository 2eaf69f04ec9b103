internal import PipeCore

/// Rows of JSONEachRow with a number in each, for a parser that is told to go on after errors: the numbers that come back are the
/// rows it could read.
///
/// ClickHouse's parser recovers at the next line break, by when it may have read into a sound neighbour. So a line with a number that
/// is out of range follows each row. Whatever state a broken row that ends in `}` leaves the parser in, that line ends it: inside a
/// string its first quote closes the string and its next letter is an error, and anywhere else its brace is one (25.8, measured: no
/// sound row lost among any number of broken ones).
enum NumberedLines {
    static let field = "__penstock_row"
    private static let stop = Array("{\"\(field)\":4294967295}\n".utf8)

    /// Numbers count from 1; 0 is what a line without a number has.
    static func encode(_ rows: EncodedRows, _ chosen: [Int], layout: RowLayout) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(rows.bytes.count + chosen.count * (stop.count + 28))
        let key = Array("{\"\(field)\":".utf8)
        for row in chosen {
            let line = rows.bytes[layout.range(of: row)]
            let inside = line.drop { isSpace($0) }
            guard inside.first == UInt8(ascii: "{") else {
                bytes += line
                if line.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
                bytes += stop
                continue
            }
            bytes += key
            bytes += String(row + 1).utf8
            let rest = inside.dropFirst()
            if let next = rest.first(where: { !isSpace($0) }), next != UInt8(ascii: "}") { bytes.append(UInt8(ascii: ",")) }
            bytes += rest
            if rest.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
            bytes += stop
        }
        return bytes
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }
}
