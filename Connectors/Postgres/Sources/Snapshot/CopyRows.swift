/// Rows of a table as RowBinary.
struct CopiedRows {
    var bytes: [UInt8] = []
    var count = 0
    /// Values that have no counterpart in their target type.
    var lossy = 0
}

/// Rows of a binary COPY as RowBinary (postgresql.org, COPY, "Binary Format").
struct CopyRows {
    private let columns: [MirroredTable.Column]
    private var isAfterHeader = false
    private var rows = CopiedRows()

    init(_ columns: [MirroredTable.Column]) { self.columns = columns }

    mutating func append(_ chunk: CopyChunk) throws(WireError) {
        let result = chunk.bytes.withUnsafeBytes { wire in
            Result { () throws(WireError) in
                var start = 0
                for end in chunk.ends {
                    try row(UnsafeRawBufferPointer(rebasing: wire[start..<end]))
                    start = end
                }
            }
        }
        try result.get()
    }

    /// What has gathered, and begins anew.
    mutating func take() -> CopiedRows {
        defer { rows = CopiedRows() }
        return rows
    }

    var byteCount: Int { rows.bytes.count }

    private mutating func row(_ wire: UnsafeRawBufferPointer) throws(WireError) {
        var reader = WireReader(wire)
        if !isAfterHeader {
            _ = try reader.range(15)
            _ = try reader.range(Int(try reader.integer(Int32.self)))
            isAfterHeader = true
            if reader.left == 0 { return }
        }
        let width = try reader.integer(Int16.self)
        if width == -1 { return }
        guard Int(width) == columns.count else { throw WireError("is a row of \(width) columns instead of \(columns.count)") }
        for column in columns {
            let length = Int(try reader.integer(Int32.self))
            let value = length == -1 ? nil : try reader.slice(length)
            let codec = column.codec
            if !(try codec.append(value, isBinary: codec.readsBinary, nullable: column.isNullable, to: &rows.bytes)) { rows.lossy += 1 }
        }
        // Not deleted, version 0.
        rows.bytes.append(contentsOf: repeatElement(0, count: 9))
        rows.count += 1
    }

    /// What COPY reads: a value whose binary form is not understood comes as the text that the server's own output function writes.
    static func selection(_ columns: [MirroredTable.Column]) -> String {
        columns.map { column in
            let name = SQLText.identifier(column.name)
            if column.codec.readsBinary { return name }
            return "CASE WHEN \(name) IS DISTINCT FROM NULL THEN pg_catalog.format('%s', \(name)) END"
        }.joined(separator: ", ")
    }
}
