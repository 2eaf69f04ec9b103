/// Rows in a ClickHouse input format.
public struct EncodedRows: Sendable, Hashable {
    public var bytes: [UInt8]
    public var rowCount: Int
    /// For example `JSONEachRow` or `RowBinary`.
    public var format: String
    /// Where each row stands; nil: a bad row cannot be told from the others and fails the batch.
    public var layout: RowLayout?
    /// Fields that the connector put into every row beside the source's own, named ``VirtualColumn/fieldName``.
    public var added: [VirtualColumn]
    /// Settings that the parser of the server needs for these rows, such as the schema of Protobuf messages.
    public var parserSettings: [String: String]
    /// When the source made the oldest and the newest row, in milliseconds since 1970; nil where it does not say.
    public var produced: ClosedRange<Int64>?
    /// Where the memory of ``bytes`` goes when the rows are gone; nil: it is freed.
    public var loan: BatchBuffers.Loan?

    public init(
        bytes: [UInt8], rowCount: Int, format: String, layout: RowLayout? = nil, added: [VirtualColumn] = [],
        parserSettings: [String: String] = [:], produced: ClosedRange<Int64>? = nil, loan: BatchBuffers.Loan? = nil
    ) {
        self.bytes = bytes
        self.rowCount = rowCount
        self.format = format
        self.layout = layout
        self.added = added
        self.parserSettings = parserSettings
        self.produced = produced
        self.loan = loan
    }

    /// Some of the rows, in the same format. Needs a ``layout``; without one, the rows as they are.
    /// - Parameter rows: indices, ascending.
    public func keeping(_ rows: [Int]) -> EncodedRows {
        guard let layout else { return self }
        var kept = self
        kept.rowCount = rows.count
        var body: [UInt8] = []
        var starts: [Int] = []
        starts.reserveCapacity(rows.count)
        for row in rows {
            starts.append(body.count)
            body += bytes[layout.range(of: row)]
        }
        var places: [RowLayout.Place] = []
        for (index, row) in rows.enumerated() {
            guard var place = layout.place(of: row), places.last.map({ $0.labels != place.labels }) ?? true else { continue }
            place.firstRow = index
            places.append(place)
        }
        let frame = layout.framing.frame(rows: rows.count, bytes: body.count)
        kept.bytes = frame.front + body + frame.back
        kept.layout = RowLayout(
            starts: starts.map { $0 + frame.front.count }, end: frame.front.count + body.count, framing: layout.framing, places: places,
            numbers: rows.map { layout.numbers[$0] }, numberLabel: layout.numberLabel,
            additions: layout.additions.map { additions in RowLayout.Additions(additions.place, rows.map { additions.lengths[$0] }) })
        return kept
    }

    /// A row as the source had it: without what the connector added, for an error row.
    public func original(_ row: Int) -> [UInt8] {
        guard let layout else { return [] }
        var slice = bytes[layout.range(of: row)]
        if layout.framing == .lengthPrefixed {
            while let byte = slice.popFirst(), byte & 0x80 != 0 {}
        }
        guard let additions = layout.additions else { return Array(slice) }
        let length = additions.lengths[row]
        switch additions.place {
        case .front: return Array(slice.dropFirst(length))
        case .back: return Array(slice.dropLast(length))
        case .behindFirstByte: return Array(slice.prefix(1)) + Array(slice.dropFirst(1 + length))
        }
    }
}
