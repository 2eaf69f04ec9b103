public import PipeCore

/// A warehouse that keeps rows in memory and misbehaves on request.
public final class InMemoryWarehouse: Warehouse {
    public struct Contents: Sendable {
        /// In the order they became durable, each id once when the warehouse deduplicates.
        public var inserts: [(id: BatchID, rows: EncodedRows)] = []
        /// Inserts into mapped tables, in the order they became durable.
        public var tableInserts: [(id: BatchID, rows: TableRows)] = []
        /// Changes of tables as they were done, also those that had nothing to do.
        public var changes: [TableChange] = []
        /// For each of ``changes``, how many inserts into mapped tables were durable.
        public var insertsBeforeChange: [Int] = []
        public var loads: [(id: BatchID, load: RemoteLoad)] = []
        public var rejected: [RejectedRecord] = []
        /// Every call, also the failed ones.
        public var attempts: [BatchID] = []
        public var preparations = 0
        public var running = 0
        var failures: [PipeError] = []
        var preparationFailures: [PipeError] = []
        var isHanging = false
    }

    public let deduplicates: Bool
    private let contents = Watched(Contents())

    public init(deduplicates: Bool = true) { self.deduplicates = deduplicates }

    public var current: Contents { contents.value }

    /// All rows as lines of text, in the order they became durable.
    public var lines: [String] {
        current.inserts.flatMap { insert in
            insert.rows.bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    public func failNext(_ errors: PipeError...) { contents.update { $0.failures += errors } }

    public func failNextPreparations(_ errors: PipeError...) { contents.update { $0.preparationFailures += errors } }

    /// From now on inserts wait, until ``release()``.
    public func hang() { contents.update { $0.isHanging = true } }

    public func release() { contents.update { $0.isHanging = false } }

    public func wait(until condition: @escaping @Sendable (Contents) -> Bool) async throws {
        try await contents.wait(until: condition)
    }

    public func prepare() async throws {
        let failure = contents.update { contents in
            contents.preparations += 1
            return contents.preparationFailures.isEmpty ? nil : contents.preparationFailures.removeFirst()
        }
        if let failure { throw failure }
    }

    public func insert(_ rows: EncodedRows, id: BatchID) async throws -> InsertReceipt {
        try await attempt(id) { contents in
            if deduplicates, contents.inserts.contains(where: { $0.id == id }) { return }
            contents.inserts.append((id, rows))
        }
        return InsertReceipt(rows: rows.rowCount, bytes: rows.bytes.count)
    }

    public func insert(_ rows: TableRows, id: BatchID) async throws -> InsertReceipt {
        try await attempt(BatchID("\(id)/\(rows.table)")) { contents in
            if deduplicates, contents.tableInserts.contains(where: { $0.id == id && $0.rows.table == rows.table }) { return }
            contents.tableInserts.append((id, rows))
        }
        return InsertReceipt(rows: rows.rows.rowCount, bytes: rows.rows.bytes.count)
    }

    /// There is always something to do, except for a change that was the last of its table already.
    public func change(_ change: TableChange) async throws -> Bool {
        try contents.update { contents in
            if !contents.failures.isEmpty { throw contents.failures.removeFirst() }
            let isNew = contents.changes.last { $0.table == change.table } != change
            contents.changes.append(change)
            contents.insertsBeforeChange.append(contents.tableInserts.count)
            return isNew
        }
    }

    public func load(_ load: RemoteLoad, id: BatchID, progress: any LoadProgress) async throws -> InsertReceipt {
        if try await progress.note() == nil { try await progress.write(["step": "loading"]) }
        try await attempt(id) { contents in
            if deduplicates, contents.loads.contains(where: { $0.id == id }) { return }
            contents.loads.append((id, load))
        }
        return InsertReceipt(rows: load.objects.count, bytes: load.totalSize)
    }

    public func reject(_ records: [RejectedRecord]) async {
        contents.update { contents in
            for record in records where !contents.rejected.contains(record) { contents.rejected.append(record) }
        }
    }

    private func attempt(_ id: BatchID, _ write: (inout Contents) -> Void) async throws {
        contents.update {
            $0.attempts.append(id)
            $0.running += 1
        }
        defer { contents.update { $0.running -= 1 } }
        try await contents.wait { !$0.isHanging }
        try contents.update { contents in
            if !contents.failures.isEmpty { throw contents.failures.removeFirst() }
            write(&contents)
        }
    }
}

/// Gives every pipe the same warehouse, or one of its own.
public struct InMemoryWarehouses: WarehouseProvider {
    private let make: @Sendable (PipeSpec) throws -> any Warehouse

    public init(_ make: @escaping @Sendable (PipeSpec) throws -> any Warehouse) { self.make = make }

    public func warehouse(for spec: PipeSpec, settings: LiveSettings, log: any PipeLog) throws -> any Warehouse { try make(spec) }

    public func inspect(_ spec: PipeSpec) async -> [Finding] { [] }

    public func problems(
        of tables: [TargetTable], mustBeEmpty: Set<String>, spec: PipeSpec
    ) async throws -> [(target: String, problems: [String])] { [] }

    public func discover(_ sample: SchemaSample, examples: Int, service: String) async throws -> DiscoveredSchema {
        DiscoveredSchema(fields: [])
    }

    /// There is no error table to page through.
    public func rejectedRows(of spec: PipeSpec, _ filter: RejectedFilter, after cursor: RejectedRow.Key?, limit: Int) async throws
        -> [RejectedRow]
    { [] }

    public func replay(_ filter: RejectedFilter, of spec: PipeSpec, limit: Int, log: any PipeLog) async throws -> ReplayReport {
        ReplayReport()
    }
}
