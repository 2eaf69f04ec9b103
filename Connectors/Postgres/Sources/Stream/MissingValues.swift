/// Reads at the source what a change left out because it did not change: large values that lie outside of the row (TOAST).
///
/// What is read may be newer than the change. Then a later change carries it too, with a larger version: once the stream has passed, target and
/// source are equal. A row that is gone by now has a deletion, or its new key, further down the stream.
struct MissingValues {
    let connection: PostgresConnection

    private static let rowsPerQuery = 200

    /// The left out fields of each hole, as text; a hole whose row is not found is left out, and so is a column that was dropped since.
    func read(_ holes: [ChangeAssembler.Hole], _ map: RelationMap) async throws -> [Int: [Int: [UInt8]?]] {
        let columns = map.relation.columns.map(\.name)
        do {
            return try await read(holes, map, Set(columns))
        } catch let error as PostgresError where error.state == "42703" {
            let rows = try await connection.query(
                "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped",
                [String(map.relation.id)])
            let present = Set(rows.rows.compactMap { $0[0] })
            guard map.keys.allSatisfy({ present.contains(columns[$0]) }) else { throw error }
            return try await read(holes, map, present)
        }
    }

    private func read(
        _ holes: [ChangeAssembler.Hole], _ map: RelationMap, _ present: Set<String>
    ) async throws -> [Int: [Int: [UInt8]?]] {
        let relation = map.relation
        // Only fields that some hole lacks and that are mapped.
        let mapped = Set(map.sources.compactMap(\.field))
        let lacking = relation.columns.indices.filter { field in
            mapped.contains(field) && present.contains(relation.columns[field].name)
                && holes.contains { $0.new.fields[field].kind == .unchanged }
        }
        if lacking.isEmpty { return [:] }
        var found: [Int: [Int: [UInt8]?]] = [:]
        // An identity that is left out itself cannot be looked up.
        let usable = holes.indices.filter { index in
            !map.keys.isEmpty && map.keys.allSatisfy { [.text, .binary].contains(holes[index].new.fields[$0].kind) }
        }
        for from in stride(from: 0, to: usable.count, by: max(1, min(Self.rowsPerQuery, 60_000 / max(1, map.keys.count)))) {
            let part = usable[from..<min(from + Self.rowsPerQuery, usable.count)]
            var parameters: [QueryParameter] = []
            var tuples: [String] = []
            for index in part {
                let hole = holes[index]
                var places: [String] = []
                for key in map.keys {
                    let field = hole.new.fields[key]
                    parameters.append(
                        QueryParameter(
                            type: relation.columns[key].type, bytes: Array(hole.message[field.range]), isBinary: field.kind == .binary))
                    places.append("$\(parameters.count)")
                }
                tuples.append("(\(index), \(places.joined(separator: ", ")))")
            }
            let keys = map.keys.indices.map { "k\($0)" }
            let join = zip(keys, map.keys).map { "v.\($0) = t.\(SQLText.identifier(map.names[$1]))" }
            let columns = lacking.map { "t.\(SQLText.identifier(map.names[$0]))" }
            let rows = try await connection.query(
                """
                SELECT v.i, \(columns.joined(separator: ", ")) FROM (VALUES \(tuples.joined(separator: ", "))) AS v(i, \(keys.joined(separator: ", "))) \
                JOIN \(TableName(relation.schema, relation.name).quoted) t ON \(join.joined(separator: " AND "))
                """, typed: parameters)
            for row in rows.rows {
                guard let index = row[0].flatMap({ Int($0) }) else { continue }
                var values: [Int: [UInt8]?] = [:]
                for (place, field) in lacking.enumerated() { values[field] = .some(row[place + 1].map { Array($0.utf8) }) }
                found[index] = values
            }
        }
        return found
    }
}
