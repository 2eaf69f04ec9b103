internal import ClickHouse
package import PipeCore

/// How the fields of incoming rows become columns of the destination: what to declare, what to select, what to insert.
///
/// Formats that carry names (JSONEachRow, CSVWithNames, Parquet, …) are mapped by name. Formats without (CSV, TabSeparated)
/// are mapped by position: by the number in `c1`, `c2`, … when every mapping is written so, as ClickHouse's own inference
/// names them, else in the order of the mappings. Columns that nothing maps to are not inserted, so their DEFAULT applies.
package struct RowProjection: Hashable, Sendable {
    /// The destination columns that are written, in the order of ``expressions``.
    package let columns: [String]
    /// The SQL expression of each column over the declared fields.
    package let expressions: [String]
    /// The declared fields, for a table function or `input()`.
    package let structure: String
    /// Rows must be numbered, so each file is read alone and in order.
    package let countsRows: Bool
    /// Rows may be wider than the declared fields: positions were chosen, the rest is skipped.
    package let skipsTrailingFields: Bool

    /// What ClickHouse's object storage functions add to each row (ClickHouse documentation, `s3` table function). The
    /// row number is counted here: 25.8 answers -1 for text formats.
    package static let virtualColumns: [VirtualColumn] = [
        VirtualColumn("_path", "LowCardinality(String)"), VirtualColumn("_file", "LowCardinality(String)"),
        VirtualColumn("_size", "Nullable(UInt64)"), VirtualColumn("_time", "Nullable(DateTime)"),
        VirtualColumn("_etag", "LowCardinality(String)"), VirtualColumn("_row_number", "UInt64"),
    ]

    package static let formatsWithoutNames: Set<String> = ["CSV", "TabSeparated"]

    /// `virtual` names the source fields that the table function adds; for rows that Penstock sends there are none, because
    /// connectors put such fields into the rows themselves.
    package init(
        columns: [Destination.Column], mappings: [FieldMapping], format: String, virtual: Set<String> = []
    ) throws(InvalidConfiguration) {
        let types = Dictionary(columns.map { ($0.name, $0.type) }) { first, _ in first }
        let mappings = FieldMapping.effective(mappings, columns: columns)
        var problems: [Problem] = []
        var fields: [(name: String, type: String)] = []
        var expressions: [String] = []
        let sources = mappings.map(\.sourceField).filter { !virtual.contains($0) }
        let isPositional = Self.formatsWithoutNames.contains(format)
        let positions = sources.compactMap(Self.position)
        let usesPositions = isPositional && !sources.isEmpty && positions.count == sources.count
        for (index, mapping) in mappings.enumerated() {
            guard let type = types[mapping.destinationField] else {
                problems.append(
                    Problem("fieldMappings[\(index)].destinationField", "'\(mapping.destinationField)' is not one of destination.columns"))
                continue
            }
            let source = mapping.sourceField
            if virtual.contains(source) {
                expressions.append(source == "_row_number" ? "rowNumberInAllBlocks() + 1" : Identifier.quoted(source))
                continue
            }
            if let declared = fields.first(where: { $0.name == source }) {
                expressions.append(
                    declared.type == type ? Identifier.quoted(source) : "CAST(\(Identifier.quoted(source)), \(Literal.string(type)))")
            } else {
                fields.append((source, type))
                expressions.append(Identifier.quoted(source))
            }
        }
        if format == "JSONAsObject" {
            if fields.count > 1 {
                problems.append(
                    Problem("fieldMappings", "must map one field when the format is JSONAsObject: the whole object goes into one column"))
            }
            fields = fields.map { ($0.name, $0.type.hasPrefix("JSON") ? $0.type : "JSON") }
            if fields.isEmpty { fields = [("json", "JSON")] }
        }
        if usesPositions, let last = positions.max() {
            let byPosition = Dictionary(fields.compactMap { field in Self.position(field.name).map { ($0, field.type) } }) { first, _ in
                first
            }
            fields = (1...last).map { ("c\($0)", byPosition[$0] ?? "String") }
        }
        if fields.isEmpty { fields = [(isPositional ? "c1" : "_unmapped", "Nullable(String)")] }
        if mappings.isEmpty { problems.append(Problem("destination.columns", "must list at least one column")) }
        try InvalidConfiguration.check(problems)
        self.columns = mappings.map(\.destinationField)
        self.expressions = expressions
        structure = fields.map { "\(Identifier.quoted($0.name)) \($0.type)" }.joined(separator: ", ")
        countsRows = virtual.contains("_row_number") && mappings.contains { $0.sourceField == "_row_number" }
        skipsTrailingFields = isPositional && (usesPositions || sources.isEmpty)
    }

    /// The columns of an INSERT, quoted, without parentheses.
    package var insertList: String { columns.map(Identifier.quoted).joined(separator: ", ") }

    package var selectList: String { expressions.joined(separator: ", ") }

    /// Parser settings that this projection needs for `format`.
    package func settings(format: String) -> [String: String] {
        guard skipsTrailingFields else { return [:] }
        return format == "CSV"
            ? ["input_format_csv_allow_variable_number_of_columns": "1"]
            : ["input_format_tsv_allow_variable_number_of_columns": "1"]
    }

    /// The number in `c12`; nil for any other name and for numbers no file has.
    private static func position(_ field: String) -> Int? {
        guard field.first == "c", let number = Int(field.dropFirst()), (1...10_000).contains(number), "c\(number)" == field else {
            return nil
        }
        return number
    }
}
