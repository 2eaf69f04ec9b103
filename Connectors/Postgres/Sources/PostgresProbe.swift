package import PipeCore

/// Everything that can be known of a server before a pipe runs on it. Changes nothing that stays.
package struct PostgresProbe: Sendable {
    private let configuration: PostgresConfiguration
    private let target: ConnectionTarget

    package init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
        target = ConnectionTarget(configuration)
    }

    private static let path = PostgresConfiguration.path
    private var settings: FieldPath { Self.path["settings"] }

    private var replicates: Bool { configuration.settings.replicationMode != .snapshot }

    package func run() async -> [Finding] {
        do {
            return try await PostgresConnection.withConnection(target) { connection in
                guard connection.serverVersion >= 120_000 else {
                    return [failure(Self.path["host"], "does not support what the pipe needs: Postgres 12 or newer is required")]
                }
                let version = try await connection.query("SELECT version()").scalar ?? ""
                guard version.hasPrefix("PostgreSQL") else {
                    return [
                        failure(Self.path["host"], "does not support logical replication as Postgres does: it is \(version.prefix(60))")
                    ]
                }
                var findings = try await tables(connection)
                if replicates {
                    let server = try await replication(connection)
                    findings += server
                    if !server.contains(where: { $0.severity == .failure }) {
                        findings += try await publication(connection)
                        findings += try await slot(connection)
                        findings += await replicationConnection()
                    }
                }
                return findings
            }
        } catch let error as PostgresError {
            return [failure(Self.path[error.field], error.pipeError.message)]
        } catch {
            return [failure(Self.path["host"], "failed to access Postgres at \(target.address): the check was stopped")]
        }
    }

    private func failure(_ field: FieldPath, _ message: String) -> Finding { Finding(.failure, field, message) }
    private func hint(_ field: FieldPath, _ message: String) -> Finding { Finding(.hint, field, message) }

    // MARK: Tables

    private func tables(_ connection: PostgresConnection) async throws -> [Finding] {
        var findings: [Finding] = []
        var missing: [String] = []
        for (index, mapping) in configuration.tableMappings.enumerated() {
            let field = Self.path["tableMappings"][index]
            guard let table = try await TableDescription.load(mapping.table, on: connection) else {
                missing.append(mapping.table.description)
                continue
            }
            findings += problems(of: table, mapping, at: field)
            let columns = ReplicatedColumns.names(of: table, mapping)
            do {
                let list = columns.isEmpty ? "1" : columns.map(SQLText.identifier).joined(separator: ", ")
                _ = try await connection.query("SELECT \(list) FROM \(mapping.table.quoted) LIMIT 0")
            } catch let error as PostgresError where !error.isConnection {
                findings.append(
                    failure(
                        field["sourceTable"],
                        "failed to select from table \(mapping.table): \(error.description). Grant USAGE on schema \(mapping.sourceSchemaName) and SELECT on the table to the pipe's user"
                    ))
            }
        }
        if !missing.isEmpty {
            findings.append(
                failure(
                    Self.path["tableMappings"],
                    "source tables do not exist: \(missing.joined(separator: ", ")). Correct the names; they are case-sensitive"))
        }
        let hidden = try await connection.query(
            """
            SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relrowsecurity AND NOT (SELECT rolbypassrls OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
              AND (c.relforcerowsecurity OR NOT pg_catalog.pg_has_role(current_user, c.relowner, 'USAGE'))
            """)
        let mapped = Set(configuration.tableMappings.map(\.table.description))
        for name in hidden.rows.compactMap({ $0[0] }) where mapped.contains(name) {
            findings.append(
                hint(
                    Self.path["tableMappings"],
                    "includes \(name), whose row-level security may hide rows from the snapshot; give the pipe's user BYPASSRLS"))
        }
        return findings
    }

    private func problems(of table: TableDescription, _ mapping: PostgresConfiguration.Mapping, at field: FieldPath) -> [Finding] {
        var findings: [Finding] = []
        let name = mapping.table
        let names = Set(table.columns.map(\.name))
        for column in mapping.excludedColumns ?? [] where !names.contains(column) {
            findings.append(failure(field["excludedColumns"], "names '\(column)', a column that table \(name) does not have"))
        }
        let excluded = Set(mapping.excludedColumns ?? [])
        for column in mapping.sortingKeys ?? [] where !names.contains(column) || excluded.contains(column) {
            findings.append(failure(field["sortingKeys"], "names '\(column)', a column of table \(name) that is not replicated"))
        }
        let generated = table.columns.filter { $0.isGenerated && !excluded.contains($0.name) }.map(\.name)
        if !generated.isEmpty {
            findings.append(
                hint(
                    field["sourceTable"],
                    "has generated columns, which Postgres does not send with changes: \(generated.joined(separator: ", ")) stay out of the target"
                ))
        }
        if ReplicatedColumns.names(of: table, mapping).isEmpty {
            findings.append(failure(field["excludedColumns"], "leaves no column of table \(name)"))
        }
        guard replicates else { return findings }
        if !["r", "p"].contains(table.kind) {
            findings.append(
                failure(
                    field["sourceTable"],
                    "is not a table: \(name) is a view or a foreign table, which only replicationMode snapshot can read"))
        }
        switch table.identity {
        case "n":
            findings.append(
                failure(
                    field["sourceTable"],
                    "table \(name) has replica identity 'n'/NOTHING: run ALTER TABLE \(name.quoted) REPLICA IDENTITY DEFAULT, or FULL without a primary key"
                ))
        case "i" where table.identityIndex.isEmpty:
            findings.append(
                failure(
                    field["sourceTable"],
                    "table \(name) has no replica identity index: its index was dropped; run ALTER TABLE \(name.quoted) REPLICA IDENTITY DEFAULT"
                ))
        case "d" where table.primaryKey.isEmpty:
            findings.append(
                failure(
                    field["sourceTable"],
                    "table \(name) has no primary keys and does not have REPLICA IDENTITY FULL: run ALTER TABLE \(name.quoted) REPLICA IDENTITY FULL"
                ))
        default: break
        }
        let keyExcluded = table.key.filter { excluded.contains($0) }
        if !keyExcluded.isEmpty, table.identity != "f", mapping.sortingKeys == nil {
            findings.append(
                failure(
                    field["excludedColumns"],
                    "names \(keyExcluded.joined(separator: ", ")), by which rows of table \(name) are known: keep the key, or set sortingKeys"
                ))
        }
        // A delete carries only the columns of the identity.
        let foreign = (mapping.sortingKeys ?? []).filter { !table.key.contains($0) }
        if !foreign.isEmpty, table.identity != "f" {
            findings.append(
                hint(
                    field["sortingKeys"],
                    "names \(foreign.joined(separator: ", ")), which Postgres does not send with deletes of table \(name): set REPLICA IDENTITY FULL, or deletes will not match"
                ))
        }
        return findings
    }

    // MARK: The server

    private func replication(_ connection: PostgresConnection) async throws -> [Finding] {
        var findings: [Finding] = []
        let mode = settings["replicationMode"]
        let isManaged = try await connection.query("SELECT current_setting('rds.logical_replication', true)").scalar
        if let isManaged, !["on", "1"].contains(isManaged) {
            findings.append(failure(mode, "rds.logical_replication setting must be enabled: set it to 1 in the parameter group and reboot"))
        }
        if try await connection.query("SHOW wal_level").scalar != "logical" {
            findings.append(failure(mode, "wal_level is not logical: set wal_level = logical on the server and restart it"))
        }
        let role = try await connection.query(
            """
            SELECT rolreplication OR rolsuper OR EXISTS (
              SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
              WHERE m.member = r.oid AND g.rolname IN ('rds_replication', 'rds_superuser', 'azure_pg_admin', 'cloudsqlsuperuser'))
            FROM pg_catalog.pg_roles r WHERE rolname = current_user
            """)
        if role.scalar != "t" {
            findings.append(
                failure(
                    Self.path["credentials"],
                    "the pipe's user does not have the REPLICATION attribute: run ALTER USER … REPLICATION (rds: GRANT rds_replication)"))
        }
        if let senders = try await connection.query("SHOW max_wal_senders").scalar.flatMap({ Int($0) }), senders < 2 {
            findings.append(failure(mode, "max_wal_senders must be at least 2, and is \(senders)"))
        }
        if try await connection.query("SELECT pg_is_in_recovery()").scalar == "t" {
            if connection.major < 16 {
                findings.append(
                    failure(Self.path["host"], "is a standby: logical replication from a standby needs Postgres 16; use the primary"))
            } else if try await connection.query("SHOW hot_standby_feedback").scalar != "on" {
                findings.append(failure(Self.path["host"], "is a standby whose hot_standby_feedback is off: turn it on"))
            }
        }
        let keep = connection.major >= 13 ? try await connection.query("SHOW max_slot_wal_keep_size").scalar : nil
        if let keep, keep != "-1" {
            findings.append(
                hint(
                    mode,
                    "max_slot_wal_keep_size is \(keep): while the pipe is behind by more, the server gives up its slot and the pipe must be resynced"
                ))
        }
        if configuration.settings.enableFailoverSlots == true, connection.major < 17 {
            findings.append(failure(settings["enableFailoverSlots"], "does not support this server: failover slots need Postgres 17"))
        }
        return findings
    }

    private func publication(_ connection: PostgresConnection) async throws -> [Finding] {
        let field = settings["publicationName"]
        let tables = configuration.tableMappings.map(\.table)
        guard let name = configuration.settings.publicationName else {
            return try await publicationPermission(tables, connection)
        }
        guard let publication = try await Publication.load(name, on: connection) else {
            return [failure(field, "publication '\(name)' does not exist: make it, or leave publicationName out")]
        }
        if publication.isForAllTables { return [] }
        let absent = tables.filter { !publication.tables.contains($0) }
        if absent.isEmpty { return [] }
        return [
            failure(
                field,
                "tables not in publication \"\(name)\": \(absent.map(\.description).joined(separator: ", ")). Run ALTER PUBLICATION \(SQLText.identifier(name)) ADD TABLE …"
            )
        ]
    }

    /// Makes the publication in a transaction that is rolled back.
    private func publicationPermission(_ tables: [TableName], _ connection: PostgresConnection) async throws -> [Finding] {
        var existing: [TableName] = []
        for table in tables {
            let found = try await connection.query("SELECT to_regclass($1)", [table.quoted])
            if found.scalar != nil { existing.append(table) }
        }
        guard !existing.isEmpty else { return [] }
        do {
            let list = existing.map(\.quoted).joined(separator: ", ")
            _ = try await connection.query("BEGIN; CREATE PUBLICATION penstock_probe_of_privileges FOR TABLE \(list); ROLLBACK")
            return []
        } catch let error as PostgresError where !error.isConnection {
            _ = try await connection.query("ROLLBACK")
            return [
                failure(
                    settings["publicationName"],
                    "cannot be made: \(error.description). Make the pipe's user owner of the tables and grant it CREATE on the database, or make a publication of all mapped tables and name it here"
                )
            ]
        }
    }

    private func slot(_ connection: PostgresConnection) async throws -> [Finding] {
        if let name = configuration.settings.replicationSlotName {
            let field = settings["replicationSlotName"]
            guard let slot = try await ReplicationSlot.load(name, on: connection) else {
                return [
                    failure(
                        field, "replication slot '\(name)' does not exist: make it with plugin pgoutput, or leave replicationSlotName out")
                ]
            }
            if slot.plugin != "pgoutput" {
                return [failure(field, "replication slot '\(name)' does not support the pipe: its plugin must be pgoutput")]
            }
            if slot.walStatus == "lost" {
                return [failure(field, "replication slot '\(name)' is lost: the server has removed WAL it needs")]
            }
            return slot.isActive ? [hint(field, "replication slot '\(name)' is being read by another process")] : []
        }
        let free = try await connection.query(
            "SELECT current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_catalog.pg_replication_slots)")
        if let free = free.scalar.flatMap({ Int($0) }), free < 1 {
            return [
                failure(
                    settings["replicationMode"],
                    "the server has no free replication slot: raise max_replication_slots, or drop slots that nobody reads"
                )
            ]
        }
        return []
    }

    private func replicationConnection() async -> [Finding] {
        do {
            return try await PostgresConnection.withConnection(target.replicating) { connection in
                _ = try await connection.query("IDENTIFY_SYSTEM")
                return []
            }
        } catch let error as PostgresError {
            return [failure(Self.path["credentials"], "failed to establish connection for replication: \(error.pipeError.message)")]
        } catch {
            return []
        }
    }
}

/// Which columns of a table a pipe carries.
package enum ReplicatedColumns {
    /// All but the excluded and the generated ones, in the table's order.
    package static func names(of table: TableDescription, _ mapping: PostgresConfiguration.Mapping) -> [String] {
        let excluded = Set(mapping.excludedColumns ?? [])
        return table.columns.filter { !$0.isGenerated && !excluded.contains($0.name) }.map(\.name)
    }
}
