internal import ClickHouse
internal import PipeCore

/// The staging tables of one batch: a copy of the target, a copy of every table that a materialized view on the way writes,
/// and copies of those views between them. Rows inserted into ``root`` therefore end up, transformed, in tables that have
/// exactly the shape of the real ones, and nothing real has changed.
struct StagingPlan: Sendable {
    struct Table: Sendable, Hashable {
        var target: TableName
        var staging: TableName
        /// Name without arguments, for example `ReplicatedMergeTree`.
        var engine: String
        var create: String

        /// A Null table keeps no parts: only its views matter.
        var hasParts: Bool { engine != "Null" }
    }

    struct View: Sendable, Hashable {
        var staging: TableName
        var create: String
    }

    /// The target first, then the targets of views in the order found.
    var tables: [Table]
    var views: [View]

    var root: Table { tables[0] }

    /// Prefix of the names of everything staged for a pipe, after the table's own name.
    static func marker(_ pipe: PipeID) -> String { "_clickpipes_stage_\(pipe.compact.prefix(8))_" }

    /// What the query id of every INSERT into staging tables of a batch begins with.
    static func statements(of batch: BatchID, pipe: PipeID) -> String { "penstock\(marker(pipe))\(hash(batch.rawValue))_" }

    static func isStageable(_ engine: String) -> Bool { engine == "Null" || engine.hasSuffix("MergeTree") }

    private struct Found: Decodable, Sendable {
        var engine: String
        var engine_full: String
        var uuid: String
        var create_table_query: String
        var as_select: String
        var views: [[String]]
    }

    /// Looks at the server. Throws a `user` error when something on the way cannot be staged, and names it.
    ///
    /// Every attempt has names of its own: a statement of an earlier attempt that reaches the server late finds no table.
    static func make(
        target: TableName, pipe: PipeID, batch: BatchID, attempt: Int, service: ClickHouseService
    ) async throws -> StagingPlan {
        var plan = StagingPlan(tables: [], views: [])
        let suffix = marker(pipe) + hash(batch.rawValue) + "_\(attempt)"
        func staged(_ table: TableName, as kind: String = "") -> TableName {
            // File names are limited to 255 bytes, and non-ASCII bytes are written as three.
            let short = table.name.utf8.count > 60 ? "\(table.name.prefix(12))_\(hash(table.name))" : table.name
            return TableName(table.database, "\(short)\(suffix)\(kind)")
        }
        var queue: [(table: TableName, staging: TableName)] = [(target, staged(target))]
        var known: [TableName: TableName] = [target: staged(target)]
        while !queue.isEmpty {
            let (table, staging) = queue.removeFirst()
            let found = try await find(table, service)
            guard isStageable(found.engine) else {
                throw PipeError(
                    .destinationRefused, .user, side: .destination,
                    "table \(table) has engine \(found.engine), which cannot be loaded exactly once: use a MergeTree or Null table, or drop the view that writes to it"
                )
            }
            plan.tables.append(
                Table(
                    target: table, staging: staging, engine: found.engine,
                    create: createTable(staging, like: table, engineFull: found.engine_full, service: service)))
            for pair in found.views.sorted(by: { $0.lexicographicallyPrecedes($1) }) where pair.count == 2 {
                let view = TableName(pair[0], pair[1])
                let definition = try await find(view, service)
                guard definition.engine == "MaterializedView", !ViewDefinition.isRefreshable(createQuery: definition.create_table_query)
                else { continue }
                let output =
                    if let named = ViewDefinition.target(ofCreateQuery: definition.create_table_query) { named } else {
                        try await innerTable(of: view, uuid: definition.uuid, service)
                    }
                // An inner table has no name of its own worth showing.
                let outputStaging = known[output] ?? staged(output.name.hasPrefix(".inner") ? view : output)
                if known.updateValue(outputStaging, forKey: output) == nil { queue.append((output, outputStaging)) }
                guard let select = ViewDefinition.select(definition.as_select, readingFrom: table, replacedBy: staging) else {
                    throw PipeError(
                        .destinationRefused, .user, side: .destination,
                        "materialized view \(view) reads \(table) in a way that cannot be staged: its SELECT must name the table exactly once"
                    )
                }
                let name = staged(view, as: "_view")
                plan.views.append(
                    View(
                        staging: name,
                        create: "CREATE MATERIALIZED VIEW \(name.quoted)\(service.onCluster) TO \(outputStaging.quoted) AS \(select)"))
            }
        }
        return plan
    }

    func create(on service: ClickHouseService) async throws {
        for table in tables {
            try await service.execute(table.create, during: "creating a staging table")
            guard table.hasParts else { continue }
            // Staging parts must stay as they are until they are moved: never merged, and each with an identity that
            // survives the move. Table settings, unlike SYSTEM STOP MERGES, survive a restart; they may differ between the
            // tables of a move.
            try await service.execute(
                """
                ALTER TABLE \(table.staging.quoted)\(service.onCluster) MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, \
                max_bytes_to_merge_at_min_space_in_pool = 1, max_number_of_merges_with_ttl_in_pool = 0, assign_part_uuids = 1
                """, during: "creating a staging table")
        }
        for view in views { try await service.execute(view.create, during: "creating a staging view") }
    }

