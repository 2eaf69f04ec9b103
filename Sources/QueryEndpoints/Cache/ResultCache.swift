internal import ClickHouse
internal import NIOCore
private import Synchronization

/// Results of endpoints for a time to live, in memory that is bounded in bytes.
///
/// Calls with equal keys that come while the result is made wait for it instead of making it again. Errors, writes and answers that
/// broke off are never kept, because only a whole answer is ever handed in.
public final class ResultCache: Sendable {
    public struct Limits: Sendable, Hashable {
        /// Of all results together; 64 MiB. 0 keeps nothing.
        public var bytes: Int
        /// Of one result; 4 MiB. A larger one is streamed to its caller and not kept.
        public var entryBytes: Int
        public init(bytes: Int = 64 << 20, entryBytes: Int = 4 << 20) {
            self.bytes = bytes
            self.entryBytes = min(entryBytes, bytes)
        }
    }

    /// Counts since the start, and what is held now.
    public struct Statistics: Sendable, Hashable {
        public var hits = 0
        public var misses = 0
        public var evictions = 0
        public var entries = 0
        public var bytes = 0
    }

    private struct State {
        var store: ResultStore
        var flights: [CacheKey: Flight] = [:]
        var nextWaiter = 0
        var hits = 0
        var misses = 0
    }

    /// Callers that wait for the one that makes a result, in order of arrival.
    private struct Flight {
        var waiters: [(id: Int, continuation: CheckedContinuation<Turnout, Never>)] = []
    }

    /// What a caller is told to do.
    private enum Turnout: Sendable {
        case take(CachedResult)
        /// Make the result, for others too.
        case lead
        /// Make it for yourself.
        case goAlone
    }

    public let limits: Limits
    private let state: Mutex<State>
    private let clock: any Clock<Duration>
    private let elapsed: @Sendable () -> Duration

    public init(_ limits: Limits = Limits(), clock: any Clock<Duration> = ContinuousClock()) {
        self.limits = limits
        self.clock = clock
        elapsed = clock.stopwatch()
        state = Mutex(State(store: ResultStore(maxBytes: limits.bytes)))
    }

    public var statistics: Statistics {
        state.withLock {
            Statistics(
                hits: $0.hits, misses: $0.misses, evictions: $0.store.evictions, entries: $0.store.count, bytes: $0.store.bytes)
        }
    }

    /// Callers that wait for this key's result.
    package func waiting(_ key: CacheKey) -> Int { state.withLock { $0.flights[key]?.waiters.count ?? 0 } }

    /// The result, if it is there: a lookup under a lock, and nothing else.
    public func result(_ key: CacheKey) -> CachedResult? {
        let now = elapsed()
        return state.withLock { state in
            guard case .take(let result)? = Self.known(key, at: now, in: &state) else { return nil }
            state.hits += 1
            return result
        }
    }

    /// The result for `key`, from memory, from a call that is making it now, or made by `produce`.
    ///
    /// - Parameters:
    ///   - seconds: how long a new result may be used.
    ///   - patience: how long to wait for a call that is making it, before calling `produce`; nil: as long as that takes.
    ///   - produce: makes the result; called at most once. It returns nil when the answer is longer than ``Limits/entryBytes``, as
    ///     soon as that many bytes were read: the caller goes on with its own stream, and those who waited make their own.
    /// - Returns: nil when `produce` returned nil.
    ///
    /// When `produce` throws, those who waited call their own; when it throws because its caller went away, the first of them takes
    /// over. A caller that is cancelled while it waits calls `produce` too, for the error to be thrown: cancelled work ends at once.
    public func answer<Failure: Error>(
        _ key: CacheKey, seconds: Int, patience: Duration? = nil, _ produce: () async throws(Failure) -> CachedAnswer?
    ) async throws(Failure) -> CachedResult? {
        switch await turnout(key, patience: patience) {
        case .take(let result):
            return result
        case .goAlone:
            guard let answer = try await produce() else { return nil }
            return keep(answer, for: key, seconds: seconds, endingFlight: false)
        case .lead:
            let answer: CachedAnswer?
            do {
                answer = try await produce()
            } catch {
                if Task.isCancelled || Self.isCancellation(error) { handOver(key) } else { dissolve(key, tooLargeFor: nil) }
                throw error
            }
            guard let answer else {
                dissolve(key, tooLargeFor: seconds)
                return nil
            }
            return keep(answer, for: key, seconds: seconds, endingFlight: true)
        }
    }

    // MARK: Parts

    /// Whether the work was given up, rather than failed: by its task, or by a connection that closed.
    private static func isCancellation(_ error: any Error) -> Bool {
        switch error {
        case is CancellationError: true
        case let error as ClickHouseError: error.code == .cancelled
        case let failure as QueryFailure: failure.status == 499
        default: false
        }
    }

