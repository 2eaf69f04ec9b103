/// One source field that goes into one destination column.
public struct FieldMapping: Codable, Hashable, Sendable {
    /// A field of the source, or one of its virtual columns such as `_file`.
    public var sourceField: String
    public var destinationField: String

    public init(sourceField: String, destinationField: String) {
        self.sourceField = sourceField
        self.destinationField = destinationField
    }

    public static let schema = ObjectSchema(
        "ClickPipeFieldMapping", "A source field and the destination column that receives it.",
        fields: [
            Field("sourceField", .text, "Field of the source, or a virtual column such as `_file`.", .required),
            Field("destinationField", .text, "Column of the destination.", .required),
        ])

    /// Every mapped column must be declared and be mapped once. Columns that nothing maps to keep their DEFAULT.
    public static func problems(_ mappings: [FieldMapping], columns: [Destination.Column]) -> [Problem] {
        var problems: [Problem] = []
        let known = Set(columns.map(\.name))
        var seen: Set<String> = []
        for (index, mapping) in mappings.enumerated() {
            let path = "fieldMappings[\(index)].destinationField"
            if !known.contains(mapping.destinationField) {
                problems.append(Problem(path, "'\(mapping.destinationField)' is not one of destination.columns"))
            } else if !seen.insert(mapping.destinationField).inserted {
                problems.append(Problem(path, "'\(mapping.destinationField)' is mapped twice"))
            }
        }
        return problems
    }

    /// What is written where: the given mappings, or every column from the field of its own name.
    public static func effective(_ mappings: [FieldMapping], columns: [Destination.Column]) -> [FieldMapping] {
        mappings.isEmpty ? columns.map { FieldMapping(sourceField: $0.name, destinationField: $0.name) } : mappings
    }
}
