import PipeCore

extension StreamSession {
    /// A relation as the server is about to send rows of it: new, or changed.
    func learn(_ relation: PgOutputMessage.Relation) async throws {
        guard let index = try await table(of: relation) else { return try assembler.register(relation, at: nil, types: types) }
        let unknown = Set(relation.columns.map(\.type)).subtracting(types.types.keys)
        if !unknown.isEmpty { types.merge(try await control { try await TypeCatalog.load(unknown, on: $0) }) }
        try await adapt(index, to: relation)
        try assembler.register(relation, at: index, types: types)
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

    /// Makes the target able to take the relation's columns.
    private func adapt(_ index: Int, to relation: PgOutputMessage.Relation) async throws {
        var table = assembler.tables[index].table
        let excluded = Set(table.mapping.excludedColumns ?? [])
        var changes: [TableChange] = []
        let target = assembler.tables[index].target
        for sent in relation.columns where !excluded.contains(sent.name) {
            guard let place = table.columns.firstIndex(where: { $0.name == sent.name }) else { continue }
            let dimensions = table.description.column(sent.name)?.dimensions ?? 0
            let codec = types.codec(
                sent.type, modifier: sent.modifier, dimensions: dimensions, keepsNulls: table.settings.allowNullableColumns == true)
            let column = table.columns[place]
            if codec.fitted(to: column.codec) != nil { continue }
            guard TableEvolution.isWidening(from: column.codec.clickHouseType, to: codec.clickHouseType) else { continue }
            table.columns[place].codec = codec
            changes.append(.changeType(table: target, column: sent.name, type: table.columns[place].type))
        }
        let added = relation.columns.filter { sent in
            !excluded.contains(sent.name) && !table.columns.contains { $0.name == sent.name }
        }
        if !added.isEmpty {
            let name = table.name
            if let now = try await control({ try await TableDescription.load(name, on: $0) }) {
                let unknown = Set(now.columns.map(\.type)).subtracting(types.types.keys)
                types.merge(try await control { try await TypeCatalog.load(unknown, on: $0) })
                table.description = now
                var columns: [TargetTable.Column] = []
                for sent in added {
                    // One that is gone again has no place in the target.
                    guard let column = now.column(sent.name), !column.isGenerated else { continue }
                    let mirrored = table.column(column, types)
                    table.columns.append(mirrored)
                    columns.append(
                        TargetTable.Column(
                            mirrored.name, mirrored.type, defaultText: try await missingValue(of: sent.name, in: now, mirrored)))
                }
                if !columns.isEmpty { changes.append(.addColumns(table: target, columns)) }
            }
        }
        if changes.isEmpty { return }
        // In a repetition the change was made before the batch that is next.
        if !isRepeating || !assembler.isEmpty { try await flush(.end) }
        let wanted = changes
        try await guarded { [output] in try await output.change(wanted) }
        output.count("schema_change")
        assembler.tables[index].table = table
        for other in assembler.relations.values where other.table == index && other.relation.id != relation.id {
            try assembler.register(other.relation, at: index, types: types)
        }
    }

    /// What rows have that were there before the column, where Postgres knows it as a constant.
    private func missingValue(
        of column: String, in table: TableDescription, _ mirrored: MirroredTable.Column
    ) async throws -> String? {
        let found = try await control { connection in
            try await connection.query(
                """
                SELECT (attmissingval::text::text[])[1] FROM pg_catalog.pg_attribute
                WHERE attrelid = $1::oid AND attname = $2 AND atthasmissing
                """, [String(table.oid), column])
        }
        guard let text = found.scalar else { return nil }
        switch mirrored.codec {
        case .bool: return text == "t" ? "true" : "false"
        case .int16, .int32, .int64, .float32, .float64, .decimal, .text, .jsonb, .enumeration, .uuid, .date, .timestamp: return text
        default: return nil
        }
    }
}
