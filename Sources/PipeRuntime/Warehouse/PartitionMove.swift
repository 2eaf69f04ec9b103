internal import ClickHouse
internal import PipeCore

/// Moves complete staging tables into their targets, so that every row arrives and none arrives twice.
///
/// `ALTER TABLE … MOVE PARTITION … TO TABLE` is atomic for one partition while the server lives: under the locks of both
/// tables the target gains the parts and staging loses them. There are three ways to be interrupted.
///
/// 1. Penstock stops, or loses the answer. The partition is on one side. Repeating is right in both cases: the move of a
///    partition that staging no longer has does nothing. A move that is still running at the server excludes ours by the lock.
/// 2. ClickHouse stops between partitions. As above, per partition.
/// 3. ClickHouse is killed inside a move, or after it and before staging's old parts were erased from disk. After the
///    restart a part can be on both sides, because each table believes its own directory. Moving again would double its
///    rows. So the parts of staging are noted before the first move, each with an identity that a move carries along: the
///    part's UUID (`assign_part_uuids`), or, where a server assigns none, the hash of all its files. Before every move, a
///    noted part that is still in staging is looked up among all parts of the target, merged-away ones included; if it is
///    there, staging's copy is dropped, not moved.
///
/// Nothing is lost: a part leaves staging only by a move or after its identity was seen in the target. Nothing is doubled:
/// a part is moved only while the target does not have it. What is left is the target's memory: a merge replaces parts, and
/// the sources of a merge vanish after `old_parts_lifetime`. When the server restarted after the note was written, and the
/// partition has since been merged, and that so long ago that the sources may be gone, the question cannot be answered from
/// the server. Then nothing is moved, and the error says how a person can decide. Without a restart the third case cannot
/// have happened, so ordinary merges never raise the question.
///
/// Staging parts do not change under their identity: the staging table's settings forbid merges, also after a restart.
struct PartitionMove {
    let service: ClickHouseService

    private struct StagedPart: Decodable, Sendable {
        var name: String
        var partition: String
        var identity: String
        var rows: Int
    }

    /// What a staging table holds and where its target stands: taken once, when staging is complete.
    func note(_ table: StagingPlan.Table) async throws -> LoadNote.Move {
        let parts = try await stagedParts(table.staging)
        struct Ceiling: Decodable, Sendable {
            var partition: String
            var block: Int
        }
        let ceilings = try await service.rows(
            Ceiling.self,
            """
            SELECT partition_id AS partition, toInt64(max(max_block_number)) AS block FROM system.parts
            WHERE database = {database:String} AND table = {table:String} GROUP BY partition_id
            """, parameters: ["database": table.target.database, "table": table.target.name], during: "looking at \(table.target)")
        return LoadNote.Move(
            staging: table.staging, target: table.target,
            parts: parts.map { LoadNote.Part(partition: $0.partition, identity: $0.identity, rows: $0.rows) },
            ceilings: Dictionary(ceilings.map { ($0.partition, $0.block) }) { max($0, $1) }.filter { block in
                parts.contains { $0.partition == block.key }
            })
    }

    /// When the server process started, seconds since 1970.
    func serverStart() async throws -> Int {
        struct Row: Decodable, Sendable { var start: Int }
        return try await service.rows(
            Row.self, "SELECT toInt64(toUnixTimestamp(now())) - toInt64(uptime()) AS start", during: "asking for the server's start"
        ).first?.start ?? 0
    }

    /// Finishes a move, begun or not. `isResumed`: a note of an earlier attempt exists, so parts may be on both sides.
    func finish(_ move: LoadNote.Move, notedStart: Int, isResumed: Bool) async throws {
        // Each number is rounded to a second.
        let hasRestarted = isResumed ? try await serverStart() > notedStart + 2 : false
        let staged = isResumed ? try await stagedParts(move.staging) : []
        if !staged.isEmpty { try await dropMoved(staged, of: move, hasRestarted: hasRestarted) }
        var partitions: [String] = []
        for part in isResumed ? staged.map(\.partition) : move.parts.map(\.partition) where !partitions.contains(part) {
            partitions.append(part)
        }
        for partition in partitions {
            do {
                try await service.client.execute(
                    "ALTER TABLE \(move.staging.quoted) MOVE PARTITION ID \(Literal.string(partition)) TO TABLE \(move.target.quoted)",
                    parameters: [:], settings: [:])
            } catch {
                try Task.checkCancellation()
                throw error.pipeError(during: "moving partition '\(partition)' into \(move.target)")
            }
        }
        let left = try await stagedParts(move.staging)
        guard left.isEmpty else {
            throw PipeError(
                .internalError, .retry, side: .destination,
                "\(left.count) part(s) are still in \(move.staging) after the move to \(move.target)")
        }
    }

