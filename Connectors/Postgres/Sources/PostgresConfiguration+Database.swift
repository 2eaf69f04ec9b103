public import PipeCore

extension PostgresConfiguration: RunnableSource, DatabaseSource {
    public static var virtualColumns: [VirtualColumn] { [] }

    public func probe(_ context: ProbeContext) async -> [Finding] { await PostgresProbe(self).run() }

    public func makeSource(_ context: SourceContext) throws -> PostgresSource { PostgresSource(self, context: context) }

    public func sample(_ context: ProbeContext) async throws -> SchemaSample {
        throw PipeError(
            "SOURCE_NOT_SUPPORTED", .user, side: .source,
            "schema discovery is not for databases: the types of a table's columns are known from its catalogue")
    }

    // MARK: Tables

    public var mappedTables: [MappedTable] {
        tableMappings.map { MappedTable(source: $0.table.description, target: $0.targetTable) }
    }

    public var takesSnapshot: Bool { settings.replicationMode != .changesOnly }

    public func targetTables(_ context: ProbeContext) async throws -> [TargetTable] {
        try await asking { try await MirroredTable.load(self, on: $0).tables.map(\.target) }
    }

    private func asking<Result: Sendable>(_ body: (PostgresConnection) async throws -> Result) async throws -> Result {
        do {
            return try await PostgresConnection.withConnection(ConnectionTarget(self), body)
        } catch let error as PostgresError {
            throw error.pipeError
        }
    }

    // MARK: Life

    public func resynced(_ checkpoint: StoredCheckpoint, of pipe: PipeID, targets: [String]?) async throws -> StoredCheckpoint {
        if !takesSnapshot {
            throw PipeError(
                "SOURCE_NOT_SUPPORTED", .user, side: .source,
                "a pipe with replicationMode cdc_only copies no tables: make a new pipe with replicationMode cdc")
        }
        var positions = checkpoint.positions
        var pending = checkpoint.pending
        for mapping in tableMappings where targets?.contains(mapping.targetTable) ?? true {
            let lane = Lane.table(mapping.table)
            let known = try positions[lane].map { try $0.decode(PostgresPosition.self) }?.table
            // One that was not begun is begun by the same plan.
            if let known, known.isShadow, known.columns.isEmpty, known.chunks == nil, known.failure == nil { continue }
            // There is nothing to keep of a table that feeds views only.
            let plan = (known ?? TablePlan(generation: 0)).restarted(besides: (mapping.tableEngine ?? .replacingMergeTree) != .null)
            positions[lane] = try JSONValue(encoding: PostgresPosition(table: plan))
            pending.removeAll { $0.lane == lane }
        }
        if targets == nil, settings.replicationMode == .cdc {
            var stream = try positions[.changes].map { try $0.decode(PostgresPosition.self) }?.stream ?? StreamPosition()
            if !stream.isReset {
                stream.epoch += 1
                stream.isReset = true
                stream.changes = 0
            }
            positions[.changes] = try JSONValue(encoding: PostgresPosition(stream: stream))
        }
        // Of the stream, and of other tables, what may have been sent is repeated as it was: under the same name with other rows it would be
        // taken for done.
        return StoredCheckpoint(positions: positions, pending: targets == nil ? [] : pending)
    }

    public func removeTraces(of pipe: PipeID, checkpoint: StoredCheckpoint) async throws {
        guard settings.replicationMode != .snapshot else { return }
        let names = ReplicationNames(self, pipe: pipe.compact)
        try await asking { connection in
            if names.ownsSlot {
                // The server may not have noticed yet that the pipe's connection is gone.
                _ = try await connection.query(
                    """
                    SELECT pg_terminate_backend(active_pid) FROM pg_catalog.pg_replication_slots
                    WHERE slot_name = $1 AND active_pid IS NOT NULL
                    """, [names.slot])
                for attempt in 0... {
                    do {
                        _ = try await connection.query(
                            "SELECT pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE slot_name = $1",
                            [names.slot])
                        break
                    } catch let error as PostgresError where error.isSlotInUse && attempt < 20 {
                        _ = try await connection.query("SELECT pg_sleep(0.25)")
                    }
                }
            }
            if names.ownsPublication {
                _ = try await connection.query("DROP PUBLICATION IF EXISTS \(SQLText.identifier(names.publication))")
            }
        }
    }
}
