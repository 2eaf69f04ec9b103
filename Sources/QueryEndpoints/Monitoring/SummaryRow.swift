internal import FoundationEssentials

/// Calls counted by ClickHouse.
struct SummaryRow: Decodable, Sendable {
    /// Of every statement that gives such rows; those that group put their keys in front.
    static let columns = """
        count() AS requests, sumMap(map(toString(error_class), toUInt64(1))) AS errors, \
        quantiles(0.5, 0.95, 0.99)(duration_ms) AS durations, quantiles(0.5, 0.95, 0.99)(first_byte_ms) AS first_bytes, \
        sum(read_rows) AS rows_read, sum(read_bytes) AS bytes_read, sum(result_rows) AS rows_sent, \
        sum(result_bytes) AS bytes_sent, countIf(cache = 'hit') AS hits, countIf(cache = 'miss') AS misses, \
        toUnixTimestamp64Milli(max(timestamp)) AS last
        """

    /// Quantiles of nothing are NaN, which comes as null.
    static let settings = ["output_format_json_quote_denormals": "0"]

    var begins: Int64?
    var key_id: String?
    var token_subject: String?
    var requests: Int
    var errors: [String: Int]
    var durations: [Double?]
    var first_bytes: [Double?]
    var rows_read: Int
    var bytes_read: Int
    var rows_sent: Int
    var bytes_sent: Int
    var hits: Int
    var misses: Int
    var last: Int64

    var summary: CallSummary {
        var summary = CallSummary()
        summary.requests = requests
        summary.errors = errors.filter { !$0.key.isEmpty && $0.value > 0 }
        summary.duration = Self.quantiles(durations)
        summary.firstByte = Self.quantiles(first_bytes)
        (summary.readRows, summary.readBytes) = (rows_read, bytes_read)
        (summary.resultRows, summary.resultBytes) = (rows_sent, bytes_sent)
        (summary.cacheHits, summary.cacheMisses) = (hits, misses)
        return summary
    }

    var caller: CallReport.Caller {
        CallReport.Caller(
            keyID: key_id.flatMap { $0.isEmpty ? nil : $0 }, tokenSubject: token_subject.flatMap { $0.isEmpty ? nil : $0 },
            lastCall: Date(timeIntervalSince1970: Double(last) / 1000), summary: summary)
    }

    private static func quantiles(_ values: [Double?]) -> CallSummary.Quantiles? {
        guard values.count == 3, let p50 = values[0], let p95 = values[1], let p99 = values[2] else { return nil }
        return CallSummary.Quantiles(p50: p50, p95: p95, p99: p99)
    }
}
