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

    /// The value that this part of the observations does not exceed, taken as evenly spread within its bucket: what Prometheus'
    /// `histogram_quantile` computes. Nil without observations; above the last bound, that bound.
    public func quantile(_ part: Double) -> Double? {
        let rank = part * Double(count)
        guard count > 0 else { return nil }
        var below = 0
        for (index, bound) in bounds.enumerated() {
            let upTo = below + counts[index]
            if Double(upTo) >= rank, counts[index] > 0 {
                let start = index == 0 ? 0 : bounds[index - 1]
                return start + (bound - start) * (rank - Double(below)) / Double(counts[index])
            }
            below = upTo
        }
        return bounds.last
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
