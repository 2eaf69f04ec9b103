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
    private let columns = KnownColumns()

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
            try await Deduplication(spec: spec, service: service).widen(table)
        }
        let inspection = DestinationInspection(spec: spec, service: service)
        var problems = try await inspection.problemsOfExistingTable()
        if problems.isEmpty, spec.source.needsDeduplication {
            problems = try await Deduplication(spec: spec, service: service).problems(of: table)
        }
        if let first = problems.first {
            throw PipeError(.destinationRefused, .user, side: .destination, problems.count == 1 ? first : problems.joined(separator: "; "))
        }
        columns.replace(by: try await inspection.columnsWithoutDefault(of: table))
    }

    func insert(_ rows: EncodedRows, id: BatchID) async throws -> InsertReceipt {
        if rows.rowCount == 0 { return InsertReceipt(rows: 0, bytes: 0) }
        return try await RowInsert(spec: spec, service: service, target: target(), columns: columns.current, log: log).write(
            rows, as: id)
    }

    func insert(_ rows: TableRows, id: BatchID) async throws -> InsertReceipt {
        if rows.rows.rowCount == 0 { return InsertReceipt(rows: 0, bytes: 0) }
        let target = TableName(spec.destination.database, rows.table)
        do {
            try await service.client.insert(rows, into: target, token: "\(spec.id):\(id)/\(rows.table)")
        } catch {
            try Task.checkCancellation()
            throw error.pipeError(during: "inserting into \(target)")
        }
        return InsertReceipt(rows: rows.rows.rowCount, bytes: rows.rows.bytes.count)
    }

    func change(_ change: TableChange) async throws -> Bool {
        try await TableChanges(spec: spec, service: service, log: log).apply(change)
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
