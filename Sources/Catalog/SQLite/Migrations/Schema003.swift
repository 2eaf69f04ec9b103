internal import GRDB

extension SchemaStep {
    /// Tables of database pipes. `progress` is what the source last said, as JSON; counts are of rows written.
    static let v003 = SchemaStep(identifier: "003") { database in
        try database.execute(
            sql: """
                CREATE TABLE pipe_table (
                    pipe_id TEXT NOT NULL REFERENCES pipe (id) ON DELETE CASCADE,
                    target TEXT NOT NULL,
                    progress TEXT,
                    inserts INTEGER NOT NULL,
                    updates INTEGER NOT NULL,
                    deletes INTEGER NOT NULL,
                    lag INTEGER,
                    updated_at INTEGER NOT NULL,
                    PRIMARY KEY (pipe_id, target)
                ) STRICT, WITHOUT ROWID;
                """)
    }
}
