import PipeCore
import Synchronization

/// Whether the source is being reached, across the repeated calls of `read`.
final class SourceHealth: Sendable {
    private let streak: Mutex<FailureStreak>
    private let troubles: Troubles
    private let stopwatch: Stopwatch
    private let log: any PipeLog
    private static let key = 0

    init(policy: PipePolicy, troubles: Troubles, stopwatch: Stopwatch, log: any PipeLog) {
        streak = Mutex(FailureStreak(policy))
        self.troubles = troubles
        self.stopwatch = stopwatch
        self.log = log
    }

    /// Pauses after a failed `read`. Throws the error that ends the pipe when patience is over.
    func pause(after error: PipeError) async throws {
        let now = stopwatch.now
        let (pause, message, isFirst) = try streak.withLock { streak in
            let pause = try streak.failed(error, at: now)
            return (pause, streak.message(error, pause: pause), streak.attempts == 1)
        }
        if isFirst { log.log(.warning, error.code, error.message) }
        await troubles.report(Self.key, message)
        try await stopwatch.sleep(for: pause)
    }

    func succeeded() async {
        let wasFailing = streak.withLock { streak in
            defer { streak.succeeded() }
            return streak.isFailing
        }
        guard wasFailing else { return }
        await troubles.clear(Self.key)
        log.log(.info, nil, "the source is reached again")
    }
}
