/// A table as the server's catalog has it.
package struct TableDescription: Hashable, Sendable {
    package struct Column: Hashable, Sendable {
        package var name: String
        package var type: UInt32
        package var modifier: Int32
        package var dimensions: Int
        package var isNullable: Bool
        package var isGenerated: Bool
        /// `attnum`: stays when the column is renamed, and is not given again when it is dropped.
        package var place: Int

        package init(
            name: String, type: UInt32, modifier: Int32 = -1, dimensions: Int = 0, isNullable: Bool = true, isGenerated: Bool = false,
            place: Int
        ) {
            self.name = name
            self.type = type
            self.modifier = modifier
            self.dimensions = dimensions
            self.isNullable = isNullable
            self.isGenerated = isGenerated
            self.place = place
        }
    }

    /// A place where rows lie: the table itself, a partition, a table that inherits.
    package struct Leaf: Hashable, Sendable, Codable {
        package var oid: UInt32
        package var name: TableName
        /// Heap blocks now; nil for what has none, such as a foreign table.
        package var blocks: Int64?
        /// The planner's estimate.
        package var rows: Int64

        package init(oid: UInt32, name: TableName, blocks: Int64?, rows: Int64) {
            self.oid = oid
            self.name = name
            self.blocks = blocks
            self.rows = rows
        }
    }

    package var oid: UInt32
    package var name: TableName
    /// `relkind`: `r` table, `p` partitioned, `v` view, `m` materialized view, `f` foreign.
    package var kind: Character
    /// `relreplident`: `d`efault, `n`othing, `f`ull, `i`ndex.
    package var identity: Character
    package var columns: [Column]
    /// In the order of the key.
    package var primaryKey: [String]
    package var identityIndex: [String]
    package var leaves: [Leaf]

    package init(
        oid: UInt32, name: TableName, kind: Character, identity: Character, columns: [Column], primaryKey: [String],
        identityIndex: [String], leaves: [Leaf]
    ) {
        self.oid = oid
        self.name = name
        self.kind = kind
        self.identity = identity
        self.columns = columns
        self.primaryKey = primaryKey
        self.identityIndex = identityIndex
        self.leaves = leaves
    }

    /// The columns by which a row is known in the stream; empty: none are.
    package var key: [String] {
        switch identity {
        case "f": primaryKey.isEmpty ? columns.filter { !$0.isGenerated }.map(\.name) : primaryKey
        case "i": identityIndex
        case "n": []
        default: primaryKey
        }
    }

    package func column(at place: Int) -> Column? { columns.first { $0.place == place } }

    package func column(_ name: String) -> Column? { columns.first { $0.name == name } }

    /// Nil when there is no such table.
    package static func load(_ table: TableName, on connection: PostgresConnection) async throws -> TableDescription? {
        let found = try await connection.query(
            """
            SELECT c.oid, c.relkind, c.relreplident FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            """, [table.schema, table.name])
        guard let row = found.rows.first, let oid = row[0].flatMap({ UInt32($0) }) else { return nil }
        return TableDescription(
            oid: oid, name: table, kind: row[1]?.first ?? "r", identity: row[2]?.first ?? "d",
            columns: try await columns(of: oid, on: connection),
            primaryKey: try await indexColumns("indisprimary", of: oid, on: connection),
            identityIndex: try await indexColumns("indisreplident", of: oid, on: connection),
            leaves: try await leaves(of: oid, on: connection))
    }

    private static func columns(of oid: UInt32, on connection: PostgresConnection) async throws -> [Column] {
        let rows = try await connection.query(
            """
            SELECT attname, atttypid, atttypmod, attndims, NOT attnotnull, attgenerated <> '', attnum FROM pg_catalog.pg_attribute
            WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum
            """, [String(oid)])
        return rows.rows.map { row in
            Column(
                name: row[0] ?? "", type: row[1].flatMap { UInt32($0) } ?? 0, modifier: row[2].flatMap { Int32($0) } ?? -1,
                dimensions: row[3].flatMap { Int($0) } ?? 0, isNullable: row[4] == "t", isGenerated: row[5] == "t",
                place: row[6].flatMap { Int($0) } ?? 0)
        }
    }

    private static func indexColumns(_ mark: String, of oid: UInt32, on connection: PostgresConnection) async throws -> [String] {
        let rows = try await connection.query(
            """
            SELECT a.attname FROM pg_catalog.pg_index i
            CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            WHERE i.indrelid = $1::oid AND i.\(mark) AND i.indisvalid AND k.place <= i.indnkeyatts ORDER BY k.place
            """, [String(oid)])
        return rows.rows.compactMap { $0[0] }
    }

    private static func leaves(of oid: UInt32, on connection: PostgresConnection) async throws -> [Leaf] {
        let rows = try await connection.query(
            """
            WITH RECURSIVE tree(oid) AS (
              SELECT $1::oid UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree t ON i.inhparent = t.oid)
            SELECT c.oid, n.nspname, c.relname,
                   CASE WHEN c.relkind IN ('r', 'm')
                        THEN pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::bigint END,
                   CASE WHEN c.relpages > 0 AND c.reltuples > 0 AND c.relkind IN ('r', 'm')
                        THEN (c.reltuples / c.relpages * (pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::bigint))::bigint
                        ELSE greatest(c.reltuples, 0)::bigint END
            FROM pg_catalog.pg_class c JOIN tree USING (oid) JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind <> 'p' ORDER BY n.nspname, c.relname
            """, [String(oid)])
        return rows.rows.map { row in
            Leaf(
                oid: row[0].flatMap { UInt32($0) } ?? 0, name: TableName(row[1] ?? "", row[2] ?? ""), blocks: row[3].flatMap { Int64($0) },
                rows: row[4].flatMap { Int64($0) } ?? 0)
        }
    }
}
