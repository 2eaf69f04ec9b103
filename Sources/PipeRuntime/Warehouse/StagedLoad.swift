internal import ClickHouse
internal import PipeCore

/// Loads a batch of files exactly once: into staging tables first, then by moving whole partitions.
///
/// Steps, with what is on disk at each: the names of new staging tables and the files left out are noted (`loading`) →
/// staging is made and filled → the parts of staging are noted (`moving`) → they are moved (``PartitionMove``) → `moved` →
/// staging is dropped. A repeated call with the same batch begins at the step of the note.
///
/// In `loading` nothing has reached the target, so whatever the earlier attempt left is dropped, half-filled or not, and
/// staging is made anew under other names: a statement of the earlier attempt that still runs, or that reaches the server
/// late, can only write to tables that are never moved.
struct StagedLoad {
    let spec: PipeSpec
    let service: ClickHouseService
    let settings: PipeSettings
    let target: TableName
    let projection: RowProjection
    let load: RemoteLoad
    let batch: BatchID
    let progress: any LoadProgress
    /// Where rejected files go before the load counts as done.
    let errors: ErrorTable

    func run() async throws -> InsertReceipt {
        var note = try await LoadNote.read(progress) ?? LoadNote(phase: .loading)
        let mover = PartitionMove(service: service)
        var isResumed = note.phase == .moving
        if isResumed, try await mover.isLost(note.moves, noted: note.noted) {
            isResumed = false
            note.phase = .loading
        }
        if note.phase == .loading { note = try await fill(note) }
        if note.phase == .moving {
            do {
                for move in note.moves { try await mover.finish(move, of: note, isResumed: isResumed) }
            } catch let change as PartitionMove.TargetChanged {
                // The table was altered since staging was made like it. As long as nothing has arrived, loading anew is right.
                guard try await mover.isUntouched(note.moves) else { throw change.error }
                note = try await fill(note)
                for move in note.moves {
                    do {
                        try await mover.finish(move, of: note, isResumed: false)
                    } catch let change as PartitionMove.TargetChanged {
                        throw change.error
                    }
                }
            }
            note.phase = .moved
            try await note.write(to: progress)
        }
        try await StagingPlan.drop(tables: note.tables, views: note.views, on: service)
        let rejected = note.rejected
        try await errors.writeBeforeSettling(rejected)
        return InsertReceipt(rows: note.rows, bytes: note.bytes, rejected: rejected)
    }

    /// Fills staging and notes what it holds.
    private func fill(_ old: LoadNote) async throws -> LoadNote {
        var note = old
        note.phase = .loading
        note.moves = []
        if note.exclusions.isEmpty {
            note.exclusions = load.objects.filter { isS3 && KeyPattern.isUnreadable($0.key) }.map {
                LoadNote.Exclusion(
                    object: $0, code: "SOURCE_KEY_UNSUPPORTED",
                    reason: "ClickHouse cannot read keys with an empty path segment ('//'): copy the object to another key", row: nil)
            }
        }
        var summary = Filled()
        var plan: StagingPlan
        var isUnexplained = false
        while true {
            try await abandon(note)
            note.attempt += 1
            plan = try await StagingPlan.make(target: target, pipe: spec.id, batch: batch, attempt: note.attempt, service: service)
            let excluded = Set(note.exclusions.map(\.object))
            let objects = load.objects.filter { !excluded.contains($0) }
            note.tables = objects.isEmpty ? [] : plan.tables.map(\.staging)
            note.views = objects.isEmpty ? [] : plan.views.map(\.staging)
            try await note.write(to: progress)
            if objects.isEmpty { break }
            do {
                try await plan.create(on: service)
                summary = try await insert(objects, into: plan.root.staging, attempt: note.attempt)
                break
            } catch {
                try Task.checkCancellation()
                do {
                    guard let error = error as? ClickHouseError else { throw error }
                    let isolation = FileIsolation(service: service, load: load, projection: projection, settings: readSettings)
                    let bad = try await isolation.badFiles(among: objects, after: error)
                    // Nothing is wrong with any file: either that has passed, or it is the destination's and comes again.
                    if bad.isEmpty, isUnexplained { throw error.pipeError(during: "loading \(objects.count) file(s) into \(target)") }
                    isUnexplained = bad.isEmpty
                    note.exclusions += bad
                } catch {
                    // Frees the disk while the pipe waits. If it fails too, the next attempt does it.
                    try? await abandon(note)
                    throw error
                }
            }
        }
        let mover = PartitionMove(service: service)
        (note.serverStart, note.noted) = try await mover.serverTimes()
        for table in plan.tables where table.hasParts && note.tables.contains(table.staging) {
            let move = try await mover.note(table)
            if !move.parts.isEmpty { note.moves.append(move) }
        }
        func rows(_ move: LoadNote.Move) -> Int { move.parts.reduce(0) { $0 + $1.rows } }
        let staged = note.moves.reduce(0) { $0 + rows($1) }
        // A Null target keeps nothing to count: what was written is its rows and those of the views behind it.
        note.rows =
            plan.root.hasParts
            ? note.moves.first { $0.target == target }.map(rows) ?? 0 : max(0, summary.writtenRows - staged)
        note.bytes = summary.readBytes
        note.phase = .moving
        try await note.write(to: progress)
        return note
    }

    /// Drops what an attempt has staged, and stops its statements.
    private func abandon(_ note: LoadNote) async throws {
        if note.tables.isEmpty { return }
        await StagingPlan.stopStatements(StagingPlan.statements(of: batch, pipe: spec.id), on: service)
        try await StagingPlan.drop(tables: note.tables, views: note.views, on: service)
    }

    private struct Filled {
        var readBytes = 0
        var writtenRows = 0
    }

    private func insert(_ objects: [RemoteObject], into staging: TableName, attempt: Int) async throws -> Filled {
        var filled = Filled()
        let cluster = settings.bool("object_storage_use_cluster_function") && !projection.countsRows ? service.cluster : nil
        let reads = RemoteRead.reads(
            of: objects, in: load, structure: projection.structure, cluster: cluster, oneByOne: projection.countsRows)
        for (index, read) in reads.enumerated() {
            let summary = try await service.client.execute(
                "INSERT INTO \(staging.quoted) (\(projection.insertList)) SELECT \(projection.selectList) FROM \(read.source)",
                parameters: read.parameters, settings: LoadSettings.inserting(load, projection: projection, pipe: settings),
                queryID: "\(StagingPlan.statements(of: batch, pipe: spec.id))\(attempt)_\(index)")
            filled.readBytes += summary.readBytes
            filled.writtenRows += summary.writtenRows
        }
        return filled
    }

    private var readSettings: [String: String] {
        LoadSettings.reading(load).merging(projection.settings(format: load.format)) { $1 }
    }

    private var isS3: Bool {
        if case .azure = load.location { false } else { true }
    }
}
