/// A source whose past can be read again on a user's wish.
public protocol RewindableSource: RunnableSource {
    /// What a rewind may ask for.
    static var rewindTarget: ObjectSchema { get }

    /// The checkpoint from which a pipe reads on after a rewind: it replaces `checkpoint` as a whole. Journaled batches are dropped,
    /// and later batches get ids that no batch before the rewind had, so that the destination does not take them for repetitions.
    ///
    /// May ask the source where an offset or a time lies. The pipe must be at rest.
    /// - Parameter target: checked against ``rewindTarget``.
    /// - Throws: ``PipeError``; disposition `user` where the target cannot be reached, with what is wrong.
    func rewound(_ checkpoint: StoredCheckpoint, of pipe: PipeID, to target: JSONValue) async throws -> StoredCheckpoint
}
