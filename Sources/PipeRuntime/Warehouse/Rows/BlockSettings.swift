/// The settings of an insert that a token must cover.
enum BlockSettings {
    /// One block per batch: a token names a block, so a repetition must not be cut differently.
    ///
    /// - Parameter token: nil: without deduplication, for tables that are thrown away.
    static func of(rows count: Int, token: String?) -> [String: String] {
        let count = max(1, count)
        var settings = [
            "insert_deduplicate": token == nil ? "0" : "1", "async_insert": "0",
            "deduplicate_blocks_in_dependent_materialized_views": token == nil ? "0" : "1",
            "max_insert_block_size": String(count), "min_insert_block_size_rows": String(count), "min_insert_block_size_bytes": "0",
            "max_insert_threads": "1", "max_partitions_per_insert_block": "0",
            // Batches are parsed beside each other. Within one, segments handed from thread to thread cost a third more CPU for the same rows
            // (25.8, 28 MB of JSON, two cores), and one thread parses more than one connection to a source delivers.
            "input_format_parallel_parsing": "0",
        ]
        if let token { settings["insert_deduplication_token"] = token }
        return settings
    }
}
