@preconcurrency private import Dispatch
internal import GRDB

/// The open database: one writer on a thread of its own, readers beside it.
///
/// Every write is one IMMEDIATE transaction that is on disk when it returns (WAL with `synchronous = FULL`). Writes are short
/// and are not torn by the cancellation of the calling task, so that a stopping pipe can still leave its last state.
struct SQLiteStore: Sendable {
    let pool: DatabasePool
    private let writer: Writer

    init(path: String) throws {
        try PrivateFiles.prepare(path)
        do {
            var configuration = Configuration()
            configuration.label = "catalog"
            configuration.foreignKeysEnabled = true
            configuration.busyMode = .timeout(5)
            pool = try DatabasePool(path: path, configuration: configuration)
            writer = Writer(pool)
            // The pool has set NORMAL, with which a power cut may lose commits that were already answered.
            let level = try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                return try Int.fetchOne(database, sql: "PRAGMA synchronous")
            }
            guard level == 2 else { throw CatalogError(.storage, "SQLite does not write \(path) durably (synchronous is not FULL)") }
            try Migrations.run(on: pool)
        } catch let error as DatabaseError where error.resultCode.primaryResultCode == .SQLITE_NOTADB {
            throw CatalogError(.damaged, "\(path) is not a catalog: no SQLite database, or a damaged one")
        } catch let error as DatabaseError {
            throw Self.named(error)
        }
    }

    func read<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await pool.read(body)
        } catch let error as DatabaseError {
            throw Self.named(error)
        }
    }

    func write<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await writer.write(body)
        } catch let error as DatabaseError {
            throw Self.named(error)
        }
    }

    /// SQLite's messages name tables and columns, never values.
    private static func named(_ error: DatabaseError) -> CatalogError {
        let message = error.message ?? "no further message"
        switch error.extendedResultCode {
        case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY:
            return CatalogError(.conflict, "The catalog has such a record already (\(message))")
        case .SQLITE_CONSTRAINT_FOREIGNKEY:
            return CatalogError(.missingReference, "The pipe or service that the record belongs to does not exist")
        default:
            return CatalogError(.storage, "The catalog's database failed (SQLite \(error.extendedResultCode.rawValue): \(message))")
        }
    }
}

/// Runs blocking writes off the cooperative pool.
private actor Writer {
    private let pool: DatabasePool
    private let executor = QueueExecutor()

    init(_ pool: DatabasePool) { self.pool = pool }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func write<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) throws -> Value { try pool.write(body) }
}

private final class QueueExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "catalog.writer")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
