import PipeCore

/// Repeats what fails for a passing reason, for as long as the pipe's patience lasts.
struct Retrier: Sendable {
    let policy: PipePolicy
    let stopwatch: Stopwatch
    let troubles: Troubles
    let metrics: PipeMetrics
    let log: any PipeLog

    /// The result of `body`. Throws `CancellationError` when cancelled, else a ``PipeError`` whose disposition is not `retry`.
    ///
    /// - Parameter side: whose fault an unclassified error is.
    func callAsFunction<Result: ~Copyable>(_ side: PipeSide, _ body: () async throws -> Result) async throws -> Result {
        var streak = FailureStreak(policy)
        var key: Int?
        while true {
            do {
                let result = try await body()
                if let key {
                    await troubles.clear(key)
                    log.log(.info, nil, "recovered after \(streak.attempts) failed attempts")
                }
                return result
            } catch {
                if Task.isCancelled { throw CancellationError() }
                let error = PipeError.classified(error, side: side)
                guard error.disposition == .retry else { throw error }
                metrics.retried(error)
                let pause = try streak.failed(error, at: stopwatch.now)
                if key == nil { log.log(.warning, error.code, error.message) }
                let known: Int
                if let key { known = key } else { known = await troubles.makeKey() }
                key = known
                await troubles.report(known, streak.message(error, pause: pause))
                try await stopwatch.sleep(for: pause)
            }
        }
    }
}
