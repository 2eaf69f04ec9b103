internal import ClickHouse
internal import PipeCore

/// Loads a batch of files exactly once: into staging tables first, then by moving whole partitions.
///
/// Steps, with what is on disk at each: staging is filled (note `loading`, which also names the files left out) → the parts
/// of staging are noted (`moving`) → they are moved (``PartitionMove``) → `moved` → staging is dropped. A repeated call with
/// the same batch begins at the step of the note. In `loading` nothing has reached the target, so staging is made anew; a
/// statement of an earlier attempt that still runs writes to the table that was dropped, which is another one although it
/// had the same name. A crash after `moved` leaves empty staging tables, which the next step or ``StagingPlan/dropFinished``
/// removes.
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
        let isResumed = note.phase == .moving
        if note.phase == .loading { note = try await fill(note) }
        if note.phase == .moving {
            let mover = PartitionMove(service: service)
            for move in note.moves { try await mover.finish(move, notedStart: note.serverStart, isResumed: isResumed) }
            note.phase = .moved
            try await note.write(to: progress)
        }
        try await StagingPlan.drop(tables: note.tables, views: note.views, on: service)
        let rejected = note.rejected
        await errors.write(rejected)
        return InsertReceipt(rows: note.rows, bytes: note.bytes, rejected: rejected)
    }

    /// Fills staging and notes what it holds.
    private func fill(_ old: LoadNote) async throws -> LoadNote {
        var note = old
        if note.exclusions.isEmpty {
            note.exclusions = load.objects.filter { isS3 && KeyPattern.isUnreadable($0.key) }.map {
                LoadNote.Exclusion(
                    object: $0, code: "SOURCE_KEY_UNSUPPORTED",
                    reason: "ClickHouse cannot read keys with an empty path segment ('//'): copy the object to another key", row: nil)
            }
        }
        let plan = try await StagingPlan.make(target: target, pipe: spec.id, batch: batch, service: service)
        note.tables = plan.tables.map(\.staging)
        note.views = plan.views.map(\.staging)
        try await note.write(to: progress)
        var summary = Filled()
        while true {
            let excluded = Set(note.exclusions.map(\.object))
            let objects = load.objects.filter { !excluded.contains($0) }
            try await plan.create(on: service)
            if objects.isEmpty { break }
            do {
                summary = try await insert(objects, into: plan.root.staging)
                break
            } catch let error as ClickHouseError {
                try Task.checkCancellation()
                let isolation = FileIsolation(service: service, load: load, projection: projection, settings: readSettings)
                let bad: [LoadNote.Exclusion]
                do {
                    bad = try await isolation.badFiles(among: objects, after: error)
                } catch {
                    // The rows staged so far are of no use; the next attempt begins with empty tables anyway.
                    try? await plan.drop(on: service)
                    throw error
                }
                guard !bad.isEmpty else {
                    try? await plan.drop(on: service)
                    throw error.pipeError(during: "loading \(objects.count) file(s) into \(target)")
                }
                note.exclusions += bad
                try await note.write(to: progress)
            }
        }
        let mover = PartitionMove(service: service)
        note.serverStart = try await mover.serverStart()
        note.moves = []
        for table in plan.tables where table.hasParts {
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

    private struct Filled {
        var readBytes = 0
        var writtenRows = 0
    }

    private func insert(_ objects: [RemoteObject], into staging: TableName) async throws -> Filled {
        var filled = Filled()
        let cluster = settings.bool("object_storage_use_cluster_function") && !projection.countsRows ? service.cluster : nil
        let reads = RemoteRead.reads(
            of: objects, in: load, structure: projection.structure, cluster: cluster, oneByOne: projection.countsRows)
        for read in reads {
            let summary = try await service.client.execute(
                "INSERT INTO \(staging.quoted) (\(projection.insertList)) SELECT \(projection.selectList) FROM \(read.source)",
                parameters: read.parameters, settings: LoadSettings.inserting(load, projection: projection, pipe: settings))
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
