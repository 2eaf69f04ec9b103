/// A table of a ClickHouse server, as names and as SQL.
package struct TableName: Hashable, Sendable, Codable, CustomStringConvertible {
    package var database: String
    package var name: String

    package init(_ database: String, _ name: String) {
        self.database = database
        self.name = name
    }

    /// Both parts quoted, for statements.
    package var quoted: String { "\(Identifier.quoted(database)).\(Identifier.quoted(name))" }

    /// For people.
    package var description: String { "\(database).\(name)" }
}
