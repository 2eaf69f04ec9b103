import Dispatch
import Synchronization

/// Runs calls of librdkafka that wait for the network on threads of their own: Swift's few threads never wait for a broker.
enum BlockingCalls {
    private static let queue = DispatchQueue(label: "penstock.kafka", attributes: .concurrent)

    /// The result of `call`. When the task is cancelled this throws at once, while the call comes to its end unheard.
    static func run<Result: Sendable>(_ call: @escaping @Sendable () throws -> Result) async throws -> Result {
        let holder = Holder<Result>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                holder.waiting.withLock { $0 = continuation }
                // The handler may have run before there was a continuation.
                if Task.isCancelled { holder.take()?.resume(throwing: CancellationError()) }
                queue.async {
                    let result = Swift.Result { try call() }
                    holder.take()?.resume(with: result)
                }
            }
        } onCancel: {
            holder.take()?.resume(throwing: CancellationError())
        }
    }

    /// Runs `call` to its end, cancelled or not, but waits for it no longer than `seconds`.
    static func finish(within seconds: Int, _ call: @escaping @Sendable () -> Void) async {
        let holder = Holder<Void>()
        try? await withCheckedThrowingContinuation { continuation in
            holder.waiting.withLock { $0 = continuation }
            queue.async {
                call()
                holder.take()?.resume()
            }
            queue.asyncAfter(deadline: .now() + .seconds(seconds)) { holder.take()?.resume() }
        }
    }

    /// Runs `call` without anybody waiting for it.
    static func begin(_ call: @escaping @Sendable () -> Void) { queue.async { call() } }

    private final class Holder<Result: Sendable>: Sendable {
        let waiting = Mutex<CheckedContinuation<Result, any Error>?>(nil)
        func take() -> CheckedContinuation<Result, any Error>? {
            waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
        }
    }
}
