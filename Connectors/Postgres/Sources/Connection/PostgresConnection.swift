import Dispatch
import Synchronization

/// A connection to Postgres.
///
/// Its calls wait on a thread of the connection's own and never hold one of Swift's. One call at a time; a cancelled call ends at once,
/// asks the server to give up, and leaves the connection of no further use.
package final class PostgresConnection: Sendable {
    private let queue = DispatchQueue(label: "penstock.postgres")
    private let interrupt = Interrupt()
    private let session = Mutex<LibPQSession?>(nil)
    private let version = Mutex(0)

    private init() {}

    /// `150018` for 15.18.
    package var serverVersion: Int { version.withLock { $0 } }
    package var major: Int { serverVersion / 10000 }

    /// Settings that decide how values look as text: the same for every connection, so that a value never depends on the path it took.
    private static let session = """
        SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'iso_8601'; SET TimeZone = 'UTC'; SET extra_float_digits = 3; \
        SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET statement_timeout = 0; SET lock_timeout = 0; \
        SET idle_in_transaction_session_timeout = 0; SET xmloption = 'content'
        """

    /// Throws ``PostgresError`` or `CancellationError`.
    package static func connect(_ target: ConnectionTarget) async throws -> PostgresConnection {
        let connection = PostgresConnection()
        do {
            try await connection.open(try await target.authenticated())
            _ = try await connection.query(session)
        } catch let error as PostgresError {
            throw error.about(target.address)
        }
        return connection
    }

    /// Runs `body` on a connection that is closed when it returns.
    package static func withConnection<Result: Sendable>(
        _ target: ConnectionTarget, _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await connect(target)
        do {
            let result = try await body(connection)
            connection.close()
            return result
        } catch {
            connection.close()
            throw (error as? PostgresError)?.about(target.address) ?? error
        }
    }

    private func open(_ target: ConnectionTarget) async throws {
        // A resolver cannot be interrupted: the wait for it ends without it.
        let holder = Holder()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                holder.put(continuation)
                if Task.isCancelled { holder.take()?.resume(throwing: CancellationError()) }
                queue.async { [self] in
                    let result = Result<Void, any Error> {
                        let opened = try LibPQSession.open(target, interrupt: interrupt)
                        version.withLock { $0 = opened.serverVersion }
                        replaceSession(opened)
                    }
                    holder.take()?.resume(with: result)
                }
            }
        } onCancel: {
            interrupt.cancel()
            holder.take()?.resume(throwing: CancellationError())
        }
    }

    private func replaceSession(_ opened: consuming LibPQSession) {
        var opened: LibPQSession? = consume opened
        session.withLock { $0 = opened.take() }
    }

    private final class Holder: Sendable {
        private let waiting = Mutex<CheckedContinuation<Void, any Error>?>(nil)
        func put(_ continuation: CheckedContinuation<Void, any Error>) { waiting.withLock { $0 = continuation } }
        func take() -> CheckedContinuation<Void, any Error>? {
            waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
        }
    }

    private func run<Value: Sendable>(_ body: @escaping @Sendable (borrowing LibPQSession) throws -> Value) async throws -> Value {
        try Task.checkCancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async { [self] in
                    continuation.resume(with: Result { try self.call(body) })
                }
            }
        } onCancel: {
            interrupt.cancel()
        }
    }

    private func call<Value: Sendable>(_ body: (borrowing LibPQSession) throws -> Value) throws -> Value {
        try session.withLock { (session: inout LibPQSession?) throws -> Value in
            guard let open = session.take() else { throw PostgresError(message: "the connection is closed", isConnection: true) }
            do {
                let value = try body(open)
                session = consume open
                return value
            } catch is CancellationError {
                open.cancelCommand()
                throw CancellationError()
            } catch {
                session = consume open
                throw error
            }
        }
    }

    /// Closes the connection once the call under way has ended, which it does at once.
    package func close() {
        interrupt.cancel()
        queue.async { [self] in session.withLock { $0 = nil } }
    }

    // MARK: Commands

    /// Runs one or more statements and gives the rows of the last; with `parameters` a single statement.
    package func query(_ sql: String, _ parameters: [String?] = []) async throws -> PostgresRows {
        try await run { try $0.query(sql, parameters) }
    }

    /// Starts a `COPY … TO STDOUT` or `START_REPLICATION`; ``readCopy(limit:)`` and ``receive(limit:within:)`` follow.
    package func beginCopy(_ sql: String) async throws { try await run { try $0.beginCopy(sql) } }

    /// About `limit` bytes of messages, or the rest. The server is read no faster than this is called.
    package func readCopy(limit: Int) async throws -> CopyChunk { try await run { try $0.readCopy(limit: limit, deadline: nil) } }

    /// What has arrived, up to about `limit` bytes; waits for the first message, but no longer than `duration` or until ``wake()``.
    package func receive(limit: Int, within duration: Duration) async throws -> CopyChunk {
        try await run { try $0.readCopy(limit: limit, deadline: .now + duration) }
    }

    /// Ends the wait of ``receive(limit:within:)`` early.
    package func wake() { interrupt.wake() }

    /// Not ended by a cancellation, which would cost the connection: it is short, and ``close()`` ends it.
    package func writeCopy(_ message: [UInt8]) async throws {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in continuation.resume(with: Result { try call { try $0.writeCopy(message) } }) }
        }
    }

    /// A query with typed parameters.
    package func query(_ sql: String, typed parameters: [QueryParameter]) async throws -> PostgresRows {
        try await run { try $0.query(sql, typed: parameters) }
    }
}
