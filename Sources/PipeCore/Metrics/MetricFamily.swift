/// One metric with all its label sets, as the Prometheus text format groups them.
public struct MetricFamily: Hashable, Sendable {
    public enum Kind: String, Sendable, Hashable { case counter, gauge, histogram }

    public struct Sample: Hashable, Sendable {
        /// Appended to the family's name: empty, `_bucket`, `_sum` or `_count`.
        public var suffix: String
        /// In the order they are written.
        public var labels: [Label]
        public var value: Double
        public init(suffix: String = "", labels: [Label], value: Double) {
            self.suffix = suffix
            self.labels = labels
            self.value = value
        }
    }

    public struct Label: Hashable, Sendable {
        public var name: String
        public var value: String
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var name: String
    public var help: String
    public var kind: Kind
    public var samples: [Sample]

    public init(name: String, help: String, kind: Kind, samples: [Sample]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.samples = samples
    }
}

/// Where the API gets metrics from.
public protocol MetricsSource: Sendable {
    /// Everything known of what runs on one service, or on all. Labels `clickhouse_org`, `clickhouse_service` and
    /// `clickhouse_service_name` are added by the API.
    func families(service: String?) -> [MetricFamily]
}
