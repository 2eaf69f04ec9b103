internal import FoundationEssentials
internal import PipeCore

/// What is needed besides its bytes to send a row again: kept with each row of the error table.
struct RowFrame: Codable, Hashable, Sendable {
    var format: String
    var framing: String
    /// Base64; of an Avro container.
    var header: String?
    var sync: String?
    var additions: String?
    var added: [[String]]
    var settings: [String: String]

    init(_ rows: EncodedRows, layout: RowLayout) {
        format = rows.format
        switch layout.framing {
        case .bare: framing = "bare"
        case .lengthPrefixed: framing = "lengthPrefixed"
        case .avroBlock(let header, let sync):
            framing = "avroBlock"
            self.header = Data(header).base64EncodedString()
            self.sync = Data(sync).base64EncodedString()
        }
        additions = layout.additions.map { "\($0.place)" }
        added = rows.added.map { [$0.name, $0.type] }
        settings = rows.parserSettings
    }

    /// Rows from originals and what a connector had added to each. Nil when this was written by another version.
    func rows(_ parts: [(original: [UInt8], added: [UInt8])]) -> EncodedRows? {
        let framing: RowLayout.Framing
        switch (self.framing, header.flatMap { Data(base64Encoded: $0) }, sync.flatMap { Data(base64Encoded: $0) }) {
        case ("bare", _, _): framing = .bare
        case ("lengthPrefixed", _, _): framing = .lengthPrefixed
        case ("avroBlock", .some(let header), .some(let sync)): framing = .avroBlock(header: Array(header), sync: Array(sync))
        default: return nil
        }
        var body: [UInt8] = []
        var starts: [Int] = []
        for part in parts {
            starts.append(body.count)
            var row: [UInt8]
            switch additions {
            case nil: row = part.original
            case "front": row = part.added + part.original
            case "behindFirstByte": row = part.original.prefix(1) + part.added + part.original.dropFirst()
            case "back": row = part.original + part.added
            default: return nil
            }
            if framing == .lengthPrefixed { body += Self.varint(row.count) }
            if format == "JSONEachRow", row.last != UInt8(ascii: "\n") { row.append(UInt8(ascii: "\n")) }
            body += row
        }
        let frame = framing.frame(rows: parts.count, bytes: body.count)
        return EncodedRows(
            bytes: frame.front + body + frame.back, rowCount: parts.count, format: format,
            layout: RowLayout(
                starts: starts.map { $0 + frame.front.count }, end: frame.front.count + body.count, framing: framing, places: [],
                numbers: Array(0..<Int64(parts.count))),
            added: added.compactMap { $0.count == 2 ? VirtualColumn($0[0], $0[1]) : nil }, parserSettings: settings)
    }

    private static func varint(_ value: Int) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        while rest > 0x7f {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}

/// A rejected record as the error table keeps it.
struct ErrorRow: Sendable {
    var record: RejectedRecord
    /// What a connector put into the row.
    var added: [UInt8] = []
    /// The JSON of a ``RowFrame``; empty: the record cannot be sent again.
    var frame = ""

    init(_ record: RejectedRecord) { self.record = record }

    init(_ row: Int, of rows: EncodedRows, layout: RowLayout, fault: RowFault, frame: String) {
        var original = rows.original(row)
        if rows.format == "JSONEachRow" { while original.last == UInt8(ascii: "\n") { original.removeLast() } }
        record = RejectedRecord(
            code: fault.code, reason: fault.reason, field: fault.field, locator: layout.locator(of: row), raw: original)
        guard fault.isReplayable else { return }
        self.frame = frame
        guard let additions = layout.additions else { return }
        var slice = rows.bytes[layout.range(of: row)]
        if layout.framing == .lengthPrefixed { while let byte = slice.popFirst(), byte & 0x80 != 0 {} }
        let length = additions.lengths[row]
        switch additions.place {
        case .front: added = Array(slice.prefix(length))
        case .behindFirstByte: added = Array(slice.dropFirst().prefix(length))
        case .back: added = Array(slice.suffix(length))
        }
    }
}
