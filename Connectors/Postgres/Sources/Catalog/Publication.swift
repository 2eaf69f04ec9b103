/// The publication and the slot of a pipe, on the server.
package struct ReplicationNames: Hashable, Sendable {
    package var publication: String
    package var slot: String
    /// Made and dropped by the pipe.
    package var ownsPublication: Bool
    package var ownsSlot: Bool

    package init(_ configuration: PostgresConfiguration, pipe: String) {
        let own = "penstock_\(pipe)"
        publication = configuration.settings.publicationName ?? own
        slot = configuration.settings.replicationSlotName ?? own
        ownsPublication = configuration.settings.publicationName == nil
        ownsSlot = configuration.settings.replicationSlotName == nil
    }
}

/// What a server knows of a publication.
package struct Publication: Hashable, Sendable {
    package var name: String
    package var isForAllTables: Bool
    package var viaRoot: Bool
    package var tables: Set<TableName>

    package init(name: String, isForAllTables: Bool, viaRoot: Bool, tables: Set<TableName>) {
        self.name = name
        self.isForAllTables = isForAllTables
        self.viaRoot = viaRoot
        self.tables = tables
    }

    package static func load(_ name: String, on connection: PostgresConnection) async throws -> Publication? {
        let viaRoot = connection.major >= 13 ? "pubviaroot" : "false"
        let found = try await connection.query(
            "SELECT puballtables, \(viaRoot) FROM pg_catalog.pg_publication WHERE pubname = $1", [name])
        guard let row = found.rows.first else { return nil }
        // The tables it was made for, and those that stand for them.
        let tables = try await connection.query(
            """
            SELECT schemaname, tablename FROM pg_catalog.pg_publication_tables WHERE pubname = $1
            UNION SELECT n.nspname, c.relname FROM pg_catalog.pg_publication_rel r
            JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE p.pubname = $1
            """, [name])
        return Publication(
            name: name, isForAllTables: row[0] == "t", viaRoot: row[1] == "t",
            tables: Set(tables.rows.map { TableName($0[0] ?? "", $0[1] ?? "") }))
    }

    /// The statements that make the publication carry exactly these tables.
    package static func statements(_ name: String, from present: Publication?, to tables: [TableName], major: Int) -> [String] {
        let quoted = SQLText.identifier(name)
        guard let present else {
            let root = major >= 13 ? " WITH (publish_via_partition_root = true)" : ""
            return ["CREATE PUBLICATION \(quoted) FOR TABLE \(tables.map(\.quoted).joined(separator: ", "))\(root)"]
        }
        if present.isForAllTables || present.tables == Set(tables) { return [] }
        return ["ALTER PUBLICATION \(quoted) SET TABLE \(tables.map(\.quoted).joined(separator: ", "))"]
    }
}

/// A row of `pg_replication_slots`.
package struct ReplicationSlot: Hashable, Sendable {
    package var isActive: Bool
    package var plugin: String?
    package var confirmed: LogPosition?
    /// `reserved`, `extended`, `unreserved`, `lost`; nil before Postgres 13.
    package var walStatus: String?
    /// Bytes of log that the slot keeps on the server.
    package var keptBytes: Int
    /// Bytes that may still be written before the slot is lost; nil: unlimited.
    package var safeBytes: Int?

    /// Makes a slot and holds the snapshot of its beginning. Postgres 15 names options in parentheses, 17 knows failover slots.
    package static func creation(_ name: String, major: Int, isFailover: Bool) -> String {
        let options = major >= 15 ? "(SNAPSHOT 'export'\(isFailover && major >= 17 ? ", FAILOVER" : ""))" : "EXPORT_SNAPSHOT"
        return "CREATE_REPLICATION_SLOT \(SQLText.identifier(name)) LOGICAL pgoutput \(options)"
    }

    package static func load(_ name: String, on connection: PostgresConnection) async throws -> ReplicationSlot? {
        let status = connection.major >= 13 ? "wal_status, safe_wal_size" : "NULL, NULL"
        let rows = try await connection.query(
            """
            SELECT active, plugin, confirmed_flush_lsn,
                   pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn()
                                              ELSE pg_catalog.pg_current_wal_lsn() END, restart_lsn)::bigint, \(status)
            FROM pg_catalog.pg_replication_slots WHERE slot_name = $1
            """, [name])
        guard let row = rows.rows.first else { return nil }
        return ReplicationSlot(
            isActive: row[0] == "t", plugin: row[1], confirmed: row[2].flatMap { LogPosition($0) }, walStatus: row[4],
            keptBytes: row[3].flatMap { Int($0) } ?? 0, safeBytes: row[5].flatMap { Int($0) })
    }
}
