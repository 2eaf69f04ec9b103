public import FoundationEssentials
private import Synchronization

/// The sessions of the console, and codes that open one. In memory: a restart of Penstock signs everybody out.
///
/// Tokens and codes have 256 bits; only their hashes are kept.
public final class SessionStore: Sendable {
    private struct Code: Sendable {
        var keyIDHash: String
        var expires: Date
    }

    private struct State: Sendable {
        var sessions: [String: ConsoleSession] = [:]
        var codes: [String: Code] = [:]
    }

    /// A session ends so long after its last request.
    package let idle: TimeInterval
    /// And so long after its beginning, whatever happens.
    package let longest: TimeInterval
    private let capacity: Int
    private let capacityOfKey: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - capacity: most sessions at a time; one more ends the one that was idle longest.
    ///   - capacityOfKey: the same for one key, so that no key can end the sessions of others.
    public init(idle: TimeInterval = 30 * 60, longest: TimeInterval = 12 * 3600, capacity: Int = 10_000, capacityOfKey: Int = 50) {
        self.idle = idle
        self.longest = longest
        self.capacity = capacity
        self.capacityOfKey = capacityOfKey
    }

    /// A new session of a key, and the token that only its browser gets.
    package func open(keyID: String, keyIDHash: String, at now: Date) -> (token: String, session: ConsoleSession) {
        let token = KeyIssuer.secret()
        let session = ConsoleSession(keyID: keyID, keyIDHash: keyIDHash, csrfToken: KeyIssuer.secret(), openedAt: now, usedAt: now)
        state.withLock { state in
            state.sessions = state.sessions.filter { expiry(of: $0.value) > now }
            let own = state.sessions.filter { $0.value.keyID == keyID }
            let crowd = own.count >= capacityOfKey ? own : state.sessions.count >= capacity ? state.sessions : [:]
            if let oldest = crowd.min(by: { $0.value.usedAt < $1.value.usedAt }) { state.sessions[oldest.key] = nil }
            state.sessions[Digest.of(token)] = session
        }
        return (token, session)
    }

    /// The session of a token; nil when it has ended. `isUse` false leaves its time of last use alone.
    package func find(_ token: String, at now: Date, isUse: Bool = true) -> ConsoleSession? {
        let hash = Digest.of(token)
        return state.withLock { state in
            guard var session = state.sessions[hash] else { return nil }
            guard expiry(of: session) > now else {
                state.sessions[hash] = nil
                return nil
            }
            if isUse {
                session.usedAt = max(session.usedAt, now)
                state.sessions[hash] = session
            }
            return session
        }
    }

    package func close(_ token: String) { state.withLock { _ = $0.sessions.removeValue(forKey: Digest.of(token)) } }

    /// Ends all sessions of a key.
    package func close(keyID: String) { state.withLock { $0.sessions = $0.sessions.filter { $0.value.keyID != keyID } } }

    /// When the session ends if it is not used again.
    package func expiry(of session: ConsoleSession) -> Date {
        min(session.usedAt.addingTimeInterval(idle), session.openedAt.addingTimeInterval(longest))
    }

    /// A code that opens one session of the key within an hour, for a link that is shown on a terminal.
    public func issueCode(keyID: String, at now: Date) -> String {
        let code = KeyIssuer.secret()
        state.withLock { state in
            state.codes = state.codes.filter { $0.value.expires > now }
            state.codes[Digest.of(code)] = Code(keyIDHash: Digest.of(keyID), expires: now.addingTimeInterval(3600))
        }
        return code
    }

    /// The key of a code, which is of no use from now on; nil when it was none any more.
    package func redeem(_ code: String, at now: Date) -> String? {
        guard let known = state.withLock({ $0.codes.removeValue(forKey: Digest.of(code)) }), known.expires > now else { return nil }
        return known.keyIDHash
    }
}
