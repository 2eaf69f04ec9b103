/// Time since it was made, on any clock.
struct Stopwatch: Sendable {
    let read: @Sendable () -> Duration
    let sleep: @Sendable (Duration) async throws -> Void

    init(_ clock: some Clock<Duration>) {
        let start = clock.now
        read = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
    }

    var now: Duration { read() }

    /// Whether `condition` came true before `limit` was over; false at once when the task is cancelled.
    func waits<Value: Sendable>(_ limit: Duration, until condition: @escaping @Sendable (Value) -> Bool, of monitor: Monitor<Value>) async
        -> Bool
    {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { (try? await monitor.wait(until: condition)) != nil }
            group.addTask {
                try? await sleep(limit)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
    }
}
