package import ClickHouse
private import Synchronization

/// One holder at a time for each table, in order of arrival.
///
/// ClickHouse names the temporary part of a move after the part it comes from, in the target's folder. Parts of two staging
/// tables often have one name (`all_1_1_0`), so two moves into one target at the same moment would collide (25.8, measured:
/// LOGICAL_ERROR, `Temporary part … already added`).
package final class TableLocks: Sendable {
    private struct State {
        var held: Set<TableName> = []
        var waiters: [TableName: [(id: Int, continuation: CheckedContinuation<Bool, Never>)]] = [:]
        var lastID = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Runs `body` while holding `table`. Throws `CancellationError` when the task is cancelled while it waits.
    package func holding<Result>(_ table: TableName, _ body: () async throws -> Result) async throws -> Result {
        try await acquire(table)
        defer { release(table) }
        return try await body()
    }

    private func acquire(_ table: TableName) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let isHeld = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                let answer = state.withLock { state -> Bool? in
                    if Task.isCancelled { return false }
                    if state.held.insert(table).inserted { return true }
                    state.waiters[table, default: []].append((id, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters[table]?.firstIndex { $0.id == id }.flatMap { state.waiters[table]?.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: false)
        }
        if !isHeld { throw CancellationError() }
    }

    private func release(_ table: TableName) {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard state.waiters[table]?.isEmpty == false else {
                state.waiters[table] = nil
                state.held.remove(table)
                return nil
            }
            return state.waiters[table]?.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
