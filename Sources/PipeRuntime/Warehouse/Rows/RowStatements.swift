internal import ClickHouse
internal import PipeCore

/// The statements that carry the rows of a batch to one pipe's table, all with the same parser settings: what a probe takes, the
/// insert takes.
struct RowStatements: Sendable {
    let client: ClickHouseClient
    let projection: RowProjection
    let parserSettings: [String: String]

    init(rows: EncodedRows, spec: PipeSpec, client: ClickHouseClient) throws(PipeError) {
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
    }

    /// Writes the rows as one block.
    ///
    /// - Parameter token: nil: without deduplication, for tables that are thrown away.
    func insert(_ rows: EncodedRows, into table: TableName, token: String?) async throws(ClickHouseError) {
        let count = max(1, rows.rowCount)
        var settings = [
            "insert_deduplicate": token == nil ? "0" : "1", "async_insert": "0",
            "deduplicate_blocks_in_dependent_materialized_views": token == nil ? "0" : "1",
            // One block per batch: a token names a block, so a repetition must not be cut differently.
            "max_insert_block_size": String(count), "min_insert_block_size_rows": String(count), "min_insert_block_size_bytes": "0",
            "max_insert_threads": "1", "max_partitions_per_insert_block": "0",
            // Batches are parsed beside each other. Within one, segments handed from thread to thread cost a third more CPU for the same rows
            // (25.8, 28 MB of JSON, two cores), and one thread parses more than one connection to a source delivers.
            "input_format_parallel_parsing": "0",
        ]
        if let token { settings["insert_deduplication_token"] = token }
        try await client.insert(
            """
            INSERT INTO \(table.quoted) (\(projection.insertList)) SELECT \(projection.selectList) \
            FROM input(\(Literal.string(projection.structure))) FORMAT \(Identifier.quoted(rows.format))
            """, body: rows.bytes, settings: settings.merging(parserSettings) { $1 },
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
