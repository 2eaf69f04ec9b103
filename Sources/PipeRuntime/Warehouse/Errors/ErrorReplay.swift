internal import ClickHouse
internal import FoundationEssentials
internal import PipeCore

/// Sends rows of the error table once more.
///
/// Rows are taken on in groups: first each row of a group gets its `replay_id`, then the group is inserted under a token made of
/// that id, then the rows that were taken get `replayed_at` and the others lose the id. A process that dies in between leaves rows
/// with an id and no time; the next replay begins with them, as the same group under the same token.
struct ErrorReplay {
    let spec: PipeSpec
    let service: ClickHouseService
    let log: any PipeLog

    /// Rows and bytes of a group.
    static let mostRows = 10_000
    static let mostBytes = 16 << 20

    private struct Counts: Decodable, Sendable {
        var left: Int
        var hopeless: Int
    }
    private struct ID: Decodable, Sendable { var id: String }
    private struct Candidate: Decodable, Sendable {
        var time: Int64
        var key: String
        var size: Int
        var frameHash: String
    }
    private struct Part: Decodable, Sendable {
        var key: String
        var raw: String
        var added: String
        var frame: String
        var places: [String: String]
    }

    func run(_ filter: RejectedFilter, limit: Int) async throws -> ReplayReport {
        guard let errors = ErrorTable(spec: spec, service: service, log: log), try await errors.exists() else { return ReplayReport() }
        try await errors.addMissingColumns()
        let table = errors.table
        var report = ReplayReport()
        let begun = try await service.rows(
            ID.self,
            "SELECT DISTINCT replay_id AS id FROM \(table.quoted) WHERE clickpipe_id = {pipe:String} AND replay_id != '' AND isNull(replayed_at) ORDER BY id",
            parameters: ["pipe": spec.id.rawValue], during: "reading \(table)")
        for group in begun { try await finish(group.id, in: table, &report) }
        var cursor: RejectedRow.Key?
        var taken = 0
        while taken < limit {
            let group = try await next(filter, after: &cursor, limit: min(limit - taken, Self.mostRows), in: table)
            if group.isEmpty { break }
            taken += group.count
            let id = UUID().uuidString.lowercased()
            try await update(
                "replay_id = \(Literal.string(id))", where: "replay_id = '' AND record_key IN (\(group.joined(separator: ", ")))", in: table
            )
            try await finish(id, in: table, &report)
        }
        let selection = ErrorSelection(spec: spec, filter: filter)
        let counts = try await service.rows(
            Counts.self,
            "SELECT countIf(frame != '' AND isNull(replayed_at)) AS left, countIf(frame = '' AND isNull(replayed_at)) AS hopeless FROM \(table.quoted) WHERE \(selection.sql)",
            parameters: selection.parameters, during: "reading \(table)")
        report.remaining = max(0, (counts.first?.left ?? 0) - report.failed)
        report.notReplayable = counts.first?.hopeless ?? 0
        report.failed += report.notReplayable
        return report
    }

    /// Keys of the next rows, oldest first, that are encoded alike and fit into one insert.
    private func next(
        _ filter: RejectedFilter, after cursor: inout RejectedRow.Key?, limit: Int, in table: TableName
    ) async throws -> [String] {
        var selection = ErrorSelection(spec: spec, filter: filter)
        selection.add("frame != '' AND replay_id = '' AND isNull(replayed_at)")
        if let cursor {
            selection.add("(timestamp, record_key) > (fromUnixTimestamp64Milli({time:Int64}), {hash:UInt64})")
            selection.parameters["time"] = String(cursor.time)
            selection.parameters["hash"] = String(cursor.hash)
        }
        let candidates = try await service.rows(
            Candidate.self,
            """
            SELECT toUnixTimestamp64Milli(timestamp) AS time, toString(record_key) AS key, length(raw_message) + length(added) AS size, \
            toString(cityHash64(frame)) AS frameHash FROM \(table.quoted) WHERE \(selection.sql) \
            ORDER BY timestamp, record_key LIMIT \(limit)
            """, parameters: selection.parameters, during: "reading \(table)")
        var bytes = 0
        let group = candidates.prefix { candidate in
            bytes += candidate.size
            return candidate.frameHash == candidates[0].frameHash && (bytes <= Self.mostBytes || bytes == candidate.size)
        }
        if let last = group.last { cursor = RejectedRow.Key(time: last.time, hash: UInt64(last.key) ?? 0) }
        return group.map(\.key)
    }

    /// Inserts the rows of a group and marks them.
    private func finish(_ id: String, in table: TableName, _ report: inout ReplayReport) async throws {
        let parts = try await service.rows(
            Part.self,
            """
            SELECT toString(record_key) AS key, hex(raw_message) AS raw, hex(added) AS added, frame, \
            CAST(locator, 'Map(String, String)') AS places FROM \(table.quoted) \
            WHERE clickpipe_id = {pipe:String} AND replay_id = {id:String} ORDER BY record_key
            """, parameters: ["pipe": spec.id.rawValue, "id": id], during: "reading \(table)")
        guard let first = parts.first else { return }
        let frame: RowFrame? = try? JSONText.decode(from: first.frame)
        guard let rows = frame?.rows(parts.map { (Hexadecimal.bytes($0.raw), Hexadecimal.bytes($0.added)) }) else {
            throw PipeError(
                .internalError, .bug, side: .penstock, "rows of \(table) were written by a version of Penstock that is not compatible")
        }
        let insert = RowInsert(
            spec: spec, service: service, target: TableName(spec.destination.database, spec.destination.table ?? ""), log: log)
        let failed = try await insert.writeAgain(rows, token: "\(spec.id):replay:\(id)").map { parts[$0].key }
        let now = "fromUnixTimestamp64Milli(\(WallClock.milliseconds()))"
        let refused = failed.isEmpty ? "0" : "record_key IN (\(failed.joined(separator: ", ")))"
        try await update(
            "replayed_at = if(\(refused), NULL, \(now)), replay_id = if(\(refused), '', replay_id)",
            where: "replay_id = \(Literal.string(id))", in: table)
        report.replayed += parts.count - failed.count
        report.failed += failed.count
    }

    private func update(_ assignments: String, where condition: String, in table: TableName) async throws {
        let statement =
            "ALTER TABLE \(table.quoted)\(service.onCluster) UPDATE \(assignments) WHERE clickpipe_id = \(Literal.string(spec.id.rawValue)) AND \(condition)"
        try await service.execute(
            statement, settings: ["mutations_sync": "2", "max_query_size": String(statement.utf8.count + 1024)],
            during: "marking rows of \(table)")
    }
}
