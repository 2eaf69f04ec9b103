internal import ClickHouse
internal import PipeCore

/// The statements that carry the rows of a batch to one pipe's table, all with the same parser settings: what a probe takes, the
/// insert takes.
struct RowStatements: Sendable {
    let client: ClickHouseClient
    let projection: RowProjection
    let parserSettings: [String: String]
    /// The rows are parsed as the table's own columns, which takes ClickHouse less time than `input()` does (6 % of 25.8's, rows of JSON).
    private let isPlain: Bool

    /// - Parameter columns: those of the table; see ``KnownColumns``.
    init(rows: EncodedRows, spec: PipeSpec, columns: [String: String], client: ClickHouseClient) throws(PipeError) {
        self.client = client
        var avro: AvroPaths?
        if case .avroBlock(let header, _) = rows.layout?.framing { avro = AvroPaths(header: header) }
        do {
            projection = try RowProjection(
                columns: spec.destination.columns ?? [], mappings: spec.fieldMappings, format: rows.format, added: rows.added, avro: avro)
        } catch {
            throw PipeError(.destinationRefused, .user, side: .destination, error.description)
        }
        var settings = [
            "date_time_input_format": "best_effort", "input_format_null_as_default": "1",
            "input_format_defaults_for_omitted_fields": "1", "input_format_skip_unknown_fields": "1",
        ]
        settings.merge(projection.settings(format: rows.format)) { $1 }
        parserSettings = settings.merging(rows.parserSettings) { $1 }
        isPlain = projection.isPlain(among: columns)
    }

    /// Writes the rows as one block.
    ///
    /// - Parameter token: nil: without deduplication, for tables that are thrown away.
    func insert(_ rows: EncodedRows, into table: TableName, token: String?) async throws(ClickHouseError) {
        let selection = isPlain ? "" : "SELECT \(projection.selectList) FROM input(\(Literal.string(projection.structure))) "
        try await client.insert(
            "INSERT INTO \(table.quoted) (\(projection.insertList)) \(selection)FORMAT \(Identifier.quoted(rows.format))", body: rows.bytes,
            settings: BlockSettings.of(rows: rows.rowCount, token: token).merging(parserSettings) { $1 },
            compression: client.connection.isLoopback ? .none : .zstd)
    }

    /// Parses the rows and evaluates the projection as an insert would, and writes nothing. Nil when all is well.
    func complaint(about rows: EncodedRows) async throws(ClickHouseError) -> ClickHouseError? {
        do {
            _ = try await client.query(
                Statement("SELECT \(projection.selectList) FROM data FORMAT Null", settings: parserSettings),
                over: ExternalTable(format: rows.format, structure: projection.structure, rows: rows.bytes))
            return nil
        } catch {
            guard error.isFaultOfRows else { throw error }
            return error
        }
    }
}
