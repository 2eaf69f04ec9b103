extension TableDescription {
    /// What rows have that were there before a column was added, where Postgres knows it as a constant; as text that ClickHouse reads.
    func constant(of column: MirroredTable.Column, on connection: PostgresConnection) async throws -> String? {
        let found = try await connection.query(
            """
            SELECT (attmissingval::text::text[])[1] FROM pg_catalog.pg_attribute
            WHERE attrelid = $1::oid AND attname = $2 AND atthasmissing
            """, [String(oid), column.name])
        guard let text = found.scalar else { return nil }
        switch column.codec {
        case .bool: return text == "t" ? "true" : "false"
        case .int16, .int32, .int64, .float32, .float64, .decimal, .text, .jsonb, .enumeration, .uuid, .date, .timestamp: return text
        default: return nil
        }
    }
}
