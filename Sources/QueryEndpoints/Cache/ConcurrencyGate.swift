private import Synchronization

/// Counts the calls of each endpoint that are under way, and refuses those over its limit.
public final class ConcurrencyGate: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    public init() {}

    /// Lets a call in; nil when `limit` calls of the endpoint are under way. A nil limit only counts.
    public func enter(_ endpoint: String, limit: Int?) -> Pass? {
        let isOpen = counts.withLock { counts in
            let running = counts[endpoint, default: 0]
            if let limit, running >= limit { return false }
            counts[endpoint] = running + 1
            return true
        }
        return isOpen ? Pass(gate: self, endpoint: endpoint) : nil
    }

    /// Calls of the endpoint that are under way.
    public func running(_ endpoint: String) -> Int { counts.withLock { $0[endpoint, default: 0] } }

    fileprivate func leave(_ endpoint: String) {
        counts.withLock { counts in
            let running = counts[endpoint, default: 0] - 1
            counts[endpoint] = running > 0 ? running : nil
        }
    }

    /// One call that is under way. It ends with ``end()``, at the latest when nobody holds it any more: keep it with the body that is
    /// being sent.
    public final class Pass: Sendable {
        private let gate: ConcurrencyGate
        private let endpoint: String
        private let isOver = Atomic(false)

        fileprivate init(gate: ConcurrencyGate, endpoint: String) {
            self.gate = gate
            self.endpoint = endpoint
        }

        /// A second call does nothing.
        public func end() {
            if !isOver.exchange(true, ordering: .acquiringAndReleasing) { gate.leave(endpoint) }
        }

        deinit { end() }
    }
}
