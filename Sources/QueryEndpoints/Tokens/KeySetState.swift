internal import FoundationEssentials

/// What is known of one key set and what a call that needs it must do next: a value, so that time and order are tested as such.
struct KeySetState<Keys: Sendable, Waiter: Sendable>: Sendable {
    enum Step {
        case use(Keys)
        /// This call fetches; `finished` must follow.
        case fetch
        /// Another call is fetching; ask again afterwards.
        case wait
        case unavailable
    }

    /// Younger keys are used without asking.
    static var freshFor: TimeInterval { 600 }
    /// So much longer keys are used while they cannot be fetched.
    static var staleFor: TimeInterval { 3600 }
    /// Between two fetches that an unknown key asks for.
    static var refreshPause: TimeInterval { 60 }
    /// Between two fetches after one that failed.
    static var retryPause: TimeInterval { 10 }

    private var keys: Keys?
    private var fetchedAt = Date.distantPast
    private var triedAt = Date.distantPast
    private var lastFailed = false
    private var isFetching = false
    private var waiters: [Waiter] = []

    init() {}

    /// - Parameter wantsNewer: the keys at hand do not hold the one a token names.
    mutating func next(at now: Date, wantsNewer: Bool) -> Step {
        let age = now.timeIntervalSince(fetchedAt)
        let usable = age < Self.freshFor + Self.staleFor ? keys : nil
        let sinceTry = now.timeIntervalSince(triedAt)
        if let usable, age < Self.freshFor, !(wantsNewer && (isFetching || sinceTry >= Self.refreshPause)) { return .use(usable) }
        if isFetching {
            if let usable, !wantsNewer { return .use(usable) }
            return .wait
        }
        if lastFailed, sinceTry < Self.retryPause { return usable.map(Step.use) ?? .unavailable }
        isFetching = true
        triedAt = now
        return .fetch
    }

    /// False when nobody is fetching any more: ask again instead of waiting.
    mutating func wait(_ waiter: Waiter) -> Bool {
        guard isFetching else { return false }
        waiters.append(waiter)
        return true
    }

    /// Nil for a fetch that failed. Returns who waited for it.
    mutating func finished(_ fetched: Keys?) -> [Waiter] {
        isFetching = false
        lastFailed = fetched == nil
        if let fetched {
            keys = fetched
            fetchedAt = triedAt
        }
        defer { waiters = [] }
        return waiters
    }

    var isBusy: Bool { isFetching || !waiters.isEmpty }
}
