extension TableDescription {
    /// What rows have that were there before a column was added, where Postgres knows it as a constant; as its own text.
    func constant(ofColumn column: String, on connection: PostgresConnection) async throws -> String? {
        try await connection.query(
            """
            SELECT (attmissingval::text::text[])[1] FROM pg_catalog.pg_attribute
            WHERE attrelid = $1::oid AND attname = $2 AND atthasmissing
            """, [String(oid), column]
        ).scalar
    }

    /// The same as text that ClickHouse reads.
    func constant(of column: MirroredTable.Column, on connection: PostgresConnection) async throws -> String? {
        guard let text = try await constant(ofColumn: column.name, on: connection) else { return nil }
        switch column.codec {
        case .bool: return text == "t" ? "true" : "false"
        case .int16, .int32, .int64, .float32, .float64, .decimal, .text, .jsonb, .enumeration, .uuid: return text
        case .date: return Self.day(text)
        case .timestamp, .timestampWithZone: return Self.moment(text, column.codec) ?? Self.day(text)
        default: return nil
        }
    }

    /// Without the zone, which is UTC on all connections. Nil where the column has no such day: rows of before get its default.
    private static func day(_ text: String) -> String? {
        let text = text.hasSuffix("+00") ? String(text.dropLast(3)) : text
        let year = text.prefix { $0 != "-" }
        guard year.utf8.count == 4, let number = Int(year), (1900...2299).contains(number), !text.hasSuffix("BC") else { return nil }
        return text
    }

    /// Seconds since 1970, whatever the zone of the server is. Nil for what ClickHouse would take for a date: fewer than nine digits.
    private static func moment(_ text: String, _ codec: PostgresCodec) -> String? {
        var bytes: [UInt8] = []
        let isRead = Array(text.utf8).withUnsafeBytes { text in (try? codec.encode(text: text, into: &bytes)) ?? false }
        guard isRead, bytes.count == 8, day(text) != nil else { return nil }
        let microseconds = bytes.reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard microseconds >= 100_000_000_000_000 else { return nil }
        let (seconds, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return "\(seconds).\(String(fraction + 1_000_000).dropFirst())"
    }
}
