import PipeCore

extension Stopwatch {
    /// Whether `condition` came true before `limit` was over; false at once when the task is cancelled.
    func waits<Value: Sendable>(_ limit: Duration, until condition: @escaping @Sendable (Value) -> Bool, of watched: Watched<Value>) async
        -> Bool
    {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { (try? await watched.wait(until: condition)) != nil }
            group.addTask {
                try? await sleep(for: limit)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
    }
}
