public import PipeCore
private import Synchronization

/// The metrics of all pipes of this process.
public final class MetricsRegistry: MetricsSource {
    private struct State {
        var pipes: [PipeID: PipeMetrics] = [:]
        var usage = ProcessUsage()
    }
    private let state = Mutex(State())

    public init() {}

    /// The metrics of a pipe: made at the first call, with the labels of the latest.
    public func metrics(for identity: PipeMetrics.Identity) -> PipeMetrics {
        state.withLock { state in
            if let known = state.pipes[identity.id] {
                known.identity = identity
                return known
            }
            let made = PipeMetrics(identity)
            state.pipes[identity.id] = made
            return made
        }
    }

    public subscript(pipe: PipeID) -> PipeMetrics? { state.withLock { $0.pipes[pipe] } }

    /// What is counted of every pipe.
    var values: [PipeMetrics.Values] { state.withLock { Array($0.pipes.values) }.map(\.values) }

    /// Forgets every other pipe.
    public func retain(_ pipes: Set<PipeID>) { state.withLock { $0.pipes = $0.pipes.filter { pipes.contains($0.key) } } }

    /// Measures the process; called from time to time, as CPU usage is a rate.
    public func sample(at now: Duration) { state.withLock { $0.usage.sample(at: now) } }

    public func families(service: String?) -> [MetricFamily] {
        let (pipes, usage) = state.withLock { ($0.pipes.values.map(\.values), $0.usage) }
        let chosen =
            pipes
            .filter { service == nil || $0.identity.serviceID == service }
            .sorted { $0.identity.id < $1.identity.id }
        return (MetricCatalog.contract + usage.metrics + MetricCatalog.own).map { metric in
            MetricFamily(
                name: metric.name, help: metric.help, kind: metric.kind,
                samples: chosen.flatMap { metric.samples($0, Self.labels($0.identity)) })
        }
    }

    private static func labels(_ pipe: PipeMetrics.Identity) -> [MetricFamily.Label] {
        [
            MetricFamily.Label("clickpipe_id", pipe.id.rawValue), MetricFamily.Label("clickpipe_name", pipe.name),
            MetricFamily.Label("clickpipe_source", pipe.source),
        ]
    }
}
