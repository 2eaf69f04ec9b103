public import Catalog

/// Which ClickHouse settings a caller may set in the URL, and to what. Everything that is not named here is refused, not dropped.
public struct SettingsPolicy: Sendable, Hashable {
    private let further: Set<String>
    /// The most a caller may ask for, by setting; less is fine.
    private let caps: [String: UInt64]

    public init(_ limits: EndpointLimits = EndpointLimits()) {
        further = Set(limits.settings)
        var caps: [String: UInt64] = [:]
        if let milliseconds = limits.executionMilliseconds { caps["max_execution_time"] = UInt64(max(1, (milliseconds + 999) / 1000)) }
        if let rows = limits.resultRows { caps["max_result_rows"] = UInt64(max(0, rows)) }
        if let bytes = limits.resultBytes { caps["max_result_bytes"] = UInt64(max(0, bytes)) }
        self.caps = caps
    }

    /// The value to send. Throws 400 naming the setting when it is not allowed or its value is malformed. A number above the endpoint's
    /// own limit becomes that limit.
    public func checked(_ name: String, _ value: String) throws(QueryFailure) -> String {
        guard !Self.isDenied(name), Self.isAllowed(name) || further.contains(name) else {
            throw QueryFailure(
                400, "SETTING_NOT_ALLOWED",
                "'\(name.clipped(to: 80))' is neither a parameter of this request (param_<name>, format, request_timeout) nor a ClickHouse "
                    + "setting that callers may set")
        }
        guard value.utf8.count <= 1024, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw QueryFailure(400, "INVALID_SETTING", "the value of the setting '\(name)' is too long or holds a control character")
        }
        guard Self.numbers.contains(name) else { return value }
        guard !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt64(value) else {
            throw QueryFailure(400, "27", "the setting '\(name)' must be a whole number, not '\(value.clipped(to: 40))'")
        }
        guard let cap = caps[name] else { return value }
        // Zero means no limit.
        return String(number == 0 ? cap : min(number, cap))
    }

    /// Settings that change who runs what, where or how it is logged: no endpoint can allow them.
    public static func isDenied(_ name: String) -> Bool {
        denied.contains(name) || name.hasPrefix("SQL_") || name.hasSuffix("_path") || name.hasSuffix("_schema")
    }

    private static func isAllowed(_ name: String) -> Bool {
        numbers.contains(name) || words.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }

    private static let denied: Set<String> = [
        "readonly", "user", "password", "role", "profile", "query", "database", "session_id", "session_check", "session_timeout",
        "query_id", "quota_key", "default_format", "log_comment", "stacktrace", "add_http_cors_header", "allow_ddl",
        "allow_introspection_functions", "http_response_headers", "send_progress_in_http_headers", "compress", "decompress",
        "enable_http_compression", "network_compression_method", "cancel_http_readonly_queries_on_client_close", "format_schema",
        "format_schema_source", "output_format_schema", "format_template_resultset", "format_template_row",
        "http_write_exception_in_output_format",
    ]

    private static let numbers: Set<String> = [
        "max_threads", "max_execution_time", "max_block_size", "max_rows_to_read", "max_bytes_to_read", "max_result_rows",
        "max_result_bytes", "max_memory_usage", "max_insert_block_size", "min_insert_block_size_rows", "min_insert_block_size_bytes",
        "max_rows_to_group_by", "max_rows_to_sort", "max_bytes_to_sort", "limit", "offset", "priority", "wait_end_of_query",
    ]

    private static let words: Set<String> = [
        "extremes", "final", "join_use_nulls", "session_timezone", "date_time_input_format", "date_time_output_format",
        "interval_output_format", "cast_keep_nullable", "transform_null_in", "async_insert", "wait_for_async_insert", "insert_deduplicate",
        "insert_deduplication_token", "use_query_cache",
    ]

    private static let prefixes = [
        "output_format_", "input_format_", "format_csv_", "format_tsv_", "format_custom_", "format_json_", "format_regexp",
    ]
}
