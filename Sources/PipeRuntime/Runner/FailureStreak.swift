import PipeCore

/// Failures of one thing without a success between, as a value: how long to pause, and when to give up.
struct FailureStreak: Sendable {
    private let policy: PipePolicy
    private var backoff: Backoff
    private var began: Duration?
    private(set) var attempts = 0

    init(_ policy: PipePolicy) {
        self.policy = policy
        backoff = policy.makeBackoff()
    }

    var isFailing: Bool { began != nil }

    /// The pause before the next try. Throws the error that ends the pipe when the streak is as long as the patience with
    /// that side; patience counts from the first failure after a success.
    mutating func failed(_ error: PipeError, at now: Duration) throws(PipeError) -> Duration {
        let began = began ?? now
        self.began = began
        attempts += 1
        let left = policy.patience(for: error.side) - (now - began)
        guard left > .zero else {
            throw PipeError(
                error.code, .user, side: error.side,
                "gave up after \((now - began).spoken) and \(attempts) attempts: \(error.message); start the pipe again once this is repaired",
                underlying: error)
        }
        return min(backoff.next(), left)
    }

    mutating func succeeded() {
        guard isFailing else { return }
        began = nil
        attempts = 0
        backoff.reset()
    }

    /// The state message of the pause.
    func message(_ error: PipeError, pause: Duration) -> String {
        "retrying: \(error.message) (attempt \(attempts), next try in \(pause.spoken))"
    }
}
