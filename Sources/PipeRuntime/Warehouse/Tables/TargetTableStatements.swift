package import ClickHouse
package import PipeCore

/// The DDL of mapped tables. Pure.
package struct TargetTableStatements: Sendable {
    package let database: String
    package let cluster: String?

    package init(database: String, cluster: String?) {
        self.database = database
        self.cluster = cluster
    }

    /// Says in the comment of a table that it is being loaded in order to replace another; taken away by the exchange.
    package static let loadingMark = "penstock: loading, to replace another table"
    /// Ends the comment of a table that was replaced.
    package static let replacedMark = "penstock: replaced by a resync"

    package func name(_ table: String) -> TableName { TableName(database, table) }

    /// - Parameter cleansUp: the server knows `OPTIMIZE … FINAL CLEANUP`.
    package func create(_ table: TargetTable, cleansUp: Bool) -> String {
        let columns = table.columns.map(definition) + MetadataColumn.allCases.map(definition)
        let comment = table.isShadow ? " COMMENT \(Literal.string(Self.loadingMark))" : ""
        return
            "CREATE TABLE IF NOT EXISTS \(name(table.name).quoted)\(onCluster) (\(columns.joined(separator: ", "))) "
            + "ENGINE = \(engine(of: table))\(keys(of: table, cleansUp: cleansUp))\(comment)"
    }

    /// - Parameter after: the column in front; nil: at the end.
    package func add(_ column: TargetTable.Column, to table: String, after: String?) -> String {
        let place = after.map { " AFTER \(Identifier.quoted($0))" } ?? ""
        return alter(table, "ADD COLUMN IF NOT EXISTS \(definition(column))\(place)")
    }

    package func add(_ column: MetadataColumn, to table: String) -> String {
        alter(table, "ADD COLUMN IF NOT EXISTS \(definition(column))")
    }

    package func drop(_ column: String, of table: String) -> String {
        alter(table, "DROP COLUMN IF EXISTS \(Identifier.quoted(column))")
    }

    package func rename(_ column: String, to new: String, of table: String) -> String {
        alter(table, "RENAME COLUMN \(Identifier.quoted(column)) TO \(Identifier.quoted(new))")
    }

    package func changeType(of column: String, of table: String, to type: String) -> String {
        alter(table, "MODIFY COLUMN \(Identifier.quoted(column)) \(type)")
    }

    package func comment(_ text: String, on table: String) -> String { alter(table, "MODIFY COMMENT \(Literal.string(text))") }

    package func truncate(_ table: String) -> String { "TRUNCATE TABLE IF EXISTS \(name(table).quoted)\(onCluster)" }

    package func removeRows(of table: String, before version: UInt64) -> String {
        alter(table, "DELETE WHERE \(Identifier.quoted(MetadataColumn.version.name)) < \(version)")
    }

    /// One row where the condition holds for any.
    package func anyRow(of table: String, _ comparison: String, _ version: UInt64) -> String {
        "SELECT 1 AS found FROM \(name(table).quoted) WHERE \(Identifier.quoted(MetadataColumn.version.name)) \(comparison) \(version) LIMIT 1"
    }

    package func drop(_ table: String) -> String { "DROP TABLE IF EXISTS \(name(table).quoted)\(onCluster) SYNC" }

    package func exchange(_ first: String, _ second: String) -> String {
        "EXCHANGE TABLES \(name(first).quoted) AND \(name(second).quoted)\(onCluster)"
    }

    package func rename(_ table: String, to new: String) -> String {
        "RENAME TABLE \(name(table).quoted) TO \(name(new).quoted)\(onCluster)"
    }

    package func widenWindow(of table: String) -> String {
        alter(table, "MODIFY SETTING \(Deduplication.plainSetting) = \(Deduplication.window)")
    }

    private var onCluster: String { OnCluster.clause(cluster) }

    private func alter(_ table: String, _ command: String) -> String { "ALTER TABLE \(name(table).quoted)\(onCluster) \(command)" }

    /// The default is a text for ClickHouse to parse, so nothing in it is read as SQL.
    private func definition(_ column: TargetTable.Column) -> String {
        let value = column.defaultText.map { " DEFAULT CAST(\(Literal.string($0)), \(Literal.string(column.type)))" } ?? ""
        return "\(Identifier.quoted(column.name)) \(column.type)\(value)"
    }

    private func definition(_ column: MetadataColumn) -> String {
        "\(Identifier.quoted(column.name)) \(column.type)\(column == .syncedAt ? " DEFAULT now64(9)" : "")"
    }

    private func engine(of table: TargetTable) -> String {
        let prefix = cluster == nil ? "" : "Replicated"
        switch table.engine {
        case .mergeTree: return "\(prefix)MergeTree()"
        case .null: return "Null"
        case .replacingMergeTree:
            let arguments = [MetadataColumn.version] + (table.deletesOnMerge ? [.isDeleted] : [])
            return "\(prefix)ReplacingMergeTree(\(arguments.map { Identifier.quoted($0.name) }.joined(separator: ", ")))"
        }
    }

    private func keys(of table: TargetTable, cleansUp: Bool) -> String {
        if table.engine == .null { return "" }
        let partition = table.partitionBy.map { " PARTITION BY \($0)" } ?? ""
        let sorting =
            table.sortingKey.isEmpty ? "tuple()" : "(\(table.sortingKey.map(Identifier.quoted).joined(separator: ", ")))"
        var settings: [String] = []
        if cluster == nil { settings.append("\(Deduplication.plainSetting) = \(Deduplication.window)") }
        if table.hasNullableKey || table.partitionBy != nil { settings.append("allow_nullable_key = 1") }
        if table.deletesOnMerge, cleansUp, table.engine == .replacingMergeTree { settings.append("\(Self.cleanupSetting) = 1") }
        return "\(partition) ORDER BY \(sorting)" + (settings.isEmpty ? "" : " SETTINGS \(settings.joined(separator: ", "))")
    }

    static let cleanupSetting = "allow_experimental_replacing_merge_with_cleanup"
}

extension TargetTable {
    /// What can be said without asking a server. Empty when all is well.
    package var problems: [String] {
        var problems: [String] = []
        var names: Set<String> = []
        for column in columns where !names.insert(column.name).inserted { problems.append("has two columns '\(column.name)'") }
        for column in MetadataColumn.allCases where names.contains(column.name) {
            problems.append("has a column '\(column.name)', a name that every mapped table uses for itself: exclude it")
        }
        for key in sortingKey where !names.contains(key) { problems.append("is to be sorted by '\(key)', which is not one of its columns") }
        if sortingKey.isEmpty, engine == .replacingMergeTree {
            problems.append(
                "has nothing to tell its rows apart by: set useCustomSortingKey and sortingKeys, give the source table a primary key, or choose tableEngine MergeTree"
            )
        }
        return problems
    }

    var hasNullableKey: Bool {
        columns.contains {
            sortingKey.contains($0.name) && ($0.type.hasPrefix("Nullable(") || $0.type.hasPrefix("LowCardinality(Nullable("))
        }
    }
}
