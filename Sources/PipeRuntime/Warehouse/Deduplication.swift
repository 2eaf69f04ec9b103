internal import ClickHouse
internal import PipeCore

/// Whether a repeated batch would be recognised: by the target, and by every table that a view fills from it.
///
/// ClickHouse keeps the tokens of the last blocks of each table. A plain MergeTree keeps `non_replicated_deduplication_window` of them,
/// none by default; a replicated one `replicated_deduplication_window`, for at most as many seconds as
/// `replicated_deduplication_window_seconds` says.
struct Deduplication {
    let spec: PipeSpec
    let service: ClickHouseService

    static let plainSetting = "non_replicated_deduplication_window"
    static let replicatedSetting = "replicated_deduplication_window"
    /// Blocks that a managed table remembers. A block of rows from several partitions of the table counts once for each.
    static let window = 10_000

    private struct Table: Decodable, Sendable {
        var engine: String
        var engine_full: String
        var uuid: String
        var create_table_query: String
        var views: [[String]]
    }

    /// Gives a managed table that an earlier version made, or that somebody else did, the window of a new one.
    func widen(_ name: TableName) async throws {
        guard let table = try await find(name), table.engine.hasSuffix("MergeTree"), !isShared(table.engine) else { return }
        guard let set = try await window(of: table, Self.plainSetting), set < Self.window else { return }
        try await service.execute(
            "ALTER TABLE \(name.quoted)\(service.onCluster) MODIFY SETTING \(Self.plainSetting) = \(Self.window)",
            during: "setting up \(name)")
    }

    /// What must change before every repetition is recognised, each with what to do. A table that does not exist has no problem yet.
    func problems(of target: TableName) async throws -> [String] {
        var problems: [String] = []
        var queue = [target]
        var known: Set<TableName> = [target]
        while !queue.isEmpty {
            let name = queue.removeFirst()
            guard let table = try await find(name) else { continue }
            if let problem = try await problem(of: name, table, isTarget: name == target) { problems.append(problem) }
            for pair in table.views where pair.count == 2 {
                let view = TableName(pair[0], pair[1])
                guard let definition = try await find(view), definition.engine == "MaterializedView",
                    !ViewDefinition.isRefreshable(createQuery: definition.create_table_query)
                else { continue }
                let output =
                    if let named = ViewDefinition.target(ofCreateQuery: definition.create_table_query) { named } else {
                        try await StagingPlan.innerTable(of: view, uuid: definition.uuid, service)
                    }
                if known.insert(output).inserted { queue.append(output) }
            }
        }
        return problems
    }

    private func problem(of name: TableName, _ table: Table, isTarget: Bool) async throws -> String? {
        let role = isTarget ? "table \(name)" : "table \(name), which a materialized view fills,"
        // A Null table on the way keeps nothing that could be doubled; as the target it keeps no token either.
        if table.engine == "Null", !isTarget { return nil }
        guard table.engine.hasSuffix("MergeTree") else {
            return
                "\(role) has engine \(table.engine), which does not recognise a repeated batch: exactly-once needs the MergeTree family"
        }
        let setting = isShared(table.engine) ? Self.replicatedSetting : Self.plainSetting
        guard let window = try await window(of: table, setting), window == 0 else { return nil }
        return
            "\(role) does not recognise repeated batches (\(setting) is 0), which exactly-once needs: run ALTER TABLE \(name.quoted)\(service.onCluster) MODIFY SETTING \(setting) = \(Self.window)"
    }

    private func isShared(_ engine: String) -> Bool { engine.hasPrefix("Replicated") || engine.hasPrefix("Shared") }

    /// The value of a table's setting: its own, else the server's. Nil when the server does not know the setting.
    private func window(of table: Table, _ setting: String) async throws -> Int? {
        let tokens = SQLToken.all(in: table.engine_full).filter { !$0.isBlank }
        if let index = tokens.lastIndex(where: { $0.text == setting }), index + 2 < tokens.count, tokens[index + 1].text == "=" {
            return Int(tokens[index + 2].text)
        }
        struct Row: Decodable, Sendable { var value: String }
        let settings = isShared(table.engine) ? "system.replicated_merge_tree_settings" : "system.merge_tree_settings"
        return try await service.rows(
            Row.self, "SELECT value FROM \(settings) WHERE name = {name:String}", parameters: ["name": setting],
            during: "looking at the settings of tables"
        ).first.flatMap { Int($0.value) }
    }

    private func find(_ name: TableName) async throws -> Table? {
        try await service.rows(
            Table.self,
            """
            SELECT engine, engine_full, toString(uuid) AS uuid, create_table_query,
              arrayMap((d, t) -> [d, t], dependencies_database, dependencies_table) AS views
            FROM system.tables WHERE database = {database:String} AND name = {table:String}
            """, parameters: ["database": name.database, "table": name.name], during: "looking at \(name)"
        ).first
    }
}
