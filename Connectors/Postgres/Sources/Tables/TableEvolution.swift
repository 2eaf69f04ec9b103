package import PipeCore

/// What must happen to a target whose source table was changed while the pipe rested.
package struct TableEvolution: Hashable, Sendable {
    /// Leads from the columns as last made to those of today.
    package private(set) var changes: [TableChange] = []
    /// For the record; one for each thing that changed.
    package private(set) var events: [String] = []
    /// Columns that are gone at the source and stay in the target.
    package private(set) var kept: [TargetTable.Column] = []
    /// Why the target cannot follow.
    package private(set) var problem: String?

    /// - Parameters:
    ///   - target: what is changed; the table or its shadow.
    ///   - known: the target's columns as last made.
    ///   - places: of the source's columns by the names they had then.
    package init(of target: String, _ table: MirroredTable, from known: [TargetTable.Column], places: [String: Int]) {
        let key = Set(table.target.sortingKey)
        let wanted = table.targetColumns
        let names = Set(wanted.map(\.name))
        var types = Dictionary(known.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
        for column in known where !names.contains(column.name) {
            let now = places[column.name].flatMap { place in table.columns.first { $0.place == place } }
            let isKey = key.contains(column.name) || places[column.name].map { table.wasKey(at: $0, key) } == true
            if isKey {
                problem = Self.lostKey(column.name, table.name, now: now?.name)
            } else if let now, table.settings.renames, types[now.name] == nil {
                changes.append(.renameColumn(table: target, from: column.name, to: now.name))
                events.append(Self.renamed(column.name, to: now.name))
                types[now.name] = column.type
                continue
            } else if now == nil, table.settings.drops, places[column.name] != nil {
                changes.append(.dropColumns(table: target, [column.name]))
                events.append(Self.dropped(column.name))
                continue
            }
            kept.append(column)
        }
        for column in wanted {
            guard let old = types[column.name], old != column.type else { continue }
            guard Self.isWidening(from: old, to: column.type), !key.contains(column.name) else {
                problem = Self.incompatible(column.name, table.name, old, column.type)
                continue
            }
            changes.append(.changeType(table: target, column: column.name, type: column.type))
            events.append(Self.widened(column.name, from: old, to: column.type))
        }
        let added = wanted.filter { types[$0.name] == nil }
        if !added.isEmpty {
            changes.append(.addColumns(table: target, added))
            events += added.map { Self.added($0.name, $0.type) }
        }
    }

    /// What rows of before have in the columns that are added.
    mutating func fillAdded(_ constant: (_ column: String) async throws -> String?) async throws {
        for (index, change) in changes.enumerated() {
            guard case .addColumns(let target, var columns) = change else { continue }
            for place in columns.indices { columns[place].defaultText = try await constant(columns[place].name) }
            changes[index] = .addColumns(table: target, columns)
        }
    }

    // MARK: Words

    package static func added(_ column: String, _ type: String) -> String { "column '\(column)' is new at the source: added as \(type)" }
    package static func dropped(_ column: String) -> String { "column '\(column)' was dropped at the source: dropped" }
    package static func kept(_ column: String) -> String { "column '\(column)' was dropped at the source: it stays in the target" }
    package static func renamed(_ column: String, to new: String) -> String { "column '\(column)' was renamed to '\(new)': renamed" }
    package static func added(_ column: String, renamedTo new: String) -> String {
        "column '\(column)' was renamed to '\(new)': '\(new)' is a new column of the target, '\(column)' stays"
    }
    package static func widened(_ column: String, from old: String, to new: String) -> String {
        "column '\(column)' was \(old) and is now \(new): changed"
    }

    package static func lostKey(_ column: String, _ source: TableName, now: String?) -> String {
        "column '\(column)' of \(source), by which the target is sorted, was \(now.map { "renamed to '\($0)'" } ?? "dropped"): resync the table"
    }

    package static func incompatible(_ column: String, _ source: TableName, _ old: String, _ new: String) -> String {
        "column '\(column)' of \(source) was \(old) and is now \(new), which the target cannot become in place: resync the table"
    }

    // MARK: Types

    /// Whether every value of a type is one of the other.
    package static func isWidening(from old: String, to new: String) -> Bool {
        let (old, new) = (bare(old), bare(new))
        if old == new { return true }
        let ladders = [["Int16", "Int32", "Int64"], ["Float32", "Float64"], ["LowCardinality(String)", "String"]]
        for ladder in ladders {
            if let from = ladder.firstIndex(of: old), let to = ladder.firstIndex(of: new) { return from < to }
        }
        if let from = decimal(old), let to = decimal(new) {
            return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale
        }
        return false
    }

    private static func bare(_ type: String) -> String {
        if type == "LowCardinality(Nullable(String))" { return "LowCardinality(String)" }
        return type.hasPrefix("Nullable(") ? String(type.dropFirst(9).dropLast()) : type
    }

    private static func decimal(_ type: String) -> DecimalShape? {
        guard type.hasPrefix("Decimal(") else { return nil }
        let numbers = type.dropFirst(8).dropLast().split(separator: ",").compactMap { Int($0.filter(\.isNumber)) }
        return numbers.count == 2 ? DecimalShape(precision: numbers[0], scale: numbers[1]) : nil
    }
}

extension MirroredTable {
    /// Whether the column at a place is part of the key by the name it has now.
    fileprivate func wasKey(at place: Int, _ key: Set<String>) -> Bool {
        columns.contains { $0.place == place && key.contains($0.name) }
    }
}

extension PostgresCodec {
    /// How values of this type are written into a column that was made for another one. Nil: they are not.
    package func fitted(to target: PostgresCodec) -> PostgresCodec? {
        if self == target || clickHouseType == target.clickHouseType { return self }
        switch (self, target) {
        case (.int16, .int32), (.int16, .int64), (.int32, .int64), (.float32, .float64): return .widened(self, to: target)
        // One that is not narrower than its column would lose digits.
        case (.decimal, .decimal): return TableEvolution.isWidening(from: clickHouseType, to: target.clickHouseType) ? target : nil
        // Sent before the column became text.
        case (.enumeration, .text): return .text(isSame: true)
        case (_, .text): return .text(isSame: false)
        default: return nil
        }
    }
}
