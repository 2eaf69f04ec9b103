internal import ClickHouse
internal import PipeCore

/// Moves complete staging tables into their targets, so that every row arrives and none arrives twice.
///
/// `ALTER TABLE … MOVE PARTITION … TO TABLE` is atomic for one partition while the server lives: under the locks of both
/// tables the target gains the parts and staging loses them. There are three ways to be interrupted.
///
/// 1. Penstock stops, or loses the answer. The partition is on one side. Repeating is right in both cases: the move of a
///    partition that staging no longer has does nothing. Two moves of one partition at the same time would double it, since
///    they share their locks; so both have the same query id, and the server refuses the second (code 216, retried).
/// 2. ClickHouse stops between partitions. As above, per partition.
/// 3. ClickHouse is killed inside a move, or after it and before staging's old parts were erased from disk. After the
///    restart a part can be on both sides, because each table believes its own directory. Moving again would double its
///    rows. So the parts of staging are noted before the first move, each with an identity that a move carries along: the
///    part's UUID (`assign_part_uuids`), or, where a server assigns none, the hash of all its files. Before every move, a
///    noted part that is still in staging is looked up among all parts of the target, merged-away ones included; if it is
///    there, staging's copy is dropped, not moved.
///
/// Nothing is lost: a part leaves staging only by a move or after its identity was seen in the target. Nothing is doubled:
/// a part is moved only while the target does not have it.
///
/// What is left is the target's memory: a merge replaces parts, and its sources vanish after `old_parts_lifetime` (480 s by
/// default and in managed tables). The question stays open only when all of this comes together: ClickHouse restarted while
/// parts were being moved, the same partition has got new parts since, they were merged, and Penstock looks for the first
/// time more than the lifetime later. Then nothing is moved, and the error says how a person can decide. A table whose
/// lifetime somebody set to 0 reaches that point with its first merge after the restart.
///
/// ClickHouse does not sync new parts to disk unless told to. A loss of power, unlike a kill, can take rows from both tables.
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

    /// When the server process started, and its time now, in seconds since 1970.
    func serverTimes() async throws -> (start: Int, now: Int) {
        struct Row: Decodable, Sendable {
            var start: Int
            var time: Int
        }
        let row = try await service.rows(
            Row.self, "SELECT toInt64(toUnixTimestamp(now())) AS time, time - toInt64(uptime()) AS start",
            during: "asking for the server's start"
        ).first
        return (row?.start ?? 0, row?.time ?? 0)
    }

    /// A move that the server refuses because the target no longer looks like its staging table.
    struct TargetChanged: Error {
        var error: PipeError
    }

    /// Whether all noted parts are still in staging, and so none has arrived. Asked after ``finish(_:of:isResumed:)`` has
    /// dropped what had.
    func isUntouched(_ moves: [LoadNote.Move]) async throws -> Bool {
        for move in moves where Set(try await stagedParts(move.staging).map(\.identity)) != Set(move.parts.map(\.identity)) {
            return false
        }
        return true
    }

    /// Whether staging tables vanished (somebody dropped them) before anything was moved: then the load can begin anew.
    /// Throws a `user` error when a part of the rows has arrived, or may have.
    func isLost(_ moves: [LoadNote.Move], noted: Int) async throws -> Bool {
        var missing: [LoadNote.Move] = []
        for move in moves {
            struct Row: Decodable, Sendable { var count: Int }
            let tables = try await service.rows(
                Row.self,
                "SELECT toInt64(count()) AS count FROM system.tables WHERE database = {database:String} AND name = {table:String}",
                parameters: ["database": move.staging.database, "table": move.staging.name], during: "looking for \(move.staging)")
            if tables.first?.count == 0 { missing.append(move) }
        }
        if missing.isEmpty { return false }
        var lost: [LoadNote.Move] = []
        var hasArrived = false
        for move in moves {
            let target = try await targetParts(move.target, noted: noted)
            let arrived = move.parts.filter { $0.isAmong(target, of: move) }
            hasArrived = hasArrived || !arrived.isEmpty
            if missing.contains(move) {
                if arrived.count < move.parts.count { lost.append(move) }
                hasArrived = hasArrived || move.parts.contains { $0.isHidden(among: target, of: move) }
            } else {
                let staged = Set(try await stagedParts(move.staging).map(\.identity))
                hasArrived = hasArrived || move.parts.contains { !staged.contains($0.identity) }
            }
        }
        guard let first = lost.first else { return false }
        if !hasArrived { return true }
        throw PipeError(
            .destinationRefused, .user, side: .destination,
            """
            staging table \(first.staging) was dropped before all its rows were moved to \(first.target), and a part of this batch has arrived: \
            remove the batch's rows and create the pipe anew, or restore the table
            """)
    }

    /// Finishes all moves of a note that an earlier attempt wrote; does nothing when none can have begun and none can be made.
    func finish(_ note: LoadNote) async throws {
        if try await isLost(note.moves, noted: note.noted) { return }
        do {
            for move in note.moves { try await finish(move, of: note, isResumed: true) }
        } catch let change as TargetChanged {
            if try await !isUntouched(note.moves) { throw change.error }
        }
    }

    /// Finishes a move, begun or not. `isResumed`: a note of an earlier attempt exists, so parts may be on both sides.
    func finish(_ move: LoadNote.Move, of note: LoadNote, isResumed: Bool) async throws {
        // Rounding makes two looks at one process differ by a second.
        let hasRestarted = isResumed ? try await abs(serverTimes().start - note.serverStart) > 1 : false
        let staged = isResumed ? try await stagedParts(move.staging) : []
        if !staged.isEmpty { try await dropMoved(staged, of: move, noted: note.noted, hasRestarted: hasRestarted) }
        var partitions: [String] = []
        for part in isResumed ? staged.map(\.partition) : move.parts.map(\.partition) where !partitions.contains(part) {
            partitions.append(part)
        }
        for partition in partitions {
            do {
                _ = try await service.moves.holding(move.target) {
                    try await service.client.execute(
                        "ALTER TABLE \(move.staging.quoted) MOVE PARTITION ID \(Literal.string(partition)) TO TABLE \(move.target.quoted)",
                        parameters: [:], settings: [:], queryID: move.queryID(of: partition))
                }
            } catch let error as ClickHouseError {
                try Task.checkCancellation()
                let failure = error.pipeError(during: "moving partition '\(partition)' into \(move.target)")
                // INCOMPATIBLE_COLUMNS; BAD_ARGUMENTS is said of keys, indices and projections.
                if [122, 36].contains(error.code.rawValue) { throw TargetChanged(error: failure) }
                throw failure
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

    fileprivate struct TargetPart: Decodable, Sendable {
        var partition: String
        var uuid: String
        var hash: String
        var min: Int
        var max: Int
        /// Came from a merge or mutation so long ago that its sources may be gone.
        var hides: Int
    }

    /// All parts of a table, also those that a merge replaced and that are still on disk.
    private func targetParts(_ table: TableName, noted: Int) async throws -> [TargetPart] {
        // Parts that were merged away are loaded in the background after a start; without them the answer is incomplete.
        try await service.execute("SYSTEM WAIT LOADING PARTS \(table.quoted)", during: "waiting for the parts of \(table)")
        let lifetime = try await oldPartsLifetime(of: table)
        // A source that was merged away before the last restart is kept for its lifetime from when it was made, not from the merge.
        return try await service.rows(
            TargetPart.self,
            """
            SELECT partition_id AS partition, toString(uuid) AS uuid, hash_of_all_files AS hash, toInt64(min_block_number) AS min,
              toInt64(max_block_number) AS max,
              toUInt8((min_block_number != max_block_number OR level > 0 OR data_version > max_block_number)
                AND (modification_time < now() - toIntervalSecond({trusted:Int64})
                  OR (modification_time < now() - toIntervalSecond(uptime())
                    AND toUnixTimestamp(now()) >= {noted:Int64} + {trusted:Int64}))) AS hides
            FROM system.parts WHERE database = {database:String} AND table = {table:String}
            """,
            parameters: [
                "database": table.database, "table": table.name, "trusted": String(max(0, lifetime - 60)), "noted": String(noted),
            ],
            during: "looking at \(table)")
    }

    private func dropMoved(_ staged: [StagedPart], of move: LoadNote.Move, noted: Int, hasRestarted: Bool) async throws {
        let target = try await targetParts(move.target, noted: noted)
        for part in staged {
            let name = LoadNote.Part(partition: part.partition, identity: part.identity, rows: part.rows)
            if name.isAmong(target, of: move) {
                try await drop(part, from: move.staging)
            } else if hasRestarted, name.isHidden(among: target, of: move) {
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

extension LoadNote.Part {
    /// A UUID is unique; equal files may also be older rows, which have lower block numbers.
    fileprivate func isAmong(_ target: [PartitionMove.TargetPart], of move: LoadNote.Move) -> Bool {
        let ceiling = move.ceilings[partition] ?? -1
        return target.contains { $0.uuid == identity || ($0.partition == partition && $0.hash == identity && $0.min > ceiling) }
    }

    /// Whether a merged part may have this one among sources that are no longer there.
    fileprivate func isHidden(among target: [PartitionMove.TargetPart], of move: LoadNote.Move) -> Bool {
        let ceiling = move.ceilings[partition] ?? -1
        return target.contains { $0.partition == partition && $0.max > ceiling && $0.hides == 1 }
    }
}
