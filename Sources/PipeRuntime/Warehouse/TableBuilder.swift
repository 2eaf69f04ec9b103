package import ClickHouse
package import PipeCore

/// The DDL of a managed table. Pure.
package struct TableBuilder: Sendable {
    package let name: TableName
    let columns: [Destination.Column]
    let definition: Destination.TableDefinition
    let cluster: String?

    /// Throws when the destination has no table or no definition, which validation has refused before.
    package init(_ destination: Destination, cluster: String?) throws(InvalidConfiguration) {
        guard let table = destination.table, let definition = destination.tableDefinition else {
            throw InvalidConfiguration([Problem("destination.tableDefinition", "is required when managedTable is true")])
        }
        name = TableName(destination.database, table)
        columns = destination.columns ?? []
        self.definition = definition
        self.cluster = cluster
    }

    package var createTable: String {
        "CREATE TABLE IF NOT EXISTS \(name.quoted)\(OnCluster.clause(cluster)) (\(columnList)) ENGINE = \(engine(isReplicated: cluster != nil))\(keys)"
    }

    /// The same table as a temporary one: the server checks everything and keeps nothing. `parts` chooses what to check.
    package func trial(_ parts: Trial) -> String {
        var trial = self
        if !parts.contains(.partition) { trial.definitionWithout { $0.partitionBy = nil } }
        if !parts.contains(.primary) { trial.definitionWithout { $0.primaryKey = nil } }
        let engine = parts.contains(.engine) ? trial.engine(isReplicated: false) : "MergeTree"
        let sorting = parts.contains(.sorting) ? trial.sortingClause : " ORDER BY tuple()"
        let keys = engine == "Null" ? "" : "\(trial.partitionClause)\(trial.primaryClause)\(sorting)"
        return "CREATE TEMPORARY TABLE penstock_trial (\(columnList)) ENGINE = \(engine)\(keys)"
    }

    package struct Trial: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        package static let partition = Trial(rawValue: 1)
        package static let sorting = Trial(rawValue: 2)
        package static let primary = Trial(rawValue: 4)
        package static let engine = Trial(rawValue: 8)
    }

    private init(copy: TableBuilder, definition: Destination.TableDefinition) {
        name = copy.name
        columns = copy.columns
        cluster = copy.cluster
        self.definition = definition
    }

    private mutating func definitionWithout(_ change: (inout Destination.TableDefinition) -> Void) {
        var definition = definition
        change(&definition)
        self = TableBuilder(copy: self, definition: definition)
    }

    private var columnList: String { columns.map { "\(Identifier.quoted($0.name)) \($0.type)" }.joined(separator: ", ") }

    private var engineType: String {
        definition.engine.type.hasSuffix("()") ? String(definition.engine.type.dropLast(2)) : definition.engine.type
    }

    private func engine(isReplicated: Bool) -> String {
        let prefix = isReplicated && engineType != "Null" ? "Replicated" : ""
        switch engineType {
        case "ReplacingMergeTree":
            return "\(prefix)ReplacingMergeTree(\(definition.engine.versionColumnId.map(Identifier.quoted) ?? ""))"
        case "SummingMergeTree":
            let summed = definition.engine.columnIds ?? []
            let arguments = summed.isEmpty ? "" : "(\(summed.map(Identifier.quoted).joined(separator: ", ")))"
            return "\(prefix)SummingMergeTree(\(arguments))"
        case "Null": return "Null"
        default: return "\(prefix)MergeTree()"
        }
    }

    private var partitionClause: String { definition.partitionBy.map { " PARTITION BY \($0)" } ?? "" }
    private var primaryClause: String { definition.primaryKey.map { " PRIMARY KEY \($0)" } ?? "" }

    /// Names of columns are quoted, expressions such as `toDate(ts)` are taken as they are.
    private var sortingClause: String {
        let keys = definition.sortingKey ?? []
        let known = Set(columns.map(\.name))
        let parts = keys.map { known.contains($0) ? Identifier.quoted($0) : $0 }
        // A primary key without a sorting key sorts by itself.
        if parts.isEmpty, let primary = definition.primaryKey { return " ORDER BY \(primary)" }
        return parts.isEmpty ? " ORDER BY tuple()" : " ORDER BY (\(parts.joined(separator: ", ")))"
    }

    /// Deduplication by token needs a window on plain tables (replicated ones have it). Sources of merged parts stay for
    /// eight minutes, the usual default, because a resumed load looks for its parts among them; some builds keep none.
    private var keys: String {
        if engineType == "Null" { return "" }
        let window = cluster == nil ? "\(Deduplication.plainSetting) = \(Deduplication.window), " : ""
        return "\(partitionClause)\(primaryClause)\(sortingClause) SETTINGS \(window)old_parts_lifetime = 480"
    }
}
