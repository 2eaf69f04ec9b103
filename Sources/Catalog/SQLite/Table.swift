internal import GRDB
internal import PipeCore

/// How one kind of record is kept: its table, the column that names it, and the way to and from columns.
struct Table<Record: Sendable & Equatable>: Sendable {
    typealias Values = [String: (any DatabaseValueConvertible)?]

    let name: String
    /// The unique column that finds a record.
    let key: String
    let encode: @Sendable (Record) throws -> Values
    let decode: @Sendable (Columns) throws -> Record

    /// `rest` is what follows `SELECT * FROM table`.
    func fetch(_ database: Database, _ rest: String, _ arguments: StatementArguments = StatementArguments()) throws -> [Record] {
        let rows = try Row.fetchAll(database.cachedStatement(sql: "SELECT * FROM \(name) \(rest)"), arguments: arguments)
        return try rows.map { try decode(Columns(table: name, row: $0)) }
    }

    func find(_ database: Database, _ id: String) throws -> Record? {
        try fetch(database, "WHERE \(key) = ?", [id]).first
    }

    func insert(_ database: Database, _ record: Record) throws {
        let values = try encode(record).sorted { $0.key < $1.key }
        let names = values.map(\.key).joined(separator: ", ")
        let places = values.map { _ in "?" }.joined(separator: ", ")
        try database.cachedStatement(sql: "INSERT INTO \(name) (\(names)) VALUES (\(places))")
            .execute(arguments: StatementArguments(values.map(\.value)))
    }

    /// The record before and after, as stored; nil when there is none. Nothing is written when `change` changes nothing. The
    /// key cannot be changed.
    func update(_ database: Database, _ id: String, _ change: (inout Record) throws -> Void) throws -> (old: Record, new: Record)? {
        guard let old = try find(database, id) else { return nil }
        var new = old
        try change(&new)
        guard new != old else { return (old, old) }
        let values = try encode(new).filter { $0.key != key }.sorted { $0.key < $1.key }
        let assignments = values.map { "\($0.key) = ?" }.joined(separator: ", ")
        try database.cachedStatement(sql: "UPDATE \(name) SET \(assignments) WHERE \(key) = ?")
            .execute(arguments: StatementArguments(values.map(\.value) + [id]))
        return try find(database, id).map { (old, $0) }
    }

    func delete(_ database: Database, _ id: String) throws -> Bool {
        try database.cachedStatement(sql: "DELETE FROM \(name) WHERE \(key) = ?").execute(arguments: [id])
        return database.changesCount > 0
    }
}
