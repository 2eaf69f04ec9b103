private import Synchronization

/// Whether the caller still waits for the answer. Ends at most once, from any thread.
public final class CallerPresence: Sendable {
    private struct State {
        var isOver = false
        var action: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    public init() {}

    public var isOver: Bool { state.withLock { $0.isOver } }

    /// The caller has gone.
    public func end() {
        let action = state.withLock { state in
            state.isOver = true
            defer { state.action = nil }
            return state.action
        }
        action?()
    }

    /// Runs `action` when the caller goes, at once when it has gone already. Replaces the action before.
    public func whenOver(_ action: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if !state.isOver { state.action = action }
            return state.isOver
        }
        if isOver { action() }
    }

    /// Forgets the action: the answer is complete.
    public func forget() { state.withLock { $0.action = nil } }
}
