internal import FoundationEssentials
internal import Logging
private import Synchronization

/// The key sets of all endpoints, each fetched by one call at a time while the others wait for it.
final class KeySetCache: Sendable {
    private typealias State = KeySetState<KeySet, CheckedContinuation<Void, Never>>
    private let states = Mutex<[KeySetAddress: State]>([:])
    private let client: KeySetClient
    private let log: Logger

    /// Addresses remembered; beyond, one that nobody is fetching is forgotten.
    static let capacity = 1000

    init(client: KeySetClient, log: Logger) {
        self.client = client
        self.log = log
    }

    /// Nil when the keys cannot be fetched and none are at hand.
    func keys(_ address: KeySetAddress, at now: Date, wantsNewer: Bool) async -> KeySet? {
        while true {
            switch step(address, at: now, wantsNewer: wantsNewer) {
            case .use(let keys): return keys
            case .unavailable: return nil
            case .fetch:
                let fetched = await fetch(address)
                let waiters = states.withLock { $0[address]?.finished(fetched) ?? [] }
                for waiter in waiters { waiter.resume() }
            case .wait:
                await withCheckedContinuation { continuation in
                    let isWaiting = states.withLock { $0[address]?.wait(continuation) ?? false }
                    if !isWaiting { continuation.resume() }
                }
            }
        }
    }

    private func step(_ address: KeySetAddress, at now: Date, wantsNewer: Bool) -> State.Step {
        states.withLock { states in
            if states[address] == nil, states.count >= Self.capacity, let idle = states.first(where: { !$0.value.isBusy })?.key {
                states[idle] = nil
            }
            return states[address, default: State()].next(at: now, wantsNewer: wantsNewer)
        }
    }

    private func fetch(_ address: KeySetAddress) async -> KeySet? {
        do {
            let text = try await client.fetch(address)
            if let keys = await KeySet(text) { return keys }
            log.warning("a token key set is not a JSON Web Key Set", metadata: ["url": "\(address.logText)"])
        } catch {
            log.warning("a token key set cannot be fetched", metadata: ["url": "\(address.logText)", "reason": "\(error)"])
        }
        return nil
    }
}
