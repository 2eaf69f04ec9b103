import Synchronization

/// A value that tasks can wait on.
final class Observed<Value: Sendable>: Sendable {
    private struct Waiter {
        let matches: @Sendable (Value) -> Bool
        let continuation: CheckedContinuation<Value, any Error>
    }

    private struct Content {
        var value: Value
        var waiters: [Int: Waiter] = [:]
        var nextID = 0
    }

    private enum Immediate { case value(Value), cancelled, wait }

    private let content: Mutex<Content>

    init(_ value: Value) { content = Mutex(Content(value: value)) }

    var value: Value { content.withLock { $0.value } }

    func set(_ value: Value) { update { _ in value } }

    /// Makes the next value of the present one; nil leaves it.
    func update(_ next: (Value) -> Value?) {
        let (value, ready) = content.withLock { content -> (Value, [Waiter]) in
            guard let value = next(content.value) else { return (content.value, []) }
            content.value = value
            let ids = content.waiters.filter { $0.value.matches(value) }.keys
            return (value, ids.compactMap { content.waiters.removeValue(forKey: $0) })
        }
        for waiter in ready { waiter.continuation.resume(returning: value) }
    }

    /// The first value, the present one included, for which `matches` holds. Throws CancellationError.
    func first(where matches: @escaping @Sendable (Value) -> Bool) async throws -> Value {
        let id = content.withLock { content in
            content.nextID += 1
            return content.nextID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let immediate = content.withLock { content -> Immediate in
                    if Task.isCancelled { return .cancelled }
                    if matches(content.value) { return .value(content.value) }
                    content.waiters[id] = Waiter(matches: matches, continuation: continuation)
                    return .wait
                }
                switch immediate {
                case .value(let value): continuation.resume(returning: value)
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .wait: break
                }
            }
        } onCancel: {
            content.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
    }
}
