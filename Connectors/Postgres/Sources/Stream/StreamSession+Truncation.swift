import PipeCore

/// TRUNCATE at the source.
extension StreamSession {
    /// - Parameters:
    ///   - relations: what the statement emptied.
    ///   - version: above those of the rows before it, below those of the rows after it.
    func truncated(_ relations: [UInt32], _ version: UInt64) async throws {
        output.count("truncate")
        defer { assembler.passTruncation() }
        let known = relations.compactMap { assembler.relations[$0] }
        for index in Set(known.map(\.table)).sorted() {
            let table = assembler.tables[index].table
            let names = known.filter { $0.table == index }.map { TableName($0.relation.schema, $0.relation.name) }
            if !run.settings.truncates {
                await tell(table, "the source was truncated: the target keeps its rows")
            } else if !table.isWhole(relations) {
                let parts = names.map(\.description).joined(separator: ", ")
                await tell(
                    table, "\(parts), a part of the source, was truncated: the target keeps its rows; resync the table to remove them")
            } else if !isRepeating {
                // In a repetition it was done before the batch that is next.
                try await empty(index, version)
                await tell(table, "the source was truncated: rows of before are removed")
            }
        }
    }

    private func tell(_ table: MirroredTable, _ text: String) async { await output.schemaChanged(table.mapping.targetTable, text) }

    /// A barrier: the rows before are in the target when it is emptied. What comes again after a crash finds later rows with later versions.
    private func empty(_ index: Int, _ version: UInt64) async throws {
        try await flush(.end)
        let (name, target) = (assembler.tables[index].table.name, assembler.tables[index].target)
        try await guarded { [run, output] in
            try await run.copies.void(name)
            try await output.change([.truncate(table: target, before: version)])
        }
    }
}

extension MirroredTable {
    /// Whether these are all the places where rows of the table lie. What is sent of a partitioned table is sent as of the table itself.
    fileprivate func isWhole(_ relations: [UInt32]) -> Bool {
        if description.kind == "p", relations.contains(description.oid) { return true }
        return description.leaves.allSatisfy { relations.contains($0.oid) }
    }
}
