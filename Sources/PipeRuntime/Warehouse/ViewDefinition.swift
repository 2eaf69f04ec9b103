package import ClickHouse

/// The parts of a materialized view's definition that staging needs, found in the SQL that ClickHouse itself formatted.
package enum ViewDefinition {
    /// The table named by TO in `CREATE MATERIALIZED VIEW db.v TO db.t …`; nil for a view with its own inner table.
    package static func target(ofCreateQuery sql: String) -> TableName? {
        let tokens = SQLToken.all(in: sql).filter { !$0.isBlank }
        // CREATE MATERIALIZED VIEW [db .] name [TO [db .] table]
        guard let view = tokens.firstIndex(where: { $0.isWord("VIEW") }) else { return nil }
        var index = view + 1
        while index < tokens.count, !tokens[index].isWord("TO") {
            // A parenthesis, ENGINE or AS comes after the place where TO would stand.
            if tokens[index].text == "(" || tokens[index].isWord("ENGINE") || tokens[index].isWord("AS") { return nil }
            index += 1
        }
        guard index + 3 < tokens.count, let database = tokens[index + 1].identifier, tokens[index + 2].text == ".",
            let name = tokens[index + 3].identifier
        else { return nil }
        return TableName(database, name)
    }

    /// A refreshable view runs on a schedule, not on inserts.
    package static func isRefreshable(createQuery sql: String) -> Bool {
        for token in SQLToken.all(in: sql) where !token.isBlank {
            if token.text == "(" || token.isWord("AS") { return false }
            if token.isWord("REFRESH") { return true }
        }
        return false
    }

    /// The view's SELECT reading from `staging` instead of `source`; nil unless `source` is read exactly once.
    package static func select(_ sql: String, readingFrom source: TableName, replacedBy staging: TableName) -> String? {
        let tokens = SQLToken.all(in: sql)
        let significant = tokens.indices.filter { !tokens[$0].isBlank }
        var result = tokens.map { String($0.text) }
        var reads = 0
        for (place, index) in significant.enumerated() {
            guard place + 2 < significant.count, tokens[index].identifier == source.database,
                tokens[significant[place + 1]].text == ".", tokens[significant[place + 2]].identifier == source.name
            else { continue }
            let after = place + 3 < significant.count ? tokens[significant[place + 3]] : nil
            let before = place > 0 ? tokens[significant[place - 1]] : nil
            if after?.text == "." {
                // A column written db.table.column: the alias below makes table.column valid.
                result[index] = ""
                result[significant[place + 1]] = ""
            } else if let before, before.isWord("FROM") || before.isWord("JOIN") || before.text == "," {
                reads += 1
                let alias = after?.isWord("AS") == true ? "" : " AS \(Identifier.quoted(source.name))"
                result[index] = staging.quoted
                result[significant[place + 1]] = ""
                result[significant[place + 2]] = alias
            }
        }
        return reads == 1 ? result.joined() : nil
    }
}
