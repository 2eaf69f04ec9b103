/// A connection that holds a snapshot for others to read.
final class SnapshotExporter: Sendable {
    private let connection: PostgresConnection
    /// What `SET TRANSACTION SNAPSHOT` takes.
    let snapshot: String
    /// Where a slot made with the snapshot begins; zero without one.
    let position: LogPosition

    private init(_ connection: PostgresConnection, snapshot: String, position: LogPosition) {
        self.connection = connection
        self.snapshot = snapshot
        self.position = position
    }

    /// Makes a slot, and holds the snapshot of the moment at which it begins. Waits for transactions that are open at the server.
    static func makingSlot(_ name: String, _ target: ConnectionTarget, isFailover: Bool) async throws -> SnapshotExporter {
        let connection = try await PostgresConnection.connect(target.replicating)
        do {
            let made = try await connection.query(ReplicationSlot.creation(name, major: connection.major, isFailover: isFailover))
            guard let snapshot = made.first("snapshot_name"), let position = made.first("consistent_point").flatMap({ LogPosition($0) })
            else {
                throw PostgresError(message: "the server made a replication slot without a snapshot")
            }
            return SnapshotExporter(connection, snapshot: snapshot, position: position)
        } catch {
            connection.close()
            throw error
        }
    }

    /// Holds the snapshot of now.
    static func exporting(_ target: ConnectionTarget) async throws -> SnapshotExporter {
        let connection = try await PostgresConnection.connect(target)
        do {
            _ = try await connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            let snapshot = try await connection.query("SELECT pg_export_snapshot()").scalar ?? ""
            return SnapshotExporter(connection, snapshot: snapshot, position: .zero)
        } catch {
            connection.close()
            throw error
        }
    }

    func close() { connection.close() }
}
