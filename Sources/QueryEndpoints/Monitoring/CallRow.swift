internal import ClickHouse
internal import FoundationEssentials

/// A call as a row of `query_endpoints_log`.
struct CallRow: LogRow {
    /// The database where database `system` takes no tables.
    var database: String
    var call: CallRecord

    static func table(days: Int) -> LogTable {
        LogTable(
            "query_endpoints_log",
            columns: [
                .init("service_id", "LowCardinality(String)", "Service of Penstock"),
                .init("endpoint_id", "String", "Empty: SQL of the caller, run on the service"),
                .init("request_id", "String", "X-Request-Id of the answer"),
                .init("version", "UInt32", "Version of the query of the endpoint"),
                .init("key_id", "LowCardinality(String)", "Resource id of the API key; empty for a token"),
                .init("token_subject", "String", "Claim sub of the token"),
                .init("status", "UInt16", "HTTP status"),
                .init("error_code", "LowCardinality(String)", "Empty: none"),
                .init("error_class", "LowCardinality(String)", "Empty: none"),
                .init("first_byte_ms", "Nullable(Float64)", "Milliseconds until the first byte of the answer"),
                .init("duration_ms", "Float64", "Milliseconds until the end of the answer"),
                .init("read_rows", "UInt64"), .init("read_bytes", "UInt64"), .init("result_rows", "UInt64"),
                .init("result_bytes", "UInt64", "Bytes of the answer as sent"),
                .init("cache", "LowCardinality(String)", "hit, miss or none"),
                .init("format", "LowCardinality(String)"),
                .init("query_id", "String", "query_id of system.query_log"),
                .init("parameter_hash", "String", "Equal for equal parameters"),
                .init("client_address", "String", "Empty: not kept"),
            ], sortingKey: "service_id, endpoint_id, timestamp, request_id", days: days)
    }

    var place: LogPlace { LogPlace(service: call.serviceID, database: database) }

    func write(to row: inout JSONRows) {
        row.field("timestamp", Self.milliseconds(call.time))
        row.field("service_id", call.serviceID)
        row.field("endpoint_id", call.endpointID ?? "")
        row.field("request_id", call.requestID)
        row.field("version", Int64(call.version))
        row.field("key_id", call.keyID ?? "")
        row.field("token_subject", call.tokenSubject ?? "")
        row.field("status", Int64(call.status))
        row.field("error_code", call.failure?.code ?? "")
        row.field("error_class", call.failure?.errorClass.rawValue ?? "")
        if let firstByte = call.firstByte { row.field("first_byte_ms", number: firstByte.milliseconds) }
        row.field("duration_ms", number: call.total.milliseconds)
        row.field("read_rows", Int64(call.readRows))
        row.field("read_bytes", Int64(call.readBytes))
        row.field("result_rows", Int64(call.resultRows))
        row.field("result_bytes", Int64(call.resultBytes))
        row.field("cache", call.cache.rawValue)
        row.field("format", call.format)
        row.field("query_id", call.queryID)
        row.field("parameter_hash", call.parameterHash)
        row.field("client_address", call.clientAddress ?? "")
    }

    /// Dropped calls are counted in a metric: a row for them would be counted as a call.
    func notice(dropped: Int) -> CallRow? { nil }

    /// Since 1970, finer parts cut off.
    static func milliseconds(_ date: Date) -> Int64 { Int64((date.timeIntervalSince1970 * 1000 + 0.001).rounded(.down)) }
}

extension Duration {
    var milliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15 }
}

extension CallRecord {
    /// Longest text that is kept of what a caller can choose.
    static let longestText = 256

    /// With texts of the caller cut, so that a record has a size one can state.
    func bounded() -> CallRecord {
        var copy = self
        if let subject = tokenSubject, subject.utf8.count > Self.longestText { copy.tokenSubject = String(subject.prefix(64)) + "…" }
        if format.utf8.count > Self.longestText { copy.format = "" }
        if queryID.utf8.count > Self.longestText { copy.queryID = "" }
        return copy
    }
}
