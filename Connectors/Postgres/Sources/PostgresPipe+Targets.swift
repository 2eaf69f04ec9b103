import PipeCore

/// Tables in ClickHouse, before anything is written to them.
extension PostgresPipe {
    /// Makes targets, and changes them where their source was changed while the pipe rested.
    ///
    /// - Parameter isFresh: copies see what is there now, and not what was at the beginning of the slot.
    func prepareTargets(
        _ tables: inout [MirroredTable], _ plans: inout [TableName: TablePlan], isFresh: Bool, _ control: PostgresConnection
    ) async throws {
        for index in tables.indices {
            guard var plan = plans[tables[index].name], plan.failure == nil else { continue }
            let known = plan
            tables[index].places.merge(plan.places ?? [:]) { now, _ in now }
            let table = tables[index]
            var evolution: TableEvolution?
            if !plan.columns.isEmpty {
                let name = plan.isShadow ? TargetTable.shadowName(of: table.target.name) : table.target.name
                let found = TableEvolution(of: name, table, from: plan.columns, places: plan.places ?? [:])
                if let problem = found.problem {
                    guard run.settings.resyncs else {
                        plan.failure = problem
                        plans[table.name] = plan
                        await run.fail(table, problem, output)
                        try await note(plan, of: table, instead: known)
                        continue
                    }
                    plan = plan.restarted(besides: table.canHaveShadow)
                    await output.schemaChanged(table.mapping.targetTable, "\(problem). It is loaded anew")
                    await output.progress(run.note(table.mapping.targetTable) { $0.state = plan.isShadow ? .resync : .waiting })
                } else {
                    evolution = found
                    try await evolution?.fillAdded { name in
                        guard let column = table.columns.first(where: { $0.name == name }) else { return nil }
                        return try await table.description.constant(of: column, on: control)
                    }
                }
            }
            let changes = evolution?.changes ?? creation(of: table, plan)
            if plan.columns.isEmpty, isFresh { plan.copiedAfter = try await position(control) }
            if !changes.isEmpty { try await output.change(changes) }
            for event in evolution?.events ?? [] { await output.schemaChanged(table.mapping.targetTable, event) }
            // A column that is gone at the source may stay in the target.
            plan.columns = table.targetColumns + (evolution?.kept ?? [])
            tables[index].gone = Set((evolution?.kept ?? []).map(\.name))
            plan.places = tables[index].places
            plans[table.name] = plan
            if plan != known { try await note(plan, of: table, instead: known) }
        }
    }

    private func creation(of table: MirroredTable, _ plan: TablePlan) -> [TableChange] {
        guard plan.isShadow else { return [.create(table.target)] }
        return [.drop(shadow: TargetTable.shadowName(of: table.target.name)), .create(table.target.shadow)]
    }

    private func note(_ plan: TablePlan, of table: MirroredTable, instead known: TablePlan) async throws {
        let lane = Lane.table(table.name)
        try await note(plan, in: lane, from: self.known(lane) ?? PostgresPosition(table: known))
    }

    /// Where the log of the server ends. What the copies read later has everything before.
    private func position(_ control: PostgresConnection) async throws -> LogPosition? {
        let found = try await control.query(
            """
            SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                        ELSE pg_catalog.pg_current_wal_insert_lsn() END
            """)
        return found.scalar.flatMap { LogPosition($0) }
    }
}