    private static func known(_ key: CacheKey, at now: Duration, in state: inout State) -> Turnout? {
        guard let entry = state.store.entry(key, at: now) else { return nil }
        switch entry.content {
        case .answer(let answer, let etag):
            let age = Int((now - entry.storedAt).components.seconds)
            return .take(CachedResult(answer: answer, etag: etag, age: age, seconds: entry.seconds, isHit: true))
        case .tooLarge:
            return .goAlone
        }
    }

    private enum Start {
        case told(Turnout)
        case wait(Int)
    }

    private func turnout(_ key: CacheKey, patience: Duration?) async -> Turnout {
        let now = elapsed()
        let start = state.withLock { state -> Start in
            if let known = Self.known(key, at: now, in: &state) {
                if case .take = known { state.hits += 1 } else { state.misses += 1 }
                return .told(known)
            }
            if state.flights[key] != nil {
                state.nextWaiter += 1
                return .wait(state.nextWaiter)
            }
            state.flights[key] = Flight()
            state.misses += 1
            return .told(.lead)
        }
        switch start {
        case .told(let turnout): return turnout
        case .wait(let id): return await wait(id, for: key, patience: patience)
        }
    }

    private func wait(_ id: Int, for key: CacheKey, patience: Duration?) async -> Turnout {
        guard let patience else { return await wait(id, for: key) }
        return await withTaskGroup(of: Turnout?.self) { [clock] group in
            group.addTask { await self.wait(id, for: key) }
            group.addTask {
                do { try await clock.sleep(for: patience) } catch { return nil }
                return nil
            }
            let first = await group.next() ?? nil
            // Ends the sleep, or the wait, which may have been told something in this very moment: that counts.
            group.cancelAll()
            if let first { return first }
            return await group.next().flatMap { $0 } ?? .goAlone
        }
    }

    private func wait(_ id: Int, for key: CacheKey) async -> Turnout {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = elapsed()
                let told = state.withLock { state -> Turnout? in
                    // The handler below may have run already and found nobody.
                    if Task.isCancelled {
                        state.misses += 1
                        return .goAlone
                    }
                    if state.flights[key] != nil {
                        state.flights[key]?.waiters.append((id, continuation))
                        return nil
                    }
                    // The flight ended since it was seen.
                    if let known = Self.known(key, at: now, in: &state) {
                        if case .take = known { state.hits += 1 } else { state.misses += 1 }
                        return known
                    }
                    state.misses += 1
                    return .goAlone
                }
                if let told { continuation.resume(returning: told) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Turnout, Never>? in
                guard let place = state.flights[key]?.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                state.misses += 1
                return state.flights[key]?.waiters.remove(at: place).continuation
            }
            waiter?.resume(returning: .goAlone)
        }
    }

    /// Stores a result and gives it to those who wait.
    private func keep(_ answer: CachedAnswer, for key: CacheKey, seconds: Int, endingFlight: Bool) -> CachedResult {
        let etag = CachedResult.etag(of: answer, key: key)
        let isKept = seconds > 0 && answer.body.readableBytes <= limits.entryBytes
        let now = elapsed()
        let waiters = state.withLock { state in
            if isKept {
                state.store.insert(.init(content: .answer(answer, etag: etag), storedAt: now, seconds: seconds), for: key)
            }
            guard endingFlight, let flight = state.flights.removeValue(forKey: key) else { return Flight().waiters }
            if isKept { state.hits += flight.waiters.count } else { state.misses += flight.waiters.count }
            return flight.waiters
        }
        let shared = CachedResult(answer: answer, etag: etag, age: 0, seconds: seconds, isHit: true)
        for waiter in waiters { waiter.continuation.resume(returning: isKept ? .take(shared) : .goAlone) }
        return CachedResult(answer: answer, etag: etag, age: 0, seconds: seconds, isHit: false)
    }

    /// Ends a flight without a result.
    /// - Parameter seconds: for this long every call goes alone, because the result is too large to keep; nil: the next one leads.
    private func dissolve(_ key: CacheKey, tooLargeFor seconds: Int?) {
        let now = elapsed()
        let waiters = state.withLock { state in
            if let seconds, seconds > 0 {
                state.store.insert(.init(content: .tooLarge, storedAt: now, seconds: seconds), for: key)
            }
            let waiters = state.flights.removeValue(forKey: key)?.waiters ?? []
            state.misses += waiters.count
            return waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: .goAlone) }
    }

    /// The first who waits leads on.
    private func handOver(_ key: CacheKey) {
        let next = state.withLock { state -> CheckedContinuation<Turnout, Never>? in
            guard let flight = state.flights[key], !flight.waiters.isEmpty else {
                state.flights[key] = nil
                return nil
            }
            state.misses += 1
            return state.flights[key]?.waiters.removeFirst().continuation
        }
        next?.resume(returning: .lead)
    }
}
