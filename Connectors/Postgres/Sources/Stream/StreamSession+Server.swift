import PipeCore

/// What the server is told and asked beside the stream.
extension StreamSession {
    /// Moves what the server may forget: to what is settled, and where nothing waits to what has been seen.
    func advance() {
        let settled = run.settled
        if let settled { confirmed = max(confirmed, settled.log) }
        let isSettled = emitted.map { emitted in settled?.reaches(emitted) == true } ?? true
        if isSettled, assembler.isEmpty, assembler.start.changes == 0, assembler.transaction == nil, replays.isEmpty {
            confirmed = max(confirmed, assembler.position.log)
        }
    }

    func report() async throws {
        try await connection.writeCopy(ReplicationFrame.status(confirmed))
        sent = confirmed
        sentAt = run.stopwatch.now
    }

    /// While one transaction is written nothing else tells the server that somebody is there.
    func stayAlive() async throws {
        guard run.stopwatch.now - sentAt >= .seconds(10) else { return }
        advance()
        try await report()
    }

    func keepUp(_ now: Duration) async throws {
        if confirmed > sent || now - sentAt >= .seconds(10) { try await report() }
        if now - watchedAt >= .seconds(10) || watchedAt == .zero {
            watchedAt = now
            try await watch()
        }
        if now - beatAt >= .seconds(600) {
            beatAt = now
            // So that a database in which nothing happens lets its neighbours' log go.
            _ = try? await control { try await $0.query("SELECT pg_logical_emit_message(true, 'penstock_heartbeat', '')") }
        }
    }

    func watch() async throws {
        guard let slot = try await control({ [name = run.names.slot] in try await ReplicationSlot.load(name, on: $0) }) else { return }
        await output.alive(lag: SourceLag(items: 0, bytes: max(0, slot.keptBytes)))
        if let status = slot.walStatus, status != "reserved" {
            let left = slot.safeBytes.map { ", and \($0 >> 20) MiB more lose it" } ?? ""
            run.context.log.log(
                .warning, nil,
                "the replication slot keeps \(slot.keptBytes >> 20) MiB of log on the server (wal_status \(status)\(left)): the pipe is behind"
            )
        }
    }
}
