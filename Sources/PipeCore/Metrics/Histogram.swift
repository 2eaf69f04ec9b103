/// Counts of observations by upper bound, as Prometheus wants them.
public struct Histogram: Hashable, Sendable {
    /// Ascending; the bucket above the last is implied.
    public let bounds: [Double]
    private var counts: [Int]
    public private(set) var sum = 0.0

    public init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    public var count: Int { counts.reduce(0, +) }

    public mutating func record(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }

    /// `_bucket` samples with cumulative counts, `_sum` and `_count`.
    public func samples(_ labels: [MetricFamily.Label]) -> [MetricFamily.Sample] {
        var total = 0
        var samples: [MetricFamily.Sample] = []
        for (index, count) in counts.enumerated() {
            total += count
            let bound = index < bounds.count ? Self.text(bounds[index]) : "+Inf"
            samples.append(
                MetricFamily.Sample(suffix: "_bucket", labels: labels + [MetricFamily.Label("le", bound)], value: Double(total)))
        }
        samples.append(MetricFamily.Sample(suffix: "_sum", labels: labels, value: sum))
        samples.append(MetricFamily.Sample(suffix: "_count", labels: labels, value: Double(total)))
        return samples
    }

    private static func text(_ bound: Double) -> String {
        bound == bound.rounded() && abs(bound) < 1e15 ? "\(Int(bound))" : "\(bound)"
    }
}
