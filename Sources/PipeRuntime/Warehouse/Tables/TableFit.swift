package import PipeCore

/// Whether an existing table can take the rows of a mapped one. Pure.
///
/// Rows arrive as bytes of the declared types, so a column must have exactly its type; what does not change the bytes, a time zone or
/// LowCardinality, may differ.
package struct TableFit: Sendable {
    package let wanted: TargetTable
    package let existing: ExistingTable
    /// The server's spelling of the types of ``wanted``, in its order.
    package let types: [String]

    package init(wanted: TargetTable, existing: ExistingTable, types: [String]) {
        self.wanted = wanted
        self.existing = existing
        self.types = types
    }

    /// The columns that an existing table lacks and that can be added.
    package var missing: [TargetTable.Column] {
        let known = Set(existing.columns.map(\.name))
        return wanted.columns.filter { !known.contains($0.name) }
    }

    package var missingMetadata: [MetadataColumn] {
        let known = Set(existing.columns.map(\.name))
        return MetadataColumn.allCases.filter { !known.contains($0.name) }
    }

    /// What differs, each with what to do. Empty when the table fits.
    package var problems: [String] {
        if existing.engine.hasSuffix("View") || existing.engine == "Dictionary" {
            return ["is a \(existing.engine): choose another target, or drop it"]
        }
        var problems = engineProblems
        for (column, type) in zip(wanted.columns, types) { problems += self.problems(of: column.name, type) }
        for column in MetadataColumn.allCases { problems += self.problems(of: column.name, column.type) }
        return problems
    }

    private var engineProblems: [String] {
        let plain = existing.engine.replacing("Replicated", with: "").replacing("Shared", with: "")
        switch wanted.engine {
        case .null: return plain == "Null" ? [] : ["has engine \(existing.engine), not Null: name its engine in the mapping, or drop it"]
        case .mergeTree:
            return plain.hasSuffix("MergeTree")
                ? [] : ["has engine \(existing.engine), not one of the MergeTree family: choose another target, or drop it"]
        case .replacingMergeTree: break
        }
        guard plain == "ReplacingMergeTree" else {
            return ["has engine \(existing.engine), not ReplacingMergeTree: name its engine in the mapping (tableEngine), or drop it"]
        }
        var problems: [String] = []
        let arguments = existing.engineArguments
        if !arguments.contains(MetadataColumn.version.name) {
            problems.append(
                "keeps the row that was written last instead of the newest one: its engine must be ReplacingMergeTree(\(MetadataColumn.version.name))"
            )
        } else if wanted.deletesOnMerge, !arguments.contains(MetadataColumn.isDeleted.name) {
            problems.append(
                "does not leave deleted rows out: deleteOnMerge needs the engine ReplacingMergeTree(\(MetadataColumn.version.name), \(MetadataColumn.isDeleted.name))"
            )
        }
        if Set(existing.sortingKey) != Set(wanted.sortingKey) {
            problems.append(
                "is sorted by (\(existing.sortingKey.joined(separator: ", "))), and its rows are told apart by (\(wanted.sortingKey.joined(separator: ", "))): set sortingKeys of the mapping to the table's, or drop it"
            )
        }
        return problems
    }

    private func problems(of name: String, _ type: String) -> [String] {
        guard let column = existing.columns.first(where: { $0.name == name }) else { return [] }
        if ["MATERIALIZED", "ALIAS", "EPHEMERAL"].contains(column.default_kind) {
            return ["computes column '\(name)' by itself (\(column.default_kind)): exclude it from the mapping, or drop the table"]
        }
        if Self.bare(column.type) == Self.bare(type) { return [] }
        return [
            "has column '\(name)' of type \(column.type), not \(type): change the column, exclude it from the mapping, or drop the table"
        ]
    }

    /// The type without what does not show in its bytes.
    package static func bare(_ type: String) -> String {
        var type = type
        while let opening = type.firstRange(of: "LowCardinality(") {
            guard let closing = closing(of: type, after: opening.upperBound) else { break }
            type.remove(at: closing)
            type.removeSubrange(opening)
        }
        // DateTime('UTC') and DateTime64(6, 'UTC').
        while let opening = type.firstRange(of: "DateTime('") {
            guard let closing = closing(of: type, after: type.index(before: opening.upperBound)) else { break }
            type.replaceSubrange(opening.lowerBound...closing, with: "DateTime")
        }
        var searched = type.startIndex
        while let opening = type[searched...].firstRange(of: "DateTime64(") {
            guard let closing = closing(of: type, after: opening.upperBound) else { break }
            let precision = type[opening.upperBound..<closing].prefix { $0 != "," }
            let replacement = "DateTime64(\(precision))"
            let offset = type.distance(from: type.startIndex, to: opening.lowerBound) + replacement.count
            type.replaceSubrange(opening.lowerBound...closing, with: replacement)
            searched = type.index(type.startIndex, offsetBy: offset)
        }
        return type
    }

    /// The parenthesis that ends what began before `start`; quotes hide parentheses.
    private static func closing(of type: String, after start: String.Index) -> String.Index? {
        var depth = 0
        var isQuoted = false
        var index = start
        while index < type.endIndex {
            switch type[index] {
            case "'": isQuoted.toggle()
            case "(" where !isQuoted: depth += 1
            case ")" where !isQuoted:
                if depth == 0 { return index }
                depth -= 1
            default: break
            }
            index = type.index(after: index)
        }
        return nil
    }
}
