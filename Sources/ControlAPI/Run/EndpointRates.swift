import Catalog
import FoundationEssentials
import QueryEndpoints
import Synchronization

/// Counts the calls of each endpoint against its own limits. A changed limit begins a new count.
final class EndpointRates: Sendable {
    private struct Limiter {
        var perMinute: Int
        var limiter: RateLimiter
    }

    private let limiters = Mutex<[String: Limiter]>([:])

    /// Counts one call and gives the standing nearest to its limit; nil when the endpoint has no limits. Throws 429.
    func count(_ endpoint: QueryEndpointRecord, caller: String, at now: Date) throws(QueryFailure) -> RateLimiter.Standing? {
        let limits = endpoint.limits
        var nearest: RateLimiter.Standing?
        for (perMinute, kind, name) in [(limits.requestsPerMinuteAndKey, "key", caller), (limits.requestsPerMinute, "endpoint", "")] {
            guard let perMinute else { continue }
            let standing = limiter("\(kind) \(endpoint.id)", perMinute).count(name, at: now)
            guard !standing.isExceeded else {
                let refusal = standing.refusal(
                    "this \(kind) has made more than \(perMinute) calls in a minute\(kind == "key" ? " of this endpoint" : "")")
                throw QueryFailure(refusal)
            }
            if nearest.map({ standing.remaining < $0.remaining }) ?? true { nearest = standing }
        }
        return nearest
    }

    private func limiter(_ name: String, _ perMinute: Int) -> RateLimiter {
        limiters.withLock { limiters in
            if let known = limiters[name], known.perMinute == perMinute { return known.limiter }
            // Endpoints come and go; a forgotten count costs at most one window.
            if limiters.count >= 10_000 { limiters.removeAll() }
            let limiter = RateLimiter(ControlAPIConfiguration.Rate(requests: perMinute, per: .seconds(60)))
            limiters[name] = Limiter(perMinute: perMinute, limiter: limiter)
            return limiter
        }
    }
}
