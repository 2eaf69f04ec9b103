/// Runs `body` to its end even when the calling task is cancelled.
///
/// The one unstructured task of the runtime: a checkpoint save must not be given up halfway because the pipe is told to stop,
/// and a child task would inherit the cancellation. It is always awaited.
func shielded(_ body: @escaping @Sendable () async throws -> Void) async throws {
    try await Task { try await body() }.value  // allowed: a child task would be cancelled with its parent; awaited here
}
