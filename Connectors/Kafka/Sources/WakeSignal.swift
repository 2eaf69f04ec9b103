import PipeCore

/// Wakes a waiting task. Signals between two waits count as one.
final class WakeSignal: Sendable {
    private let isSet = Watched(false)

    func wake() { isSet.update { $0 = true } }

    /// Throws `CancellationError` when the task is cancelled.
    func wait() async throws {
        try await isSet.wait { $0 }
        isSet.update { $0 = false }
    }
}
