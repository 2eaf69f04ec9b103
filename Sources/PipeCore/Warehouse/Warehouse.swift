/// The ClickHouse of a service as one pipe sees it: bound to the pipe's destination and mappings.
public protocol Warehouse: Sendable {
    /// Makes or checks the target tables. Throws ``PipeError``.
    func prepare() async throws

    /// Writes rows once: repeated with the same `id` it changes nothing where the table can deduplicate.
    func insert(_ rows: EncodedRows, id: BatchID) async throws -> InsertReceipt

    /// Lets ClickHouse read and write by itself, exactly once: `progress` keeps what a repetition needs to know.
    func load(_ load: RemoteLoad, id: BatchID, progress: any LoadProgress) async throws -> InsertReceipt

    /// Writes to the pipe's error table, each record once. Trouble here is logged, never thrown.
    func reject(_ records: [RejectedRecord]) async

    /// Writes rows of one mapped table once: repeated with the same `id` it changes nothing where the table can deduplicate.
    func insert(_ rows: TableRows, id: BatchID) async throws -> InsertReceipt

    /// Changes a mapped table. Done again it changes nothing. Whether there was anything to do.
    func change(_ change: TableChange) async throws -> Bool
}

extension Warehouse {
    /// For destinations of a single table.
    public func insert(_ rows: TableRows, id: BatchID) async throws -> InsertReceipt { throw noMappedTables }

    /// For destinations of a single table.
    public func change(_ change: TableChange) async throws -> Bool { throw noMappedTables }

    private var noMappedTables: PipeError {
        PipeError(.internalError, .bug, side: .penstock, "the pipe's destination is a single table, and its source maps tables")
    }
}

/// Proof that a batch is durable, made only by a warehouse: a settlement cannot be written without one.
public struct InsertReceipt: ~Copyable, Sendable {
    public let rows: Int
    /// Bytes read from the source by the warehouse or sent to it, uncompressed.
    public let bytes: Int
    /// What was left out, already in the error table.
    public let rejected: [RejectedRecord]

    package init(rows: Int, bytes: Int, rejected: [RejectedRecord] = []) {
        self.rows = rows
        self.bytes = bytes
        self.rejected = rejected
    }

    /// Two proofs as one.
    package consuming func adding(_ other: consuming InsertReceipt) -> InsertReceipt {
        InsertReceipt(rows: rows + other.rows, bytes: bytes + other.bytes, rejected: rejected + other.rejected)
    }
}

/// Durable notes of one load between its steps, kept in the journal entry of the batch.
public protocol LoadProgress: Sendable {
    /// The last note written for this batch by this or an earlier process; nil for a fresh batch.
    func note() async throws -> JSONValue?
    /// Returns when the note is on disk.
    func write(_ note: JSONValue) async throws
}

/// A record that was not loaded, and why; one row of the error table.
public struct RejectedRecord: Sendable, Hashable {
    public var code: PipeError.Code
    public var reason: String
    /// The field at fault, where known.
    public var field: String
    /// Where the record stands in the source: topic, partition, offset; or path, etag, row.
    public var locator: [String: String]
    public var raw: [UInt8]

    public init(code: PipeError.Code, reason: String, field: String = "", locator: [String: String], raw: [UInt8] = []) {
        self.code = code
        self.reason = reason
        self.field = field
        self.locator = locator
        self.raw = raw
    }
}
