package import PipeCore

/// The Prometheus text exposition format, version 0.0.4.
package enum PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Families of one name are written as one, whatever order they come in.
    package static func render(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in merged(families) where !family.samples.isEmpty {
            text += "# HELP \(family.name) \(escaped(family.help, quotes: false))\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            for sample in family.samples {
                text += family.name + sample.suffix
                if !sample.labels.isEmpty {
                    let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
                    text += "{\(labels.joined(separator: ","))}"
                }
                text += " \(number(sample.value))\n"
            }
        }
        return text
    }

    /// The names that ClickHouse Cloud documents; the others are Penstock's own.
    package static func isDocumented(_ name: String) -> Bool { documented.contains(name) || name.hasPrefix("ClickPipes_CDC_") }

    private static let documented: Set<String> = [
        "ClickPipes_Info", "ClickPipes_FetchedBytes_Total", "ClickPipes_SentBytes_Total", "ClickPipes_SentBytesCompressed_Total",
        "ClickPipes_FetchedBytesCompressed_Total", "ClickPipes_FetchedEvents_Total", "ClickPipes_SentEvents_Total",
        "ClickPipes_Errors_Total", "ClickPipes_Latency", "ClickPipes_Replica_CPUUsage", "ClickPipes_Replica_CPULimit",
        "ClickPipes_Replica_MemoryUsage", "ClickPipes_Replica_MemoryLimit", "ClickPipes_FetchedBytesInitialLoad_Total",
        "ClickPipes_FetchedEvents_PerTable", "ClickPipes_LastFetchedBatchId", "ClickPipes_LastSentBatchId",
        "ClickPipes_SourceReplicationLatency_MiB",
    ]

    private static func merged(_ families: [MetricFamily]) -> [MetricFamily] {
        var result: [MetricFamily] = []
        var index: [String: Int] = [:]
        for family in families {
            if let at = index[family.name] {
                result[at].samples += family.samples
            } else {
                index[family.name] = result.count
                result.append(family)
            }
        }
        return result
    }

    /// Backslash and line feed are escaped everywhere, the quotation mark in label values only.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value.rounded() == value, abs(value) < 1e15 { return String(Int64(value)) }
        return String(value)
    }
}

extension MetricFamily {
    /// This family with labels put in front of every sample's own.
    package func labelled(_ labels: [Label]) -> MetricFamily {
        var copy = self
        copy.samples = samples.map { Sample(suffix: $0.suffix, labels: labels + $0.labels, value: $0.value) }
        return copy
    }
}
