import PipeCore

/// Every metric of pipes: name, help, kind and where its samples come from.
///
/// The first group has the names and meanings of ClickPipes (reference: ClickHouse Cloud's monitoring documentation); the
/// second group is what operators of ClickPipes miss.
struct MetricCatalog {
    typealias Samples = @Sendable (PipeMetrics.Values, [MetricFamily.Label]) -> [MetricFamily.Sample]

    struct Metric: Sendable {
        var name: String
        var help: String
        var kind: MetricFamily.Kind
        var samples: Samples

        init(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ samples: @escaping Samples) {
            self.name = "ClickPipes_" + name
            self.help = kind == .gauge ? help : help + " Counted since the start of the Penstock process."
            self.kind = kind
            self.samples = samples
        }

        init(_ name: String, _ kind: MetricFamily.Kind, _ help: String, value: @escaping @Sendable (PipeMetrics.Values) -> Double?) {
            self.init(name, kind, help) { values, labels in
                value(values).map { [MetricFamily.Sample(labels: labels, value: $0)] } ?? []
            }
        }
    }

    /// Of database pipes. The first has the name and labels of ClickPipes.
    private static let tables: [Metric] = [
        Metric(
            "FetchedEvents_PerTable", .counter, "Rows written to each mapped table; those of the snapshot are inserts."
        ) { values, labels in
            perTable(values, labels) { table, labels in
                [("insert", table.events.inserts), ("update", table.events.updates), ("delete", table.events.deletes)].map {
                    MetricFamily.Sample(labels: labels + [MetricFamily.Label("event_type", $0)], value: Double($1))
                }
            }
        },
        Metric("Table_State", .gauge, "1 for each mapped table; its state is a label.") { values, labels in
            perTable(values, labels) { table, labels in
                table.progress.map {
                    [MetricFamily.Sample(labels: labels + [MetricFamily.Label("state", $0.state.rawValue)], value: 1)]
                } ?? []
            }
        },
        table("Table_SnapshotRows", "Rows copied of each mapped table.") { $0.progress.map { Double($0.rows.done) } },
        table("Table_SnapshotRowsExpected", "Rows to copy of each mapped table, an estimate.") {
            $0.progress?.rows.total.map { Double($0) }
        },
        table("Table_SnapshotChunks", "Chunks copied of each mapped table.") { $0.progress.map { Double($0.chunks.done) } },
        table("Table_SnapshotChunksExpected", "Chunks to copy of each mapped table.") { $0.progress?.chunks.total.map { Double($0) } },
        table("Table_Lag_Seconds", "Time from the commit of the oldest row of a table's newest write until it was written.") {
            $0.lag.map { Double($0) / 1000 }
        },
    ]

    private static func perTable(
        _ values: PipeMetrics.Values, _ labels: [MetricFamily.Label],
        _ samples: (PipeMetrics.TableValues, [MetricFamily.Label]) -> [MetricFamily.Sample]
    ) -> [MetricFamily.Sample] {
        values.tables.sorted { $0.key < $1.key }.flatMap { samples($0.value, labels + [MetricFamily.Label("destination_table", $0.key)]) }
    }

    private static func table(
        _ name: String, _ help: String, _ value: @escaping @Sendable (PipeMetrics.TableValues) -> Double?
    ) -> Metric {
        Metric(name, .gauge, help) { values, labels in
            perTable(values, labels) { table, labels in value(table).map { [MetricFamily.Sample(labels: labels, value: $0)] } ?? [] }
        }
    }

