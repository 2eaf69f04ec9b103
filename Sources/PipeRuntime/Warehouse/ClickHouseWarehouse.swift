internal import ClickHouse
internal import PipeCore

/// A pipe's destination on a ClickHouse service.
struct ClickHouseWarehouse: Warehouse {
    let spec: PipeSpec
    let service: ClickHouseService
    let settings: LiveSettings
    let log: any PipeLog
    /// nil for database pipes, whose mappings name the tables.
    let table: TableName?

    init(spec: PipeSpec, service: ClickHouseService, settings: LiveSettings, log: any PipeLog) {
        self.spec = spec
        self.service = service
        self.settings = settings
        self.log = log
        table = spec.destination.table.map { TableName(spec.destination.database, $0) }
    }

    func prepare() async throws {
        guard let table else { return }
        if spec.destination.managedTable == true {
            let builder: TableBuilder
            do {
                builder = try TableBuilder(spec.destination, cluster: service.cluster)
            } catch {
                throw PipeError(.destinationRefused, .user, side: .destination, error.description)
            }
            try await service.execute(builder.createTable, during: "creating \(table)")
        }
        let problems = try await DestinationInspection(spec: spec, service: service).problemsOfExistingTable()
        if let first = problems.first {
            throw PipeError(.destinationRefused, .user, side: .destination, problems.count == 1 ? first : problems.joined(separator: "; "))
        }
    }

    func insert(_ rows: EncodedRows, id: BatchID) async throws -> InsertReceipt {
        let table = try target()
        let projection = try projection(format: rows.format)
        let count = max(1, rows.rowCount)
        let insertion = [
            "insert_deduplication_token": "\(spec.id):\(id)", "insert_deduplicate": "1", "async_insert": "0",
            "deduplicate_blocks_in_dependent_materialized_views": "1",
            // One block per batch: a token names a block, so a repetition must not be cut differently.
            "max_insert_block_size": String(count), "min_insert_block_size_rows": String(count), "min_insert_block_size_bytes": "0",
            "max_insert_threads": "1", "date_time_input_format": "best_effort", "input_format_null_as_default": "1",
            "input_format_defaults_for_omitted_fields": "1", "input_format_skip_unknown_fields": "1",
            "max_partitions_per_insert_block": "0",
        ]
        do {
            try await service.client.insert(
                "INSERT INTO \(table.quoted) (\(projection.insertList)) SELECT \(projection.selectList) FROM input(\(Literal.string(projection.structure))) FORMAT \(Identifier.quoted(rows.format))",
                body: rows.bytes, settings: insertion.merging(projection.settings(format: rows.format)) { $1 })
        } catch {
            try Task.checkCancellation()
            throw error.pipeError(during: "inserting into \(table)")
        }
        return InsertReceipt(rows: rows.rowCount, bytes: rows.bytes.count)
    }

    func load(_ load: RemoteLoad, id: BatchID, progress: any LoadProgress) async throws -> InsertReceipt {
        let projection = try projection(format: load.format, virtual: Set(RowProjection.virtualColumns.map(\.name)))
        guard let errors = ErrorTable(spec: spec, service: service, log: log) else { throw Self.noTable }
        return try await StagedLoad(
            spec: spec, service: service, settings: settings.current, target: target(), projection: projection, load: load, batch: id,
            progress: progress, errors: errors
        ).run()
    }

    func reject(_ records: [RejectedRecord]) async {
        guard let errors = ErrorTable(spec: spec, service: service, log: log) else {
            log.log(.error, .internalError, "\(records.count) rejected record(s) have no error table: the pipe has no single table")
            return
        }
        await errors.write(records)
    }

    private func target() throws(PipeError) -> TableName {
        guard let table else { throw Self.noTable }
        return table
    }

    private static var noTable: PipeError {
        PipeError(.internalError, .bug, side: .penstock, "the pipe has no destination table")
    }

    private func projection(format: String, virtual: Set<String> = []) throws(PipeError) -> RowProjection {
        do {
            return try RowProjection(
                columns: spec.destination.columns ?? [], mappings: spec.fieldMappings, format: format, virtual: virtual)
        } catch {
            throw PipeError(.destinationRefused, .user, side: .destination, error.description)
        }
    }
}
