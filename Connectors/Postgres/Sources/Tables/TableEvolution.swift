package import PipeCore

/// What must happen to a target whose source table has changed.
package enum TableEvolution {
    /// The changes that lead from the columns as last made to those of today. A column that is gone stays in the target.
    /// Throws ``PipeError`` where a type cannot be widened.
    package static func changes(
        of target: String, source: TableName, from known: [TargetTable.Column], to wanted: [TargetTable.Column]
    ) throws -> [TableChange] {
        let types = Dictionary(known.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
        var changes: [TableChange] = []
        for column in wanted {
            guard let old = types[column.name], old != column.type else { continue }
            guard isWidening(from: old, to: column.type) else { throw incompatible(column.name, source, old, column.type) }
            changes.append(.changeType(table: target, column: column.name, type: column.type))
        }
        let added = wanted.filter { types[$0.name] == nil }
        if !added.isEmpty { changes.append(.addColumns(table: target, added)) }
        return changes
    }

    package static func incompatible(_ column: String, _ source: TableName, _ old: String, _ new: String) -> PipeError {
        PipeError(
            .sourceSchema, .user, side: .source,
            "column '\(column)' of \(source) was \(old) and is now \(new), which the target cannot become in place: resync the pipe")
    }

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
