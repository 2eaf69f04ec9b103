internal import PipeCore

/// One metric of query endpoints: its name, and where its samples come from.
struct CallMetric: Sendable {
    typealias Samples = @Sendable (CallMetrics.Counts, [MetricFamily.Label]) -> [MetricFamily.Sample]

    var name: String
    var help: String
    var kind: MetricFamily.Kind
    var samples: Samples

    private init(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ samples: @escaping Samples) {
        self.name = "QueryEndpoints_" + name
        self.help = kind == .gauge ? help : help + " Counted since the start of the Penstock process."
        self.kind = kind
        self.samples = samples
    }

    private init(_ name: String, _ kind: MetricFamily.Kind, _ help: String, value: @escaping @Sendable (CallMetrics.Counts) -> Int) {
        self.init(name, kind, help) { counts, labels in [MetricFamily.Sample(labels: labels, value: Double(value(counts)))] }
    }

    static let all: [CallMetric] = [
        CallMetric("Requests_Total", .counter, "Calls that have ended, by class of their HTTP status and use of the result cache.") {
            counts, labels in
            counts.answers.sorted { ($0.key.statusClass, $0.key.cache.rawValue) < ($1.key.statusClass, $1.key.cache.rawValue) }.map {
                MetricFamily.Sample(
                    labels: labels + [
                        MetricFamily.Label("status_class", "\($0.key.statusClass)xx"),
                        MetricFamily.Label("cache", $0.key.cache.rawValue),
                    ], value: Double($0.value))
            }
        },
        CallMetric("Errors_Total", .counter, "Calls that were not fully answered, by class.") { counts, labels in
            CallRecord.ErrorClass.allCases.map {
                MetricFamily.Sample(
                    labels: labels + [MetricFamily.Label("error_class", $0.rawValue)], value: Double(counts.errors[$0] ?? 0))
            }
        },
        CallMetric("Duration_Seconds", .histogram, "From the arrival of a call to the end of its answer.") {
            $0.duration.samples($1)
        },
        CallMetric("FirstByte_Seconds", .histogram, "From the arrival of a call to the first byte of its answer.") {
            $0.firstByte.samples($1)
        },
        CallMetric("ReadRows_Total", .counter, "Rows that ClickHouse read.", value: \.readRows),
        CallMetric("ReadBytes_Total", .counter, "Bytes that ClickHouse read, uncompressed.", value: \.readBytes),
        CallMetric("SentBytes_Total", .counter, "Bytes of answers as sent.", value: \.resultBytes),
        CallMetric("InFlight", .gauge, "Calls that run now.", value: \.inFlight),
    ]
}
