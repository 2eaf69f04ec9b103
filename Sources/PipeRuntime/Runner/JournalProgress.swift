import PipeCore

/// The notes of a load, kept in the journal entry of its batch.
struct JournalProgress: LoadProgress {
    let store: any CheckpointStore
    let pipe: PipeID
    let batch: BatchID

    func note() async throws -> JSONValue? { try await store.note(for: batch, of: pipe) }

    func write(_ note: JSONValue) async throws {
        let (store, pipe, batch) = (store, pipe, batch)
        try await shielded { try await store.note(note, for: batch, of: pipe) }
    }
}
