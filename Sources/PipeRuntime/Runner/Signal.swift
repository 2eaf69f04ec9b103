import Synchronization

/// Wakes tasks that wait for a condition which others make true.
final class Signal: Sendable {
    private struct State {
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastID = 0
        var count = 0
    }

    private let state = Mutex(State())

    /// Something may have become true.
    func signal() {
        let waiters = state.withLock { state in
            state.count += 1
            defer { state.waiters = [:] }
            return state.waiters.values.map { $0 }
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when `condition` holds; asked again after each signal. Throws `CancellationError` when the task is cancelled.
    func wait(until condition: () -> Bool) async throws {
        while true {
            let seen = state.withLock { $0.count }
            try Task.checkCancellation()
            if condition() { return }
            await next(after: seen)
        }
    }

    private func next(after seen: Int) async {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let wake = state.withLock { state in
                    // A signal between the condition and here is not missed.
                    if Task.isCancelled || state.count != seen { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if wake { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}
