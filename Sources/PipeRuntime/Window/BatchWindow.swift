private import Synchronization

/// The only channel of the data plane: between a source and its inserters, bounded in bytes.
///
/// The weight of an element counts from the moment it is accepted until it is released, that is while it is queued *and* while
/// it is being written. One element heavier than the whole window passes when nothing else is in it. Waiters are served in
/// order. Beyond its capacity a window holds one element for each suspended sender.
public final class BatchWindow<Element: Sendable>: Sendable {
    private let state: Mutex<WindowState<Element>>
    private let limit: @Sendable () -> Int

    /// - Parameters:
    ///   - capacity: bytes.
    ///   - limit: how many elements may be taken and not released at a time. Asked again whenever something moves, under the
    ///     window's lock, so that an older answer never follows a newer one; it must not call the window.
    ///     ``limitChanged()`` makes a change take effect at once.
    public init(capacity: Int, limit: @escaping @Sendable () -> Int = { .max }) {
        state = Mutex(WindowState(capacity: capacity))
        self.limit = limit
    }

    public struct Gauges: Hashable, Sendable {
        public var weight: Int
        public var queued: Int
        public var taken: Int
        public var waitingSenders: Int
        public var waitingConsumers: Int

        public init(weight: Int = 0, queued: Int = 0, taken: Int = 0, waitingSenders: Int = 0, waitingConsumers: Int = 0) {
            self.weight = weight
            self.queued = queued
            self.taken = taken
            self.waitingSenders = waitingSenders
            self.waitingConsumers = waitingConsumers
        }
    }

    public var gauges: Gauges {
        state.withLock {
            Gauges(
                weight: $0.weight, queued: $0.queued, taken: $0.taken, waitingSenders: $0.waitingProducers,
                waitingConsumers: $0.waitingConsumers)
        }
    }

    /// Returns once the element is accepted. Throws, and the element is not in the window: `CancellationError` when the task
    /// is cancelled or the window finished; the window's error when it failed.
    public func send(_ element: Element, weight: Int) async throws {
        let id = state.withLock { $0.makeID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = Task.isCancelled
                run(
                    state.withLock {
                        $0.send(element, weight: weight, id: id, continuation, isCancelled: isCancelled, limit: limit())
                    })
            }
        } onCancel: {
            run(state.withLock { $0.cancel(id, limit: limit()) })
        }
    }

    /// The next element, or nil when the window is finished and empty. Must be followed by one ``release(weight:)``.
    public func next() async throws -> Element? {
        let id = state.withLock { $0.makeID() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = Task.isCancelled
                run(state.withLock { $0.next(id: id, continuation, isCancelled: isCancelled, limit: limit()) })
            }
        } onCancel: {
            run(state.withLock { $0.cancel(id, limit: limit()) })
        }
    }

    /// An element that was taken is done with.
    public func release(weight: Int) {
        run(state.withLock { $0.release(weight: weight, limit: limit()) })
    }

    public func limitChanged() {
        run(state.withLock { $0.settle(limit: limit()) })
    }

    /// No more elements: consumers get what is queued, then nil.
    public func finish() {
        run(state.withLock { $0.finish(limit: limit()) })
    }

    /// Ends everything at once: what is queued is dropped, everybody gets `error`.
    public func fail(_ error: any Error) { run(state.withLock { $0.fail(error) }) }

    private func run(_ effects: [WindowState<Element>.Effect]) {
        for effect in effects {
            switch effect {
            case .accept(let producer): producer.resume()
            case .refuse(let producer, let error): producer.resume(throwing: error)
            case .deliver(let consumer, let element): consumer.resume(returning: element)
            case .fail(let consumer, let error): consumer.resume(throwing: error)
            }
        }
    }
}