    static let contract: [Metric] = [
        Metric("Info", .gauge, "1 for each pipe; its state is a label.") { values, labels in
            [MetricFamily.Sample(labels: labels + [MetricFamily.Label("clickpipe_state", values.identity.state.rawValue)], value: 1)]
        },
        Metric("FetchedEvents_Total", .counter, "Rows, messages or records read from the source.") { Double($0.fetchedEvents) },
        Metric("FetchedBytes_Total", .counter, "Bytes read from the source, uncompressed.") { Double($0.fetchedBytes) },
        Metric(
            "FetchedBytesCompressed_Total", .counter,
            "Bytes read from the source as stored there where that is known (files), else uncompressed."
        ) { Double($0.fetchedBytesCompressed) },
        Metric("SentEvents_Total", .counter, "Rows written to ClickHouse.") { Double($0.sentEvents) },
        Metric("SentBytes_Total", .counter, "Bytes written to ClickHouse, uncompressed.") { Double($0.sentBytes) },
        Metric(
            "SentBytesCompressed_Total", .counter,
            "Bytes written to ClickHouse: files as stored at the source, everything else uncompressed."
        ) { Double($0.sentBytesCompressed) },
        Metric("Errors_Total", .counter, "Failed tries, failures of the pipe, and records left out.") {
            Double($0.errors.values.reduce(0, +))
        },
        Metric(
            "Latency", .gauge,
            "Milliseconds until a batch was written, mean of the last 100 batches: from the time the source made its oldest row, or where the source does not say, from the time the batch was read."
        ) { $0.latency },
    ]

    static let own: [Metric] =
        tables + [
            Metric("Lag_Items", .gauge, "Rows, messages or files known to wait at the source.") { $0.lag.map { Double($0.items) } },
            Metric("Lag_Bytes", .gauge, "Bytes known to wait at the source.") { $0.lag.map { Double($0.bytes) } },
            Metric("Lag_ItemsPerLane", .gauge, "Items known to wait in each lane of the source, such as a partition of Kafka.") {
                values, labels in
                (values.lag?.lanes ?? [:]).sorted { $0.key < $1.key }.map {
                    MetricFamily.Sample(labels: labels + [MetricFamily.Label("lane", $0.key.rawValue)], value: Double($0.value))
                }
            },
            Metric("SourceEvents_Total", .counter, "Things that happened at the source, such as rebalances.") { values, labels in
                values.events.sorted { $0.key < $1.key }.map {
                    MetricFamily.Sample(labels: labels + [MetricFamily.Label("event", $0.key)], value: Double($0.value))
                }
            },
            Metric("InFlight_Bytes", .gauge, "Bytes of batches read and not yet written.") { Double($0.bytesInFlight) },
            Metric("OpenBatches", .gauge, "Batches read and not yet written.") { Double($0.openBatches) },
            Metric("Batch_Rows", .histogram, "Rows of a batch as written.") { $0.batchRows.samples($1) },
            Metric("Batch_Bytes", .histogram, "Bytes of a batch as written.") { $0.batchBytes.samples($1) },
            Metric("InsertDuration_Seconds", .histogram, "Duration of the successful write of a batch.") { $0.insertSeconds.samples($1) },
            Metric(
                "EndToEndLatency_Seconds", .histogram,
                "Time from when the source made a row until it was written; the oldest and the newest row of each batch."
            ) { $0.endToEndSeconds.samples($1) },
            Metric("EndToEndLatencyQuantile_Seconds", .gauge, "EndToEndLatency_Seconds as p50, p95 and p99 since the start of the process.")
            {
                values, labels in
                [(0.5, "0.5"), (0.95, "0.95"), (0.99, "0.99")].compactMap { part, text in
                    values.endToEndSeconds.quantile(part).map {
                        MetricFamily.Sample(labels: labels + [MetricFamily.Label("quantile", text)], value: $0)
                    }
                }
            },
            Metric("Flushes_Total", .counter, "Batches by the reason they were closed for.") { values, labels in
                FlushReason.allCases.compactMap { reason in
                    values.flushes[reason].map {
                        MetricFamily.Sample(labels: labels + [MetricFamily.Label("reason", reason.rawValue)], value: Double($0))
                    }
                }
            },
            Metric("ErrorsByClass_Total", .counter, "Errors_Total by error class.") { values, labels in
                values.errors.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                    MetricFamily.Sample(labels: labels + [MetricFamily.Label("error_class", $0.key.rawValue)], value: Double($0.value))
                }
            },
            Metric("Retries_Total", .counter, "Tries repeated after passing trouble, by the side that had it.") { values, labels in
                values.retries.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                    MetricFamily.Sample(labels: labels + [MetricFamily.Label("side", $0.key.rawValue)], value: Double($0.value))
                }
            },
        ]
}
