internal import Catalog
public import PipeCore
private import Synchronization

/// Prometheus metrics of query endpoints, counted since the start of the process.
///
/// There is one set of series for each endpoint of the catalog and one for SQL of callers on each service, whatever is called: their
/// number is in the hands of who publishes endpoints.
public final class CallMetrics: MetricsSource {
    /// One endpoint, or the service's own route.
    struct Subject: Hashable, Sendable {
        var service: String
        var endpoint: String?
    }

    struct Counts: Sendable {
        struct Answer: Hashable, Sendable {
            /// 2 for 200…299, and so on.
            var statusClass: Int
            var cache: CallRecord.CacheUse
        }

        var answers: [Answer: Int] = [:]
        var errors: [CallRecord.ErrorClass: Int] = [:]
        var readRows = 0
        var readBytes = 0
        var resultBytes = 0
        var inFlight = 0
        var duration = Histogram(Self.seconds)
        var firstByte = Histogram(Self.seconds)

        private static let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    }

    private struct State {
        var counts: [Subject: Counts] = [:]
        var names: [Subject: String] = [:]
    }

    private let state = Mutex(State())
    private let dropped: @Sendable (String) -> Int

    /// `dropped`: calls of a service that did not reach the log.
    package init(dropped: @escaping @Sendable (String) -> Int = { _ in 0 }) { self.dropped = dropped }

    func entered(service: String, endpoint: String?) {
        state.withLock { $0.counts[Subject(service: service, endpoint: endpoint), default: Counts()].inFlight += 1 }
    }

    func left(service: String, endpoint: String?) {
        // An endpoint that was deleted in the meantime is not counted any more.
        state.withLock { $0.counts[Subject(service: service, endpoint: endpoint)]?.inFlight -= 1 }
    }

    func count(_ call: CallRecord) {
        let subject = Subject(service: call.serviceID, endpoint: call.endpointID)
        let answer = Counts.Answer(statusClass: call.status / 100, cache: call.cache)
        state.withLock { state in
            // In place: a copy of the histograms for each call would cost more than the rest.
            func add(_ counts: inout Counts) {
                counts.answers[answer, default: 0] += 1
                if let failure = call.failure { counts.errors[failure.errorClass, default: 0] += 1 }
                counts.readRows += call.readRows
                counts.readBytes += call.readBytes
                counts.resultBytes += call.resultBytes
                counts.duration.record(call.total.milliseconds / 1000)
                if let firstByte = call.firstByte { counts.firstByte.record(firstByte.milliseconds / 1000) }
            }
            add(&state.counts[subject, default: Counts()])
        }
    }

    /// Everything that has counts now.
    func counted() -> Set<Subject> { state.withLock { Set($0.counts.keys) } }

    /// Shows these endpoints, called or not. Of the `old` ones those that are gone are forgotten; what came later than `old` may be
    /// newer than the list and stays.
    func keep(_ endpoints: [QueryEndpointRecord], forgetting old: Set<Subject>) {
        let names = Dictionary(
            endpoints.map { (Subject(service: $0.serviceID, endpoint: $0.id), $0.name) }, uniquingKeysWith: { _, last in last })
        state.withLock { state in
            for subject in old where subject.endpoint != nil && names[subject] == nil { state.counts[subject] = nil }
            for subject in names.keys where state.counts[subject] == nil { state.counts[subject] = Counts() }
            state.names = names
        }
    }

    public func families(service: String?) -> [MetricFamily] {
        let (counts, names) = state.withLock { ($0.counts, $0.names) }
        let chosen =
            counts
            .filter { ($0.key.endpoint == nil || names[$0.key] != nil) && (service == nil || $0.key.service == service) }
            .sorted { ($0.key.service, $0.key.endpoint ?? "") < ($1.key.service, $1.key.endpoint ?? "") }
            .map { ($0.value, Self.labels($0.key, name: names[$0.key])) }
        var families = CallMetric.all.map { metric in
            MetricFamily(
                name: metric.name, help: metric.help, kind: metric.kind, samples: chosen.flatMap { metric.samples($0.0, $0.1) })
        }
        let missing = (service.map { [$0] } ?? Set(counts.keys.map(\.service))).reduce(0) { $0 + dropped($1) }
        families.append(
            MetricFamily(
                name: "QueryEndpoints_LogRecordsDropped_Total",
                help: "Calls missing in the log because ClickHouse did not take them. Counted since the start of the Penstock process.",
                kind: .counter, samples: [MetricFamily.Sample(labels: [], value: Double(missing))]))
        return families
    }

    private static func labels(_ subject: Subject, name: String?) -> [MetricFamily.Label] {
        [
            MetricFamily.Label("query_endpoint_id", subject.endpoint ?? "service"),
            MetricFamily.Label("query_endpoint_name", name ?? "service"),
        ]
    }
}
