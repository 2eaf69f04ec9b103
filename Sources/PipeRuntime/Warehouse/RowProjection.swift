internal import ClickHouse
package import PipeCore

/// How the fields of incoming rows become columns of the destination: what to declare, what to select, what to insert.
///
/// Formats that carry names (JSONEachRow, CSVWithNames, Parquet, …) are mapped by name. Formats without (CSV, TabSeparated)
/// are mapped by position: by the number in `c1`, `c2`, … when every mapping is written so, as ClickHouse's own inference
/// names them, else in the order of the mappings. Columns that nothing maps to are not inserted, so their DEFAULT applies.
/// In JSON, Avro and Protobuf a dotted field reaches into objects; see ``SourcePath``.
package struct RowProjection: Hashable, Sendable {
    /// The destination columns that are written, in the order of ``expressions``.
    package let columns: [String]
    /// The SQL expression of each column over the declared fields.
    package let expressions: [String]
    /// The declared fields, for a table function or `input()`.
    package let structure: String
    let fields: [Field]
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

    struct Field: Hashable, Sendable {
        var name: String
        var type: String
    }

    package static let formatsWithoutNames: Set<String> = ["CSV", "TabSeparated"]

    /// - Parameters:
    ///   - virtual: the source fields that a table function adds.
    ///   - added: the fields that a connector put into the rows, which carry the source fields of the same ``VirtualColumn/name``.
    ///   - avro: the schema of rows in Avro, where it is at hand.
    package init(
        columns: [Destination.Column], mappings: [FieldMapping], format: String, virtual: Set<String> = [], added: [VirtualColumn] = [],
        avro: AvroPaths? = nil
    ) throws(InvalidConfiguration) {
        let types = Dictionary(columns.map { ($0.name, $0.type) }) { first, _ in first }
        let isMapped = !mappings.isEmpty
        let mappings = FieldMapping.effective(mappings, columns: columns)
        var problems: [Problem] = []
        let style = Self.style(of: format, avro: avro)
        var nested = NestedFields(style: style)
        var addedFields: [(name: String, type: String)] = []
        let sources = mappings.map(\.sourceField).filter { !virtual.contains($0) }
        let isPositional = Self.formatsWithoutNames.contains(format)
        let positions = sources.compactMap(Self.position)
        let usesPositions = isPositional && !sources.isEmpty && positions.count == sources.count
        func path(_ source: String) -> SourcePath { style == .flat ? SourcePath(names: [source]) : SourcePath(source) }
        func addedField(_ source: String) -> VirtualColumn? { added.first { $0.name == source } }
        for (index, mapping) in mappings.enumerated() {
            guard let type = types[mapping.destinationField] else {
                problems.append(
                    Problem("fieldMappings[\(index)].destinationField", "'\(mapping.destinationField)' is not one of destination.columns"))
                continue
            }
            let source = mapping.sourceField
            if virtual.contains(source) { continue }
            if let added = addedField(source) {
                if !addedFields.contains(where: { $0.name == added.fieldName }) { addedFields.append((added.fieldName, added.type)) }
            } else {
                nested.add(path(source), type: type)
            }
        }
        var fields = nested.declared
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
        fields += addedFields
        if fields.isEmpty { fields = [(isPositional ? "c1" : "_unmapped", "Nullable(String)")] }
        if mappings.isEmpty { problems.append(Problem("destination.columns", "must list at least one column")) }
        var expressions: [String] = []
        for (index, mapping) in mappings.enumerated() {
            guard let type = types[mapping.destinationField] else { continue }
            let source = mapping.sourceField
            if virtual.contains(source) {
                expressions.append(source == "_row_number" ? "rowNumberInAllBlocks() + 1" : Identifier.quoted(source))
            } else if let added = addedField(source) {
                let field = Identifier.quoted(added.fieldName)
                expressions.append(added.type == type ? field : "CAST(\(field), \(Literal.string(type)))")
            } else if let expression = nested.expression(path(source), type: type) {
                expressions.append(expression)
            } else {
                let place = isMapped ? "fieldMappings[\(index)].sourceField" : "destination.columns[\(index)].name"
                problems.append(
                    Problem(
                        place,
                        "'\(source)' lies inside a field that is mapped as well, or has one of it mapped: map either the object or what is in it"
                            + (format == "JSONEachRow" ? "; beside the object's fields it can be mapped to a String column" : "")))
            }
        }
        try InvalidConfiguration.check(problems)
        self.columns = mappings.map(\.destinationField)
        self.expressions = expressions
        self.fields = fields.map { Field(name: $0.name, type: $0.type) }
        structure = fields.map { "\(Identifier.quoted($0.name)) \($0.type)" }.joined(separator: ", ")
        countsRows = virtual.contains("_row_number") && mappings.contains { $0.sourceField == "_row_number" }
        skipsTrailingFields = isPositional && (usesPositions || sources.isEmpty)
    }

    private static func style(of format: String, avro: AvroPaths?) -> NestedFields.Style {
        switch format {
        case "JSONEachRow": .tuples(textHoldsJSON: true)
        case "Protobuf": .tuples(textHoldsJSON: false)
        case "Avro": avro.map { .paths($0) } ?? .flat
        default: .flat
        }
    }

    /// The columns of an INSERT, quoted, without parentheses.
    package var insertList: String { columns.map(Identifier.quoted).joined(separator: ", ") }

    package var selectList: String { expressions.joined(separator: ", ") }

    /// Whether every field has the name and the type of the column it goes to, so that rows can be parsed as the table's own.
    /// - Parameter columns: the types of the table's columns by name.
    package func isPlain(among columns: [String: String]) -> Bool {
        fields.map(\.name) == self.columns && expressions == self.columns.map(Identifier.quoted)
            && fields.allSatisfy { columns[$0.name] == $0.type }
    }

    /// Parser settings that this projection needs for `format`.
    package func settings(format: String) -> [String: String] {
        switch format {
        case "JSONEachRow":
            return [
                "input_format_json_ignore_unknown_keys_in_named_tuple": "1",
                "input_format_json_defaults_for_missing_elements_in_named_tuple": "1",
            ]
        case "Avro": return ["input_format_avro_allow_missing_fields": "1", "input_format_avro_null_as_default": "1"]
        case "CSV" where skipsTrailingFields: return ["input_format_csv_allow_variable_number_of_columns": "1"]
        case _ where skipsTrailingFields: return ["input_format_tsv_allow_variable_number_of_columns": "1"]
        default: return [:]
        }
    }

    /// The number in `c12`; nil for any other name and for numbers no file has.
    private static func position(_ field: String) -> Int? {
        guard field.first == "c", let number = Int(field.dropFirst()), (1...10_000).contains(number), "c\(number)" == field else {
            return nil
        }
        return number
    }
}
