/// A change of a target table. Done again it changes nothing: a source asks again when it comes to the same point of its log.
public enum TableChange: Hashable, Sendable, CustomStringConvertible {
    /// Makes the table; one that exists is checked, and gets the columns it lacks. Fails with disposition `user` where it does not fit.
    case create(TargetTable)
    /// Columns that exist are left alone.
    case addColumns(table: String, [TargetTable.Column])
    case dropColumns(table: String, [String])
    /// A column that neither name finds is an error; where both are there, the rename is taken as done.
    case renameColumn(table: String, from: String, to: String)
    /// Gives a column a wider type. A column of the sorting key keeps its type where ClickHouse cannot change it; that fails with
    /// disposition `user`.
    case changeType(table: String, column: String, type: String)
    /// Removes rows. With `before`, only those of a lower version: rows that were written later stay, so that it can be asked again when they
    /// are there. A table without versions of its own, as one of engine Null, is left alone.
    case truncate(table: String, before: UInt64? = nil)
    /// The loaded shadow takes the place and the name of the target, which goes on under the shadow's name. A target that does not
    /// exist is made by renaming.
    case exchange(shadow: String, target: String)
    /// Removes a shadow, or what an exchange left under its name; a table that is neither is not touched and is an error.
    case drop(shadow: String)

    /// The table it is about.
    public var table: String {
        switch self {
        case .create(let table): table.name
        case .addColumns(let table, _), .dropColumns(let table, _), .renameColumn(let table, _, _), .changeType(let table, _, _): table
        case .truncate(let table, _), .exchange(_, let table), .drop(let table): table
        }
    }

    /// For the pipe's log.
    public var description: String {
        func names(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }
        switch self {
        case .create(let target): return "make table '\(target.name)'"
        case .addColumns(let table, let columns):
            return "add to table '\(table)': \(columns.map { "'\($0.name)' \($0.type)" }.joined(separator: ", "))"
        case .dropColumns(let table, let columns): return "drop from table '\(table)': \(names(columns))"
        case .renameColumn(let table, let from, let to): return "rename column '\(from)' of table '\(table)' to '\(to)'"
        case .changeType(let table, let column, let type): return "make column '\(column)' of table '\(table)' \(type)"
        case .truncate(let table, _): return "empty table '\(table)'"
        case .exchange(let shadow, let target): return "put table '\(shadow)' in the place of '\(target)'"
        case .drop(let shadow): return "drop table '\(shadow)'"
        }
    }
}
