import ClickHouse

/// The two roles that every ClickHouse Cloud service has and that clients name without making them.
package enum ConsoleRole: String, CaseIterable, Sendable {
    case readOnly = "sql_console_read_only"
    case admin = "sql_console_admin"

    /// Statements that give a role of this kind its rights.
    ///
    /// - Parameters:
    ///   - role: the role's quoted name.
    ///   - cluster: ` ON CLUSTER name`, or nothing.
    ///
    /// A server gives what the service's user may pass on, which can be less than everything. On a cluster it must be everything,
    /// because `CURRENT GRANTS` does not go with `ON CLUSTER` (tried on 25.8).
    package func grants(to role: String, onCluster cluster: String) -> [String] {
        func grant(_ rights: String) -> String {
            cluster.isEmpty ? "GRANT CURRENT GRANTS(\(rights)) TO \(role)" : "GRANT\(cluster) \(rights) TO \(role)"
        }
        switch self {
        case .admin:
            return [cluster.isEmpty ? "GRANT CURRENT GRANTS ON *.* TO \(role)" : "GRANT\(cluster) ALL ON *.* TO \(role)"]
        case .readOnly:
            // No right to a source (url, s3, file, remote, …), and of the system tables those that tell nothing of other people's
            // queries, users, hosts or settings. A list of what may be read stays right when a server brings new system tables.
            return [
                grant("SELECT, SHOW DATABASES, SHOW TABLES, SHOW COLUMNS, SHOW DICTIONARIES, dictGet ON *.*"),
                "REVOKE\(cluster) SELECT ON system.* FROM \(role)",
                grant(Self.readableSystemTables.map { "SELECT ON system.\($0)" }.joined(separator: ", ")),
            ]
        }
    }

    /// Besides those that any user may read: `columns`, `databases`, `formats`, `functions`, `one`, `settings`, `tables` and others,
    /// which show only what the user's rights show.
    package static let readableSystemTables = [
        "aggregate_function_combinators", "asynchronous_metrics", "build_options", "codecs", "collations", "columns", "completions",
        "contributors", "data_skipping_indices", "data_type_families", "databases", "events", "formats", "functions", "graphite_retentions",
        "keywords", "licenses", "merge_tree_settings", "merges", "metrics", "numbers", "numbers_mt", "one", "parts", "parts_columns",
        "projections", "settings", "settings_changes", "table_engines", "table_functions", "tables", "time_zones", "zeros", "zeros_mt",
    ]
}