    private func stagedParts(_ table: TableName) async throws -> [StagedPart] {
        try await service.rows(
            StagedPart.self,
            """
            SELECT name, partition_id AS partition, \(Self.identity) AS identity, toInt64(rows) AS rows FROM system.parts
            WHERE database = {database:String} AND table = {table:String} AND active ORDER BY name
            """, parameters: ["database": table.database, "table": table.name], during: "looking at \(table)")
    }

    private static let identity = "if(uuid = toUUID('00000000-0000-0000-0000-000000000000'), hash_of_all_files, toString(uuid))"

    private struct TargetPart: Decodable, Sendable {
        var partition: String
        var uuid: String
        var hash: String
        var min: Int
        var max: Int
        /// Came from a merge or mutation that is younger than the server process and so old that its sources may be gone.
        var hides: Int
    }

    private func dropMoved(_ staged: [StagedPart], of move: LoadNote.Move, hasRestarted: Bool) async throws {
        // Parts that were merged away are loaded in the background after a start; without them the answer is incomplete.
        try await service.execute("SYSTEM WAIT LOADING PARTS \(move.target.quoted)", during: "waiting for the parts of \(move.target)")
        let lifetime = try await oldPartsLifetime(of: move.target)
        let target = try await service.rows(
            TargetPart.self,
            """
            SELECT partition_id AS partition, toString(uuid) AS uuid, hash_of_all_files AS hash, toInt64(min_block_number) AS min,
              toInt64(max_block_number) AS max,
              toUInt8((min_block_number != max_block_number OR level > 0 OR data_version > max_block_number)
                AND modification_time >= now() - toIntervalSecond(uptime())
                AND modification_time < now() - toIntervalSecond({trusted:Int64})) AS hides
            FROM system.parts WHERE database = {database:String} AND table = {table:String}
            """,
            parameters: ["database": move.target.database, "table": move.target.name, "trusted": String(max(0, lifetime - 60))],
            during: "looking at \(move.target)")
        for part in staged {
            let ceiling = move.ceilings[part.partition] ?? -1
            let candidates = target.filter { $0.partition == part.partition && $0.max > ceiling }
            if candidates.contains(where: { ($0.uuid == part.identity || $0.hash == part.identity) && $0.min > ceiling }) {
                try await drop(part, from: move.staging)
            } else if hasRestarted, candidates.contains(where: { $0.hides == 1 }) {
                throw PipeError(
                    .destinationRefused, .user, side: .destination,
                    """
                    ClickHouse was restarted in the middle of a load and has since merged partition '\(part.partition)' of \(move.target), so it cannot \
                    tell whether the \(part.rows) row(s) of part '\(part.name)' in \(move.staging) arrived: compare them with the table, then move \
                    the partition or drop it in the staging table, and start the pipe
                    """)
            }
        }
    }

    private func drop(_ part: StagedPart, from staging: TableName) async throws {
        do {
            try await service.client.execute(
                "ALTER TABLE \(staging.quoted) DROP PART \(Literal.string(part.name))", parameters: [:],
                settings: ["max_partition_size_to_drop": "0"])
        } catch {
            // NO_SUCH_DATA_PART: a move that was still running has just finished.
            if error.code.rawValue == 232 { return }
            try Task.checkCancellation()
            throw error.pipeError(during: "dropping a part that was moved before")
        }
    }

    private func oldPartsLifetime(of table: TableName) async throws -> Int {
        struct Row: Decodable, Sendable { var seconds: Int }
        return try await service.rows(
            Row.self,
            """
            SELECT if(own != '', toInt64OrZero(own), (SELECT toInt64OrZero(value) FROM system.merge_tree_settings WHERE name = 'old_parts_lifetime')) AS seconds
            FROM (SELECT extract(engine_full, 'old_parts_lifetime = (\\\\d+)') AS own FROM system.tables
              WHERE database = {database:String} AND name = {table:String})
            """, parameters: ["database": table.database, "table": table.name], during: "looking at \(table)"
        ).first?.seconds ?? 0
    }
}
