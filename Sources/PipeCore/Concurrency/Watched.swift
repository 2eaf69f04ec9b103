private import Synchronization

/// A value behind a lock, and a way to wait until it is as wanted: nobody needs to sleep and look again.
package final class Watched<Value: Sendable>: Sendable {
    private struct Waiter: Sendable {
        var isSatisfied: @Sendable (Value) -> Bool
        var continuation: CheckedContinuation<Bool, Never>
    }
    private struct State: Sendable {
        var value: Value
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0
    }
    private let state: Mutex<State>

    package init(_ value: Value) { state = Mutex(State(value: value)) }

    package var value: Value { state.withLock { $0.value } }

    /// Changes the value and wakes everybody whose condition now holds, also when `change` throws after a part of its work.
    @discardableResult
    package func update<Result: Sendable>(_ change: (inout Value) throws -> Result) rethrows -> Result {
        var woken: [CheckedContinuation<Bool, Never>] = []
        defer { for continuation in woken { continuation.resume(returning: true) } }
        return try state.withLock { state in
            defer {
                if !state.waiters.isEmpty {
                    for (id, waiter) in state.waiters where waiter.isSatisfied(state.value) {
                        state.waiters[id] = nil
                        woken.append(waiter.continuation)
                    }
                }
            }
            return try change(&state.value)
        }
    }

    /// Returns once `condition` holds; throws `CancellationError` when the task is cancelled before.
    package func wait(until condition: @escaping @Sendable (Value) -> Bool) async throws {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let isSatisfied = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if condition(state.value) { return true }
                    if Task.isCancelled { return false }
                    state.waiters[id] = Waiter(isSatisfied: condition, continuation: continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(returning: false)
        }
        if !isSatisfied { throw CancellationError() }
    }
}
