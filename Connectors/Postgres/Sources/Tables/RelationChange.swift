import PipeCore

/// What a relation message says of a mapped table, compared with the columns that its rows have had so far. Pure.
///
/// The message names columns and their types, but neither what was renamed nor what was dropped. Places tell: those of today from the catalog,
/// which may be ahead of the stream, and those that names had before.
package struct RelationChange: Hashable, Sendable {
    package struct Rename: Hashable, Sendable {
        package var from: String
        package var to: String

        package init(from: String, to: String) {
            self.from = from
            self.to = to
        }
    }

    /// Columns of the relation by names that columns of the table have now: the target is ahead of the stream.
    package private(set) var aliases: [String: String] = [:]
    /// The target's columns that have another name from now on.
    package private(set) var renames: [Rename] = []
    /// New names that stand for columns of the table; the target gets them as new columns.
    package private(set) var additionsByRename: [Rename] = []
    /// Columns of the table that the relation and the source have no more.
    package private(set) var dropped: [String] = []
    /// Columns of the relation that the table does not have.
    package private(set) var added: [String] = []
    /// Columns of the relation that the source has no more under this name.
    package private(set) var unknown: [String] = []
    /// Why the target cannot follow.
    package private(set) var problem: String?

    package var isEmpty: Bool { renames.isEmpty && added.isEmpty && dropped.isEmpty && unknown.isEmpty && problem == nil }

    /// - Parameter catalog: the table as it is now; nil where it is gone.
    package init(_ table: MirroredTable, sent: [String], catalog: TableDescription?) {
        let key = Set(table.target.sortingKey)
        let excluded = Set(table.mapping.excludedColumns ?? [])
        let names = Set(table.columns.map(\.name))
        var missing = table.columns.filter { !sent.contains($0.name) }
        for name in sent where !names.contains(name) && !excluded.contains(name) {
            func take(_ place: Int?, where condition: (MirroredTable.Column) -> Bool) -> MirroredTable.Column? {
                missing.firstIndex { $0.place == place && condition($0) }.map { missing.remove(at: $0) }
            }
            if let column = take(catalog?.column(name)?.place, where: { _ in true }) {
                let rename = Rename(from: column.name, to: name)
                if key.contains(column.name) { problem = TableEvolution.lostKey(column.name, table.name, now: name) }
                if table.settings.renames {
                    renames.append(rename)
                } else {
                    additionsByRename.append(rename)
                    added.append(name)
                }
            } else if let column = take(table.places[name], where: { catalog == nil || catalog?.column(at: $0.place)?.name == $0.name }) {
                // The column has its newest name already.
                aliases[name] = column.name
            } else if catalog == nil || catalog?.column(name) != nil {
                added.append(name)
            } else {
                unknown.append(name)
            }
        }
        // Renamed more than once: the stream is at a name that the catalog no longer has.
        let between = missing.filter { column in
            guard let now = catalog?.column(at: column.place) else { return false }
            // Or the target has its newest name already, after other ones.
            return now.name != column.name || table.places.contains { $0.value == column.place && $0.key != column.name }
        }
        // Names whose columns are known to be gone are none of those.
        unknown.removeAll { table.places[$0].map { catalog?.column(at: $0) == nil } ?? false }
        if between.count == 1, unknown.count == 1 {
            aliases[unknown[0]] = between[0].name
            missing.removeAll { $0 == between[0] }
            unknown = []
        } else if !between.isEmpty, !unknown.isEmpty {
            problem =
                "columns of \(table.name) were renamed more than once (\(unknown.joined(separator: ", "))), and what is what is not known any more: resync the table"
        }
        for column in missing where catalog.map({ $0.column(at: column.place) == nil }) ?? true {
            dropped.append(column.name)
            if key.contains(column.name) { problem = TableEvolution.lostKey(column.name, table.name, now: nil) }
        }
    }
}
