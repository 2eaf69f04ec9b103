import PipeCore

/// The changes of a target that lead from one relation message to the next, and their words for the record.
struct SchemaStep {
    private(set) var changes: [TableChange] = []
    private(set) var events: [String] = []
    private(set) var problem: String?
    private let target: String

    /// Follows what happened to the names of columns. Columns that the target gets are added by ``add(_:defaultText:_:)``.
    init(_ change: RelationChange, of target: String, _ table: inout MirroredTable) {
        self.target = target
        problem = change.problem
        for rename in change.renames {
            guard let place = table.columns.firstIndex(where: { $0.name == rename.from }) else { continue }
            changes.append(.renameColumn(table: target, from: rename.from, to: rename.to))
            events.append(TableEvolution.renamed(rename.from, to: rename.to))
            table.places[rename.from] = table.columns[place].place
            table.columns[place].name = rename.to
        }
        for rename in change.additionsByRename where !table.gone.contains(rename.from) {
            events.append(TableEvolution.added(rename.from, renamedTo: rename.to))
            table.gone.insert(rename.from)
        }
        for column in change.dropped where !table.gone.contains(column) {
            if table.settings.drops {
                changes.append(.dropColumns(table: target, [column]))
                events.append(TableEvolution.dropped(column))
                table.columns.removeAll { $0.name == column }
            } else {
                events.append(TableEvolution.kept(column))
                table.gone.insert(column)
            }
        }
    }

    /// Widens columns whose type was widened.
    mutating func fit(_ relation: PgOutputMessage.Relation, _ types: TypeCatalog, _ aliases: [String: String], _ table: inout MirroredTable)
    {
        let key = Set(table.target.sortingKey)
        for sent in relation.columns {
            guard let place = table.columns.firstIndex(where: { $0.name == aliases[sent.name] ?? sent.name }) else { continue }
            let column = table.columns[place]
            let dimensions = table.description.column(column.name)?.dimensions ?? 0
            let codec = types.codec(
                sent.type, modifier: sent.modifier, dimensions: dimensions, keepsNulls: table.settings.allowNullableColumns == true)
            if codec.fitted(to: column.codec) != nil { continue }
            let (old, new) = (column.codec.clickHouseType, codec.clickHouseType)
            guard TableEvolution.isWidening(from: old, to: new), !key.contains(column.name) else {
                problem = TableEvolution.incompatible(column.name, table.name, old, new)
                continue
            }
            table.columns[place].codec = codec
            changes.append(.changeType(table: target, column: column.name, type: table.columns[place].type))
            events.append(TableEvolution.widened(column.name, from: old, to: new))
        }
    }

    mutating func add(_ column: MirroredTable.Column, defaultText: String?, _ table: inout MirroredTable) {
        guard !table.columns.contains(where: { $0.name == column.name }) else { return }
        table.columns.append(column)
        changes.append(.addColumns(table: target, [TargetTable.Column(column.name, column.type, defaultText: defaultText)]))
        events.append(TableEvolution.added(column.name, column.type))
    }
}
