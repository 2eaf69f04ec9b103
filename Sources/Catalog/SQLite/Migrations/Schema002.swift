internal import GRDB

extension SchemaStep {
    /// Saved queries and query endpoints.
    static let v002 = SchemaStep(identifier: "002") { database in
        try database.execute(
            sql: """
                CREATE TABLE saved_query (
                    sequence INTEGER PRIMARY KEY,
                    id TEXT NOT NULL UNIQUE,
                    service_id TEXT NOT NULL REFERENCES service (id),
                    name TEXT NOT NULL,
                    query_text TEXT NOT NULL,
                    database_name TEXT NOT NULL,
                    parameters TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL,
                    UNIQUE (service_id, name)
                ) STRICT;

                CREATE TABLE query_endpoint (
                    sequence INTEGER PRIMARY KEY,
                    id TEXT NOT NULL UNIQUE,
                    service_id TEXT NOT NULL REFERENCES service (id),
                    name TEXT NOT NULL,
                    query TEXT NOT NULL,
                    version INTEGER NOT NULL,
                    api_key_ids TEXT NOT NULL,
                    roles TEXT NOT NULL,
                    allowed_origins TEXT NOT NULL,
                    limits TEXT NOT NULL,
                    tokens TEXT,
                    token_secret BLOB,
                    answer_version INTEGER NOT NULL,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX query_endpoint_by_service ON query_endpoint (service_id);

                CREATE TABLE query_endpoint_version (
                    endpoint_id TEXT NOT NULL REFERENCES query_endpoint (id) ON DELETE CASCADE,
                    number INTEGER NOT NULL,
                    query TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    author TEXT NOT NULL,
                    PRIMARY KEY (endpoint_id, number)
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE service_query_endpoint (
                    service_id TEXT NOT NULL PRIMARY KEY REFERENCES service (id),
                    id TEXT NOT NULL UNIQUE,
                    api_key_ids TEXT NOT NULL,
                    roles TEXT NOT NULL,
                    allowed_origins TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                """)
    }
}
