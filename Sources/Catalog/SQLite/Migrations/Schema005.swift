internal import GRDB

extension SchemaStep {
    /// The saved query that an endpoint was made of, where there is one. It may be gone.
    static let v005 = SchemaStep(identifier: "005") { database in
        try database.execute(sql: "ALTER TABLE query_endpoint ADD COLUMN saved_query_id TEXT")
    }
}
