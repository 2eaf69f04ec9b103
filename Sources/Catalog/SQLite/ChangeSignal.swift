private import Synchronization

/// Tells any number of listeners that something changed. A listener that is slow misses repetitions, never the last one.
final class ChangeSignal: Sendable {
    private struct Listeners {
        var byNumber: [Int: AsyncStream<Void>.Continuation] = [:]
        var next = 0
    }

    private let listeners = Mutex(Listeners())

    /// Changes from now on; ends with the task that reads it.
    func stream() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = listeners.withLock { listeners in
            listeners.next += 1
            listeners.byNumber[listeners.next] = continuation
            return listeners.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.listeners.withLock { listeners in listeners.byNumber[number] = nil }
        }
        return stream
    }

    func send() {
        for continuation in listeners.withLock({ Array($0.byNumber.values) }) { continuation.yield() }
    }

    /// Ends the streams there are.
    func finish() {
        for continuation in listeners.withLock({ Array($0.byNumber.values) }) { continuation.finish() }
    }

    deinit { finish() }
}