    /// Stops statements that still make or fill staging tables, and returns when they have ended: dropping the tables need
    /// not wait, and none appears afterwards. Trouble is not reported: the drop decides, and without the right to kill it only
    /// takes longer.
    static func stopStatements(_ prefix: String, on service: ClickHouseService) async {
        _ = try? await service.client.execute(
            "KILL QUERY\(service.onCluster) WHERE startsWith(query_id, {prefix:String}) SYNC", parameters: ["prefix": prefix],
            settings: [:], timeout: .seconds(30))
    }

    static func drop(tables: [TableName], views: [TableName], on service: ClickHouseService) async throws {
        for name in views + tables {
            try await service.execute(
                "DROP TABLE IF EXISTS \(name.quoted)\(service.onCluster) SYNC", settings: ["max_table_size_to_drop": "0"],
                during: "dropping a staging table")
        }
    }

    /// Drops every staging table and view of a pipe, and stops what fills them.
    static func dropAll(of pipe: PipeID, on service: ClickHouseService) async throws {
        struct Row: Decodable, Sendable {
            var database: String
            var name: String
        }
        await stopStatements("penstock\(marker(pipe))", on: service)
        let names = try await service.rows(
            Row.self, "SELECT database, name FROM system.tables WHERE position(name, {marker:String}) > 0 ORDER BY database, name",
            parameters: ["marker": marker(pipe)], during: "looking for staging tables"
        ).map { TableName($0.database, $0.name) }
        try await drop(
            tables: names.filter { !$0.name.hasSuffix("_view") }, views: names.filter { $0.name.hasSuffix("_view") }, on: service)
    }

    private static func find(_ table: TableName, _ service: ClickHouseService) async throws -> Found {
        let rows = try await service.rows(
            Found.self,
            """
            SELECT engine, engine_full, toString(uuid) AS uuid, create_table_query, as_select,
              arrayMap((d, t) -> [d, t], dependencies_database, dependencies_table) AS views
            FROM system.tables WHERE database = {database:String} AND name = {table:String}
            """, parameters: ["database": table.database, "table": table.name], during: "looking at \(table)")
        guard let found = rows.first else {
            throw PipeError(
                .destinationRefused, .user, side: .destination,
                "table \(table) does not exist: create it, or start the pipe anew to have it made")
        }
        return found
    }

    static func innerTable(of view: TableName, uuid: String, _ service: ClickHouseService) async throws -> TableName {
        struct Row: Decodable, Sendable { var name: String }
        let rows = try await service.rows(
            Row.self,
            "SELECT name FROM system.tables WHERE database = {database:String} AND name IN (concat('.inner_id.', {uuid:String}), concat('.inner.', {view:String})) ORDER BY name DESC LIMIT 1",
            parameters: ["database": view.database, "uuid": uuid, "view": view.name], during: "looking at \(view)")
        guard let name = rows.first?.name else {
            throw PipeError(.destinationRefused, .user, side: .destination, "the inner table of materialized view \(view) does not exist")
        }
        return TableName(view.database, name)
    }

    /// A replicated table's path belongs to it alone, so the copy gets the server's default path.
    private static func createTable(_ staging: TableName, like target: TableName, engineFull: String, service: ClickHouseService) -> String
    {
        let create = "CREATE TABLE \(staging.quoted)\(service.onCluster) AS \(target.quoted)"
        guard engineFull.hasPrefix("Replicated") else { return create }
        return "\(create) ENGINE = \(ReplicatedEngine.withDefaultPath(engineFull))"
    }

    /// 64-bit FNV-1a in hexadecimal: stable names, no secrecy.
    static func hash(_ text: String) -> String {
        let value = text.utf8.reduce(into: UInt64(0xcbf2_9ce4_8422_2325)) { $0 = ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// An engine clause of a replicated table as `system.tables.engine_full` shows it.
package enum ReplicatedEngine {
    /// `ReplicatedReplacingMergeTree('/path', '{replica}', v) ORDER BY …` without the first two arguments.
    package static func withDefaultPath(_ clause: String) -> String {
        let tokens = SQLToken.all(in: clause)
        guard let opening = tokens.firstIndex(where: { $0.text == "(" }),
            tokens[..<opening].filter({ !$0.isBlank }).count == 1
        else { return clause }
        var index = opening + 1
        var dropped = 0
        while index < tokens.count, dropped < 2, tokens[index].text.first == "'" {
            dropped += 1
            index += 1
            while index < tokens.count, tokens[index].isBlank || tokens[index].text == "," { index += 1 }
        }
        return (tokens[...opening] + tokens[index...]).map(\.text).joined()
    }
}
