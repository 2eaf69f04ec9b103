internal import PipeCore

/// The counters of a pipe at one time. They begin with the process: a rate is the difference of two samples over their times.
public struct PipeSample: Hashable, Sendable {
    /// Milliseconds since 1970.
    public var time: Int64
    public var fetchedRows: Int
    public var fetchedBytes: Int
    public var sentRows: Int
    public var sentBytes: Int
    public var errors: Int
    public var retries: Int
    /// Batches written.
    public var batches: Int
    /// Rows, messages or files, and bytes, that wait at the source; nil where the source does not say.
    public var lagItems: Int?
    public var lagBytes: Int?
    /// Mean of the newest hundred batches in milliseconds.
    public var latency: Double?
    /// Seconds from when the source made a row until it was written, of all rows since the start of the process; nil before the first.
    public var endToEnd: Quantiles?
    public var bytesInFlight: Int
    public var openBatches: Int

    public init(_ values: PipeMetrics.Values, time: Int64) {
        self.time = time
        fetchedRows = values.fetchedEvents
        fetchedBytes = values.fetchedBytes
        sentRows = values.sentEvents
        sentBytes = values.sentBytes
        errors = values.errors.values.reduce(0, +)
        retries = values.retries.values.reduce(0, +)
        batches = values.batchRows.count
        lagItems = values.lag?.items
        lagBytes = values.lag?.bytes
        latency = values.latency
        endToEnd = Quantiles(values.endToEndSeconds)
        bytesInFlight = values.bytesInFlight
        openBatches = values.openBatches
    }

    public struct Quantiles: Hashable, Sendable {
        public var p50: Double
        public var p95: Double
        public var p99: Double

        /// Nil without observations.
        init?(_ histogram: Histogram) {
            guard let p50 = histogram.quantile(0.5), let p95 = histogram.quantile(0.95), let p99 = histogram.quantile(0.99) else {
                return nil
            }
            (self.p50, self.p95, self.p99) = (p50, p95, p99)
        }
    }
}
