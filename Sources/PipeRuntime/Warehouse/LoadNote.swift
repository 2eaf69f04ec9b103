package import ClickHouse
package import PipeCore

/// What a staged load remembers between its steps, kept in the journal entry of the batch.
package struct LoadNote: Codable, Sendable, Hashable {
    package enum Phase: String, Codable, Sendable, Hashable {
        /// Files are being read into staging tables; nothing has reached the target.
        case loading
        /// Staging is complete and ``moves`` says what it holds; parts may be on either side.
        case moving
        /// Everything is in the target.
        case moved
    }

    /// A file that is left out, and why.
    package struct Exclusion: Codable, Sendable, Hashable {
        package var object: RemoteObject
        package var code: String
        package var reason: String
        /// Row in the file, 1-based, where the server named one.
        package var row: String?
    }

    /// A part of a staging table.
    package struct Part: Codable, Sendable, Hashable {
        package var partition: String
        /// See ``PartitionMove``.
        package var identity: String
        package var rows: Int
    }

    /// The way of one staging table into its target.
    package struct Move: Codable, Sendable, Hashable {
        package var staging: TableName
        package var target: TableName
        package var parts: [Part]
        /// Highest block number of the target's partition before the move.
        package var ceilings: [String: Int]

        /// The same for every try to move a partition, so that a server never runs two of them at once.
        package func queryID(of partition: String) -> String {
            "penstock_move_\(StagingPlan.hash(staging.quoted))_\(StagingPlan.hash(partition))"
        }
    }

    package var phase: Phase
    /// Number of the staging tables in use; every attempt to fill makes new ones.
    package var attempt = 0
    package var exclusions: [Exclusion] = []
    package var moves: [Move] = []
    /// All staging tables, also those without parts, and the views between them.
    package var tables: [TableName] = []
    package var views: [TableName] = []
    /// Start of the server process, seconds since 1970, when the parts were listed.
    package var serverStart = 0
    /// The server's time when the parts were listed, seconds since 1970.
    package var noted = 0
    package var rows = 0
    package var bytes = 0

    package init(phase: Phase) { self.phase = phase }

    package static func read(_ progress: any LoadProgress) async throws -> LoadNote? {
        try await progress.note()?.decode(LoadNote.self)
    }

    package func write(to progress: any LoadProgress) async throws { try await progress.write(JSONValue(encoding: self)) }

    package var rejected: [RejectedRecord] {
        exclusions.map { exclusion in
            var locator = [
                "path": exclusion.object.key, "etag": exclusion.object.etag, "size": String(exclusion.object.size),
            ]
            locator["row"] = exclusion.row
            return RejectedRecord(code: PipeError.Code(rawValue: exclusion.code), reason: exclusion.reason, locator: locator)
        }
    }
}
