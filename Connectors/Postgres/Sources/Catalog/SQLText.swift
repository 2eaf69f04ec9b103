/// Pieces of SQL for Postgres.
package enum SQLText {
    package static func identifier(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }

    package static func literal(_ text: String) -> String {
        let quoted = "'\(text.replacing("'", with: "''"))'"
        return text.contains("\\") ? " E\(quoted.replacing("\\", with: "\\\\"))" : quoted
    }
}

/// A table by its name.
package struct TableName: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    package var schema: String
    package var name: String

    package init(_ schema: String, _ name: String) {
        self.schema = schema
        self.name = name
    }

    /// For people.
    package var description: String { "\(schema).\(name)" }
    /// For SQL.
    package var quoted: String { "\(SQLText.identifier(schema)).\(SQLText.identifier(name))" }

    package static func < (left: TableName, right: TableName) -> Bool { (left.schema, left.name) < (right.schema, right.name) }
}

extension PostgresConfiguration.Mapping {
    package var table: TableName { TableName(sourceSchemaName, sourceTable) }
}
