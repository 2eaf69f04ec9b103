/// The time by which something must have happened, on whichever clock the client was given.
struct Deadline: Sendable {
    private let isPast: @Sendable () -> Bool
    private let sleep: @Sendable () async throws -> Void

    init(in duration: Duration, on clock: some Clock<Duration>) {
        let end = clock.now.advanced(by: duration)
        isPast = { end <= clock.now }
        sleep = { try await clock.sleep(until: end, tolerance: nil) }
    }

    /// Runs `work` until it ends or the time is up; then it is cancelled, awaited, and ``StatementTimeout`` is thrown.
    func limit<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
        if isPast() { throw StatementTimeout() }
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await sleep()
                throw StatementTimeout()
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}

/// Thrown inside when a statement's time is up.
struct StatementTimeout: Error {}
