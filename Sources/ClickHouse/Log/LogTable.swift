/// A table that Penstock writes a log into, made when it is missing. Its first column is `timestamp`, the time in UTC.
package struct LogTable: Sendable, Hashable {
    package struct Column: Sendable, Hashable {
        package var name: String
        /// ClickHouse type.
        package var type: String
        package var comment: String
        package init(_ name: String, _ type: String, _ comment: String = "") {
            self.name = name
            self.type = type
            self.comment = comment
        }

        var definition: String {
            "\(Identifier.quoted(name)) \(type)" + (comment.isEmpty ? "" : " COMMENT \(Literal.string(comment))")
        }
    }

    package var name: String
    /// Besides `timestamp`. Columns may be added in later releases, at any place; none may change its type or go.
    package var columns: [Column]
    /// As SQL, without parentheses.
    package var sortingKey: String
    /// How long rows are kept.
    package var days: Int

    package init(_ name: String, columns: [Column], sortingKey: String, days: Int) {
        self.name = name
        self.columns = columns
        self.sortingKey = sortingKey
        self.days = days
    }

    /// The expression that decides when rows go, as ClickHouse prints it.
    var lifetime: String { "toDateTime(timestamp) + toIntervalDay(\(days))" }

    /// The window lets a repeated insert with the same token change nothing; a replicated table has one by itself.
    func creation(_ table: TableName, cluster: String?) -> String {
        let columns = [Column("timestamp", "DateTime64(3, 'UTC')")] + columns
        let window = cluster == nil ? ", non_replicated_deduplication_window = 100" : ""
        return """
            CREATE TABLE IF NOT EXISTS \(table.quoted)\(OnCluster.clause(cluster)) (\(columns.map(\.definition).joined(separator: ", "))) \
            ENGINE = \(cluster == nil ? "MergeTree" : "ReplicatedMergeTree") PARTITION BY toDate(timestamp) ORDER BY (\(sortingKey)) \
            TTL \(lifetime) SETTINGS ttl_only_drop_parts = 1\(window)
            """
    }

    /// What brings a table of an earlier release to this form; nil when nothing is missing.
    func addition(to table: TableName, having names: Set<String>, cluster: String?) -> String? {
        let missing = columns.filter { !names.contains($0.name) }
        if missing.isEmpty { return nil }
        return "ALTER TABLE \(table.quoted)\(OnCluster.clause(cluster)) "
            + missing.map { "ADD COLUMN IF NOT EXISTS \($0.definition)" }.joined(separator: ", ")
    }

    func insertion(into table: TableName) -> String {
        let names = columns.map { Identifier.quoted($0.name) }.joined(separator: ", ")
        let structure = (["timestamp Int64"] + columns.map { "\(Identifier.quoted($0.name)) \($0.type)" }).joined(separator: ", ")
        return """
            INSERT INTO \(table.quoted) (timestamp, \(names)) SELECT fromUnixTimestamp64Milli(timestamp, 'UTC'), \(names) \
            FROM input(\(Literal.string(structure))) FORMAT JSONEachRow
            """
    }
}
