internal import ClickHouse
internal import PipeCore

/// A table as a server has it.
package struct ExistingTable: Hashable, Sendable {
    package struct Column: Hashable, Sendable, Decodable {
        package var name: String
        package var type: String
        package var default_kind: String
        package init(name: String, type: String, default_kind: String = "") {
            self.name = name
            self.type = type
            self.default_kind = default_kind
        }
    }

    package var engine: String
    /// With arguments, keys and settings.
    package var engineText: String
    /// Of ORDER BY; columns or expressions, unquoted.
    package var sortingKey: [String]
    package var comment: String
    /// In their order.
    package var columns: [Column]
    /// Nil where the engine does not count.
    package var rows: Int?

    package init(engine: String, engineText: String, sortingKey: [String], comment: String = "", columns: [Column], rows: Int? = nil) {
        self.engine = engine
        self.engineText = engineText
        self.sortingKey = sortingKey
        self.comment = comment
        self.columns = columns
        self.rows = rows
    }

    package var isLoading: Bool { comment == TargetTableStatements.loadingMark }
    package var isReplaced: Bool { comment.hasSuffix(TargetTableStatements.replacedMark) }

    /// The arguments of the engine that are columns, in their order.
    package var engineArguments: [String] {
        let tokens = SQLToken.all(in: engineText).filter { !$0.isBlank }
        guard tokens.count > 1, tokens[1].text == "(" else { return [] }
        return tokens[2...].prefix { $0.text != ")" }.compactMap(\.identifier)
    }

    /// Nil when there is no such table.
    static func find(_ name: TableName, _ service: ClickHouseService) async throws -> ExistingTable? {
        struct Table: Decodable, Sendable {
            var engine: String
            var engine_full: String
            var sorting_key: String
            var comment: String
            var total_rows: UInt64?
        }
        let place = ["database": name.database, "table": name.name]
        let tables = try await service.rows(
            Table.self,
            """
            SELECT engine, engine_full, comment, total_rows, sorting_key
            FROM system.tables WHERE database = {database:String} AND name = {table:String}
            """, parameters: place, settings: ["output_format_json_quote_64bit_integers": "0"], during: "looking at \(name)")
        guard let table = tables.first else { return nil }
        let columns = try await service.rows(
            Column.self,
            "SELECT name, type, default_kind FROM system.columns WHERE database = {database:String} AND table = {table:String} ORDER BY position",
            parameters: place, during: "looking at the columns of \(name)")
        return ExistingTable(
            engine: table.engine, engineText: table.engine_full, sortingKey: parts(ofKey: table.sorting_key), comment: table.comment,
            columns: columns, rows: table.total_rows.map { Int(clamping: $0) })
    }

    /// `a, \`b c\`, toDate(d)` as three parts.
    package static func parts(ofKey text: String) -> [String] {
        var parts: [[SQLToken]] = [[]]
        var depth = 0
        for token in SQLToken.all(in: text) where !token.isBlank {
            if token.isPunctuation("(") { depth += 1 }
            if token.isPunctuation(")") { depth -= 1 }
            if token.isPunctuation(","), depth == 0 { parts.append([]) } else { parts[parts.count - 1].append(token) }
        }
        return parts.filter { !$0.isEmpty }.map { tokens in
            if tokens.count == 1, let name = tokens[0].identifier { return name }
            return tokens.map { String($0.text) }.joined()
        }
    }
}
