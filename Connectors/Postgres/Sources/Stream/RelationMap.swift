import PipeCore

/// How the values of a relation's messages become a row of its target.
struct RelationMap: Sendable {
    struct Source: Sendable {
        /// The field of the message; nil: the relation has no such column.
        var field: Int?
        /// What stands for a column that the relation lacks, as text; nil: NULL or the default of the type.
        var constant: [UInt8]?
        var codec: PostgresCodec
        var isNullable: Bool
        /// A column of the sorting key whose old value tells whether a row has moved.
        var isSorting: Bool
    }

    let relation: PgOutputMessage.Relation
    /// Of the relation's columns, as they are now.
    let names: [String]
    /// Index of the table among those of the pipe.
    let table: Int
    /// In the order of the target's columns.
    let sources: [Source]
    /// Fields of the replica identity.
    let keys: [Int]

    /// - Parameter aliases: names that columns had, and those they have now.
    /// Throws ``PipeError`` where a column has a type that its target column cannot take.
    init(
        _ relation: PgOutputMessage.Relation, table index: Int, _ table: MirroredTable, types: TypeCatalog, aliases: [String: String] = [:]
    ) throws {
        self.relation = relation
        self.table = index
        keys = relation.columns.indices.filter { relation.columns[$0].isKey }
        let sorting = Set(table.target.sortingKey)
        names = relation.columns.map { aliases[$0.name] ?? $0.name }
        let places = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        sources = try table.columns.map { column in
            guard let place = places[column.name] else {
                return Source(
                    field: nil, constant: table.constants[column.name], codec: column.codec, isNullable: column.isNullable,
                    isSorting: false)
            }
            let sent = relation.columns[place]
            let dimensions = table.description.column(column.name)?.dimensions ?? 0
            let codec = types.codec(
                sent.type, modifier: sent.modifier, dimensions: dimensions, keepsNulls: table.settings.allowNullableColumns == true)
            guard let fitted = codec.fitted(to: column.codec) else {
                throw PipeError(
                    .sourceSchema, .user, side: .source,
                    TableEvolution.incompatible(column.name, table.name, column.codec.clickHouseType, codec.clickHouseType))
            }
            return Source(field: place, codec: fitted, isNullable: column.isNullable, isSorting: sorting.contains(column.name))
        }
    }
}
