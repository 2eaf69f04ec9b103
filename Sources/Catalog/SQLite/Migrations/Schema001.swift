internal import GRDB

extension SchemaStep {
    /// The first schema.
    ///
    /// Times are milliseconds since 1970 as integers. Documents and lists are JSON text. `sequence` is the order of creation;
    /// SQLite gives a new row the greatest one plus one. Roles of a pipe's destination stay readable: they are names, no secrets.
    static let v001 = SchemaStep(identifier: "001") { database in
        try database.execute(
            sql: """
                CREATE TABLE organization (
                    only INTEGER NOT NULL UNIQUE DEFAULT 1 CHECK (only = 1),
                    id TEXT NOT NULL,
                    name TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    enable_core_dumps INTEGER NOT NULL
                ) STRICT;

                CREATE TABLE service (
                    sequence INTEGER PRIMARY KEY,
                    id TEXT NOT NULL UNIQUE,
                    configuration_name TEXT NOT NULL UNIQUE,
                    name TEXT NOT NULL,
                    wanted TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    cdc_scaling TEXT
                ) STRICT;

                CREATE TABLE api_key (
                    sequence INTEGER PRIMARY KEY,
                    id TEXT NOT NULL UNIQUE,
                    name TEXT NOT NULL,
                    is_enabled INTEGER NOT NULL,
                    key_id_hash TEXT NOT NULL UNIQUE,
                    key_suffix TEXT NOT NULL,
                    secret_hash TEXT NOT NULL,
                    roles TEXT NOT NULL,
                    assigned_role_ids TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    expire_at INTEGER,
                    used_at INTEGER,
                    ip_access_list TEXT NOT NULL
                ) STRICT;

                CREATE TABLE role (
                    sequence INTEGER PRIMARY KEY,
                    id TEXT NOT NULL UNIQUE,
                    name TEXT NOT NULL,
                    actors TEXT NOT NULL,
                    policies TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL
                ) STRICT;

                CREATE TABLE activity (
                    sequence INTEGER PRIMARY KEY,
                    id TEXT NOT NULL UNIQUE,
                    created_at INTEGER NOT NULL,
                    type TEXT NOT NULL,
                    actor_type TEXT NOT NULL,
                    actor_id TEXT NOT NULL,
                    actor_details TEXT NOT NULL,
                    actor_ip_address TEXT NOT NULL,
                    user_agent TEXT NOT NULL,
                    service_id TEXT,
                    target_id TEXT,
                    key_update_type TEXT
                ) STRICT;
                CREATE INDEX activity_by_time ON activity (created_at);

                CREATE TABLE pipe (
                    sequence INTEGER PRIMARY KEY,
                    id TEXT NOT NULL UNIQUE,
                    service_id TEXT NOT NULL REFERENCES service (id),
                    name TEXT NOT NULL,
                    kind TEXT NOT NULL,
                    source TEXT NOT NULL,
                    secrets BLOB NOT NULL,
                    destination TEXT NOT NULL,
                    field_mappings TEXT,
                    settings TEXT NOT NULL,
                    scaling TEXT,
                    wanted TEXT NOT NULL,
                    generation INTEGER NOT NULL,
                    state TEXT NOT NULL,
                    state_message TEXT,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX pipe_by_service ON pipe (service_id);

                CREATE TABLE checkpoint (
                    pipe_id TEXT NOT NULL REFERENCES pipe (id) ON DELETE CASCADE,
                    lane TEXT NOT NULL,
                    position TEXT NOT NULL,
                    PRIMARY KEY (pipe_id, lane)
                ) STRICT, WITHOUT ROWID;

                CREATE TABLE journal (
                    sequence INTEGER PRIMARY KEY,
                    pipe_id TEXT NOT NULL REFERENCES pipe (id) ON DELETE CASCADE,
                    batch_id TEXT NOT NULL,
                    lane TEXT NOT NULL,
                    extent TEXT NOT NULL,
                    note TEXT,
                    UNIQUE (pipe_id, batch_id)
                ) STRICT;
                CREATE INDEX journal_by_order ON journal (pipe_id, sequence);

                CREATE TABLE archive (
                    sequence INTEGER PRIMARY KEY,
                    pipe_id TEXT NOT NULL REFERENCES pipe (id) ON DELETE CASCADE,
                    key TEXT NOT NULL,
                    etag TEXT NOT NULL,
                    size INTEGER NOT NULL,
                    last_modified TEXT NOT NULL,
                    outcome TEXT NOT NULL,
                    reason TEXT,
                    archived_at INTEGER NOT NULL,
                    UNIQUE (pipe_id, key, etag)
                ) STRICT;
                CREATE INDEX archive_by_order ON archive (pipe_id, sequence);

                CREATE TABLE private_endpoint (
                    sequence INTEGER PRIMARY KEY,
                    id TEXT NOT NULL UNIQUE,
                    service_id TEXT NOT NULL REFERENCES service (id),
                    document TEXT NOT NULL,
                    created_at INTEGER NOT NULL
                ) STRICT;
                CREATE INDEX private_endpoint_by_service ON private_endpoint (service_id);

                CREATE TABLE key_check (
                    only INTEGER NOT NULL UNIQUE DEFAULT 1 CHECK (only = 1),
                    sealed BLOB NOT NULL
                ) STRICT;
                """)
    }
}
