package import FoundationEssentials
private import Synchronization

/// Counts events of many names, each in windows that begin with its first event.
///
/// Remembers at most `capacity` names: when there are more, windows that are over are forgotten, then the oldest.
package final class RateLimiter: Sendable {
    package struct Standing: Sendable, Hashable {
        package var limit: Int
        /// Events left in the window.
        package var remaining: Int
        /// Seconds until the window ends.
        package var reset: TimeInterval
        package var isExceeded: Bool
    }

    private struct Window {
        var start: Date
        var count: Int
    }

    private let rate: ControlAPIConfiguration.Rate
    private let span: TimeInterval
    private let capacity: Int
    private let windows = Mutex<[String: Window]>([:])

    package init(_ rate: ControlAPIConfiguration.Rate, capacity: Int = 10_000) {
        self.rate = rate
        self.capacity = max(1, capacity)
        let (seconds, attoseconds) = rate.per.components
        span = Double(seconds) + Double(attoseconds) / 1e18
    }

    /// Counts one event of `name` and says how the name stands after it.
    package func count(_ name: String, at now: Date) -> Standing {
        windows.withLock { windows in
            var window = windows[name] ?? Window(start: now, count: 0)
            if now < window.start || now.timeIntervalSince(window.start) >= span { window = Window(start: now, count: 0) }
            window.count += 1
            if windows[name] == nil, windows.count >= capacity { makeRoom(in: &windows, at: now) }
            windows[name] = window
            return Standing(
                limit: rate.requests, remaining: max(0, rate.requests - window.count),
                reset: span - now.timeIntervalSince(window.start), isExceeded: window.count > rate.requests)
        }
    }

    /// How many names are remembered.
    package var size: Int { windows.withLock { $0.count } }

    private func makeRoom(in windows: inout [String: Window], at now: Date) {
        windows = windows.filter { now.timeIntervalSince($0.value.start) < span }
        if windows.count >= capacity, let oldest = windows.min(by: { $0.value.start < $1.value.start })?.key {
            windows[oldest] = nil
        }
    }
}
