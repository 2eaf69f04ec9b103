import FoundationEssentials
import PipeCore

/// Reads the slot and writes what it says, until it is cancelled.
struct PostgresReplication<Output: BatchOutput>: Sendable where Output.Extent == PostgresExtent {
    let run: PostgresRun
    let output: Output
    let tables: [MirroredTable]
    let plans: [TableName: TablePlan]
    let types: TypeCatalog
    let start: StreamPosition
    let pending: [PendingBatch<PostgresExtent>]

    func run() async throws {
        let first = pending.first?.extent.start.stream ?? start
        let connection = try await PostgresConnection.connect(run.target.replicating)
        defer { connection.close() }
        let folder = run.context.scratchFolder
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }

        // While a batch waits for its place nothing is read, and status messages keep the connection.
        _ = try await connection.query("SET wal_sender_timeout = '5min'")
        let isBinary = connection.major >= 14 && !run.prefersText.isSet && tables.allSatisfy(\.readsBinary)
        try await connection.beginCopy(command(from: first, connection.major, isBinary: isBinary))
        run.setWake { connection.wake() }
        defer { run.setWake(nil) }
        let session = StreamSession(self, connection, from: first, isBinary: isBinary)
        defer { session.close() }
        try await session.run()
    }

    private func command(from position: StreamPosition, _ major: Int, isBinary: Bool) -> String {
        var options = [
            "proto_version '\(major >= 14 ? 2 : 1)'",
            "publication_names \(SQLText.literal(SQLText.identifier(run.names.publication)))",
        ]
        if major >= 14 { options.append("streaming 'on'") }
        if isBinary { options.append("binary 'true'") }
        return "START_REPLICATION SLOT \(SQLText.identifier(run.names.slot)) LOGICAL \(position.log) (\(options.joined(separator: ", ")))"
    }
}
