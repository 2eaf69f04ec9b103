internal import GRDB

extension SchemaStep {
    /// What was seen of changes of source tables, as a JSON list.
    static let v004 = SchemaStep(identifier: "004") { database in
        try database.execute(sql: "ALTER TABLE pipe_table ADD COLUMN schema_events TEXT NOT NULL DEFAULT '[]'")
    }
}
