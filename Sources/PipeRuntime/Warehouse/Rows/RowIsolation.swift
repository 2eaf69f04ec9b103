internal import ClickHouse
internal import PipeCore

/// Tells the rows of a refused batch that can be written from those that cannot.
struct RowIsolation: Sendable {
    let rows: EncodedRows
    let layout: RowLayout
    let statements: RowStatements
    let service: ClickHouseService
    let spec: PipeSpec
    let target: TableName
    let batch: BatchID

    /// The rows at fault among `chosen`, which were refused with `error`. Empty when no row is at fault by itself: then the error is
    /// about the table. Throws ``ClickHouseError`` and ``PipeError``.
    func faults(among chosen: [Int], after error: ClickHouseError) async throws -> [Int: RowFault] {
        if error.isFromReading {
            if error.isFaultOfSchema, let complaint = try await statements.complaint(about: rows.keeping([])) {
                let fault = RowFault(reading: complaint)
                return Dictionary(uniqueKeysWithValues: chosen.map { ($0, fault) })
            }
            let found = try await unreadable(chosen)
            if !found.isEmpty { return found }
        }
        return try await refusedByTable(chosen)
    }

    private func unreadable(_ chosen: [Int]) async throws -> [Int: RowFault] {
        if rows.format == "JSONEachRow" {
            return try await JSONFaults(rows: rows, layout: layout, statements: statements).faults(among: chosen)
        }
        let search = FaultSearch<ClickHouseError>(
            probe: { try await statements.complaint(about: rows.keeping(Array(chosen[$0]))) }, place: { $0.rowNumber.map { $0 - 1 } })
        return Dictionary(
            uniqueKeysWithValues: try await search.faults(in: 0..<chosen.count).map { (chosen[$0.row], RowFault(reading: $0.complaint)) })
    }

    /// Rows that parse and are refused later: by a constraint, the partition key, or the SELECT of a view. They are written to a copy
    /// of the table and of the views behind it, which is dropped again.
    private func refusedByTable(_ chosen: [Int]) async throws -> [Int: RowFault] {
        let plan: StagingPlan
        do {
            plan = try await StagingPlan.make(
                target: target, pipe: spec.id, batch: BatchID("rows \(batch)"), attempt: 0, service: service)
        } catch let error as PipeError where error.disposition == .user {
            // There is no copy to be had of this table: the refusal stays an error of the pipe.
            return [:]
        }
        try await drop(plan)
        do {
            try await plan.create(on: service)
            let search = FaultSearch<ClickHouseError>(
                probe: { range in
                    do throws(ClickHouseError) {
                        try await statements.insert(rows.keeping(Array(chosen[range])), into: plan.root.staging, token: nil)
                        return nil
                    } catch {
                        guard error.isFaultOfRows else { throw error }
                        return error
                    }
                }, place: { $0.rowNumber.map { $0 - 1 } })
            let found = try await search.faults(in: 0..<chosen.count)
            try await drop(plan)
            return Dictionary(
                uniqueKeysWithValues: found.map { found in
                    var fault = RowFault(writing: found.complaint)
                    for table in plan.tables { fault.reason.replace(table.staging.name, with: table.target.name) }
                    return (chosen[found.row], fault)
                })
        } catch {
            // What is left is dropped before the next try, and with the pipe.
            if !Task.isCancelled { try? await drop(plan) }
            throw error
        }
    }

    private func drop(_ plan: StagingPlan) async throws {
        try await StagingPlan.drop(tables: plan.tables.map(\.staging), views: plan.views.map(\.staging), on: service)
    }
}
