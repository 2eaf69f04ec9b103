internal import ClickHouse
internal import PipeCore

extension ClickHouseClient {
    /// Writes rows of a mapped table as one block.
    func insert(_ rows: TableRows, into table: TableName, token: String) async throws(ClickHouseError) {
        let columns = rows.columns.map(Identifier.quoted).joined(separator: ", ")
        try await insert(
            "INSERT INTO \(table.quoted) (\(columns)) FORMAT \(Identifier.quoted(rows.rows.format))", body: rows.rows.bytes,
            settings: BlockSettings.of(rows: rows.rows.rowCount, token: token).merging(rows.rows.parserSettings) { $1 },
            compression: connection.isLoopback ? .none : .zstd)
    }
}
