package import PipeCore

/// The ClickHouse settings of a remote load.
package enum LoadSettings {
    /// For every query that reads the objects: parsing, and patience with the store that ends within minutes (the default
    /// of 100 retries does not).
    package static func reading(_ load: RemoteLoad) -> [String: String] {
        var settings = [
            "date_time_input_format": "best_effort",
            "input_format_null_as_default": "1",
            "input_format_defaults_for_omitted_fields": "1",
            "input_format_skip_unknown_fields": "1",
            "input_format_allow_errors_num": "0",
            "input_format_allow_errors_ratio": "0",
            "s3_retry_attempts": "5",
            "s3_max_single_read_retries": "4",
        ]
        if let delimiter = load.delimiter, !delimiter.isEmpty { settings["format_csv_delimiter"] = delimiter }
        // ClickHouse hides the secret key of `s3(…)` in its query log, but (25.8, measured) not the session token.
        if case .s3(_, _, let credentials) = load.location, credentials?.sessionToken != nil { settings["log_queries"] = "0" }
        return settings
    }

    /// For the INSERT into staging. 0 in a pipe's setting leaves the choice to the server.
    package static func inserting(_ load: RemoteLoad, projection: RowProjection, pipe: PipeSettings) -> [String: String] {
        var settings = reading(load).merging(projection.settings(format: load.format)) { $1 }
        for name in [
            "max_threads", "max_insert_threads", "min_insert_block_size_bytes", "max_download_threads",
            "parallel_distributed_insert_select",
        ] {
            let value = pipe.integer("clickhouse_\(name)")
            if value > 0 { settings[name] = String(value) }
        }
        settings["parallel_view_processing"] = pipe.bool("clickhouse_parallel_view_processing") ? "1" : "0"
        settings["async_insert"] = "0"
        settings["insert_deduplicate"] = "0"
        settings["max_partitions_per_insert_block"] = "0"
        settings["materialized_views_ignore_errors"] = "0"
        // Staged rows are counted from the parts, so a block must not be collapsed before it is counted; the target's
        // merges collapse it as they do the rows of two inserts.
        settings["optimize_on_insert"] = "0"
        if projection.countsRows {
            settings["max_threads"] = "1"
            settings["max_insert_threads"] = "1"
            settings["input_format_parquet_preserve_order"] = "1"
        }
        return settings
    }
}
