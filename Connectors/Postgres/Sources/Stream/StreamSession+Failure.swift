import PipeCore

/// Tables that cannot follow a change of their source.
extension StreamSession {
    /// Gives a table up, alone: it fails, or is loaded anew. Always nil.
    func giveUp(_ index: Int, _ relation: PgOutputMessage.Relation, _ problem: String) async throws -> [String: String]? {
        let table = assembler.tables[index].table
        let plan = replication.plans[table.name] ?? TablePlan(generation: 0)
        // Rows of before: who changed the table waited for their transaction, and who copied it saw the change. They are in the copy.
        if let copied = plan.copiedAfter, let transaction = assembler.transaction, transaction.commit < copied {
            run.context.log.log(.info, nil, "changes of \(table.name) from before its columns changed are left out: the copy has them")
            return nil
        }
        if !isRepeating || !assembler.isEmpty { try await flush(.end) }
        guard run.settings.resyncs else {
            var failed = plan
            failed.failure = problem
            await run.fail(table, problem, output)
            try await note(failed, instead: plan, of: table)
            for other in assembler.relations.values where other.table == index {
                try assembler.register(other.relation, at: nil, types: types)
            }
            return nil
        }
        try await note(plan.restarted(besides: table.canHaveShadow), instead: plan, of: table)
        await output.schemaChanged(table.mapping.targetTable, "\(problem). It is loaded anew")
        // The new plan is on record before it is read again.
        try await guarded { [output] in try await output.change([]) }
        throw PostgresError(message: "\(table.name) is loaded anew, because it changed", isConnection: true)
    }

    private func note(_ plan: TablePlan, instead known: TablePlan, of table: MirroredTable) async throws {
        let lane = Lane.table(table.name)
        let batch = Batch(
            id: BatchID("p\(plan.generation)-\(lane)-changed-\(PostgresPipe<Output>.stamp())"), lane: lane,
            extent: PostgresExtent(start: PostgresPosition(table: known), end: PostgresPosition(table: plan)), payload: .tables([]),
            reason: .end)
        try await guarded { [output] in try await output.emit(batch) }
    }
}
