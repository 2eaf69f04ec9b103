import PipeCore

/// Avro by hand, as far as tests need it.
struct AvroFile {
    var schema: String
    static let sync = [UInt8](repeating: 7, count: 16)

    var header: [UInt8] {
        [0x4f, 0x62, 0x6a, 0x01] + Self.long(2) + Self.text("avro.schema") + Self.text(schema) + Self.text("avro.codec")
            + Self.text("null") + Self.long(0) + Self.sync
    }

    static func long(_ value: Int) -> [UInt8] {
        var rest = UInt64(bitPattern: Int64((value << 1) ^ (value >> 63)))
        var bytes: [UInt8] = []
        while rest > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func text(_ text: String) -> [UInt8] { long(text.utf8.count) + Array(text.utf8) }

    func rows(_ data: [[UInt8]], added: [VirtualColumn] = [], addedLengths: [Int]? = nil) -> EncodedRows {
        RowSamples.rows(
            data, format: "Avro", framing: .avroBlock(header: header, sync: Self.sync), added: added,
            additions: addedLengths.map { RowLayout.Additions(.front, $0) })
    }
}

enum RowSamples {
    /// Rows of topic `t`, partition 3, with offsets from 100.
    static func rows(
        _ data: [[UInt8]], format: String, framing: RowLayout.Framing = .bare, added: [VirtualColumn] = [],
        additions: RowLayout.Additions? = nil, settings: [String: String] = [:]
    ) -> EncodedRows {
        var body: [UInt8] = []
        var starts: [Int] = []
        for row in data {
            starts.append(body.count)
            if framing == .lengthPrefixed { body += varint(row.count) }
            body += row
        }
        let frame = framing.frame(rows: data.count, bytes: body.count)
        return EncodedRows(
            bytes: frame.front + body + frame.back, rowCount: data.count, format: format,
            layout: RowLayout(
                starts: starts.map { $0 + frame.front.count }, end: frame.front.count + body.count, framing: framing,
                places: [RowLayout.Place(firstRow: 0, labels: ["topic": "t", "partition": "3"])],
                numbers: (0..<Int64(data.count)).map { 100 + $0 }, additions: additions), added: added, parserSettings: settings)
    }

    static func json(_ lines: [String], added: [VirtualColumn] = [], addedLengths: [Int]? = nil) -> EncodedRows {
        rows(
            lines.map { Array("\($0)\n".utf8) }, format: "JSONEachRow", added: added,
            additions: addedLengths.map { RowLayout.Additions(.behindFirstByte, $0) })
    }

    static func varint(_ value: Int) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        while rest > 0x7f {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}

/// What a test keeps of a receipt.
struct Written: Equatable {
    var rows: Int
    var rejected: [RejectedRecord]
}

extension Warehouse {
    func written(_ rows: EncodedRows, _ id: String) async throws -> Written {
        let receipt = try await insert(rows, id: BatchID(id))
        return Written(rows: receipt.rows, rejected: receipt.rejected)
    }
}
