/// A source of mapped tables: what the control plane asks of it besides running it.
public protocol DatabaseSource: RunnableSource {
    /// The mappings, in their order.
    var mappedTables: [MappedTable] { get }

    /// Whether tables are copied before changes are written. A target that holds rows already is then refused: they would outlive the
    /// copy.
    var takesSnapshot: Bool { get }

    /// The tables that this pipe would make now, read from the source's catalogue. Before a pipe is created or repointed, those that
    /// exist are compared with them. Throws ``PipeError``.
    func targetTables(_ context: ProbeContext) async throws -> [TargetTable]

    /// The checkpoint from which the pipe loads tables anew, into shadow tables that take the place of the old ones: it replaces
    /// `checkpoint` as a whole. Journaled batches are dropped, and later batches get ids that no batch before had, so that the
    /// destination does not take them for repetitions. The pipe is at rest. Asked again before the pipe has run, it gives the same.
    /// - Parameter targets: which of the mapped tables; nil: all, with whatever the pipe made at the source.
    /// - Throws: ``PipeError``; disposition `user` where it cannot be done, with what is wrong.
    func resynced(_ checkpoint: StoredCheckpoint, of pipe: PipeID, targets: [String]?) async throws -> StoredCheckpoint

    /// Removes what a deleted pipe made at the source: slot, publication, server-side subscription. What the user made stays. Done again
    /// it changes nothing. Throws ``PipeError``.
    func removeTraces(of pipe: PipeID, checkpoint: StoredCheckpoint) async throws
}

/// A mapping, by its two names.
public struct MappedTable: Hashable, Sendable {
    /// For people: `public.orders`.
    public var source: String
    public var target: String
    public init(source: String, target: String) {
        self.source = source
        self.target = target
    }
}
