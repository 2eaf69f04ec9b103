/// Several sources of metrics as one.
public struct CombinedMetrics: MetricsSource {
    private let sources: [any MetricsSource]

    /// Families come in the order of `sources`, which share no name.
    public init(_ sources: [any MetricsSource]) { self.sources = sources }

    public func families(service: String?) -> [MetricFamily] { sources.flatMap { $0.families(service: service) } }
}
