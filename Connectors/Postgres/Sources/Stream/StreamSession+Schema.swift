import PipeCore

extension StreamSession {
    /// A relation as the server is about to send rows of it: new, or changed.
    func learn(_ relation: PgOutputMessage.Relation) async throws {
        guard let index = try await table(of: relation), !run.isFailed(assembler.tables[index].table.name) else {
            return try assembler.register(relation, at: nil, types: types)
        }
        let unknown = Set(relation.columns.map(\.type)).subtracting(types.types.keys)
        if !unknown.isEmpty { types.merge(try await control { try await TypeCatalog.load(unknown, on: $0) }) }
        guard let aliases = try await adapt(index, to: relation) else {
            return try assembler.register(relation, at: nil, types: types)
        }
        try assembler.register(relation, at: index, types: types, aliases: aliases)
        if isBinary, let map = assembler.relations[relation.id], !map.sources.allSatisfy({ $0.field == nil || $0.codec.readsBinary }) {
            // The next read asks for text.
            run.prefersText.set()
            throw PostgresError(message: "a column of \(relation.schema).\(relation.name) is read as text from now on", isConnection: true)
        }
    }

    /// The mapped table that a relation belongs to: itself, one it is a part of, or one it inherits from.
    private func table(of relation: PgOutputMessage.Relation) async throws -> Int? {
        let name = TableName(relation.schema, relation.name)
        func index(_ name: TableName) -> Int? { assembler.tables.firstIndex { $0.table.name == name } }
        if let known = index(name) { return known }
        if let known = assembler.tables.firstIndex(where: { $0.table.description.leaves.contains { $0.oid == relation.id } }) {
            return known
        }
        let parents = try await control { connection in
            try await connection.query(
                """
                WITH RECURSIVE up(oid) AS (
                  SELECT inhparent FROM pg_catalog.pg_inherits WHERE inhrelid = $1::oid
                  UNION SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN up ON i.inhrelid = up.oid)
                SELECT n.nspname, c.relname FROM up JOIN pg_catalog.pg_class c USING (oid)
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                """, [String(relation.id)])
        }
        return parents.rows.lazy.compactMap { index(TableName($0[0] ?? "", $0[1] ?? "")) }.first
    }

    /// Makes the target able to take the relation's columns. The names that some of them have by now; nil: the table is given up.
    private func adapt(_ index: Int, to relation: PgOutputMessage.Relation) async throws -> [String: String]? {
        var table = assembler.tables[index].table
        let sent = relation.columns.map(\.name)
        var change = RelationChange(table, sent: sent, catalog: table.description)
        if !change.isEmpty || !change.aliases.isEmpty {
            // What is known may be older than the change.
            let name = table.name
            if let now = try await control({ try await TableDescription.load(name, on: $0) }) { table.description = now }
            change = RelationChange(table, sent: sent, catalog: table.description)
        }
        let target = assembler.tables[index].target
        var step = SchemaStep(change, of: target, &table)
        step.fit(relation, types, change.aliases, &table)
        if let problem = step.problem {
            return try await giveUp(index, relation, problem)
        }
        for name in change.added {
            // One that is gone again has no place in the target, and generated ones are not sent.
            guard let column = table.description.column(name), !column.isGenerated else { continue }
            if types.types[column.type] == nil {
                types.merge(try await control { try await TypeCatalog.load([column.type], on: $0) })
            }
            let mirrored = table.column(column, types)
            let description = table.description
            let value = try await control { try await description.constant(of: mirrored, on: $0) }
            step.add(mirrored, defaultText: value, &table)
        }
        for column in table.description.columns { table.places[column.name] = column.place }
        try await fillConstants(of: &table, besides: sent.map { change.aliases[$0] ?? $0 })
        if !step.changes.isEmpty {
            // In a repetition the change was made before the batch that is next.
            if !isRepeating || !assembler.isEmpty { try await flush(.end) }
            let wanted = step.changes
            try await guarded { [output] in try await output.change(wanted) }
        }
        if !step.events.isEmpty {
            output.count("schema_change")
            for event in step.events { await output.schemaChanged(table.mapping.targetTable, event) }
        }
        assembler.tables[index].table = table
        for other in assembler.relations.values where other.table == index && other.relation.id != relation.id {
            let aliases = RelationChange(table, sent: other.relation.columns.map(\.name), catalog: table.description).aliases
            try assembler.register(other.relation, at: index, types: types, aliases: aliases)
        }
        return change.aliases
    }

    /// Rows of a relation from before a column was added have what the column's DEFAULT was then.
    private func fillConstants(of table: inout MirroredTable, besides sent: [String]) async throws {
        let known = Set(sent).union(table.constants.keys)
        let description = table.description
        for column in table.columns where !known.contains(column.name) && description.column(column.name) != nil {
            let name = column.name
            guard let text = try await control({ try await description.constant(ofColumn: name, on: $0) }) else { continue }
            table.constants[name] = Array(text.utf8)
        }
    }
}
