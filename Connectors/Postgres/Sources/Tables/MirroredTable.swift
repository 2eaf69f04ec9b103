package import PipeCore

/// A mapped table: what it is at the source, what it becomes, and how its values get there.
package struct MirroredTable: Sendable {
    package struct Column: Hashable, Sendable {
        package var name: String
        package var codec: PostgresCodec
        package var isNullable: Bool
        /// See ``TableDescription/Column/place``.
        package var place: Int
        /// ClickHouse type.
        package var type: String { isNullable ? codec.nullableType : codec.clickHouseType }
    }

    package let mapping: PostgresConfiguration.Mapping
    package var description: TableDescription
    package var columns: [Column]
    package let settings: PostgresConfiguration.Settings
    /// What the target is sorted by, as it is made; the key of the source may change.
    package private(set) var sortingKey: [String] = []
    /// Names that columns have or had, and their places: changes from before a rename carry the old ones.
    package var places: [String: Int]
    /// What rows have that were written before a column was added, as Postgres' text, for those that a relation lacked.
    var constants: [String: [UInt8]] = [:]
    /// Columns that are gone at the source and stay in the target.
    package var gone: Set<String> = []

    package var name: TableName { mapping.table }

    package init(
        _ description: TableDescription, _ mapping: PostgresConfiguration.Mapping, settings: PostgresConfiguration.Settings,
        types: TypeCatalog
    ) {
        self.mapping = mapping
        self.description = description
        self.settings = settings
        columns = []
        places = Dictionary(description.columns.map { ($0.name, $0.place) }, uniquingKeysWith: { first, _ in first })
        let names = Set(ReplicatedColumns.names(of: description, mapping))
        columns = description.columns.filter { names.contains($0.name) }.map { column($0, types) }
        sortingKey =
            mapping.useCustomSortingKey == true ? mapping.sortingKeys ?? [] : description.key.filter(Set(columns.map(\.name)).contains)
    }

    /// A column of the source as a column of the target.
    package func column(_ column: TableDescription.Column, _ types: TypeCatalog) -> Column {
        let allowsNull = settings.allowNullableColumns == true
        let codec = types.codec(
            column.type, modifier: column.modifier, dimensions: column.dimensions, keepsNulls: allowsNull)
        return Column(
            name: column.name, codec: codec, isNullable: allowsNull && column.isNullable && codec.canBeNullable,
            place: column.place)
    }

    package var targetColumns: [TargetTable.Column] { columns.map { TargetTable.Column($0.name, $0.type) } }

    /// The table in ClickHouse.
    package var target: TargetTable {
        let partition = mapping.partitionByExpr.flatMap { $0.isEmpty ? nil : $0 }
        return TargetTable(
            mapping.targetTable, columns: targetColumns, sortingKey: sortingKey, engine: mapping.tableEngine ?? .replacingMergeTree,
            partitionBy: partition, deletesOnMerge: settings.deleteOnMerge == true)
    }

    /// There is nothing to keep of a table that feeds views only.
    package var canHaveShadow: Bool { (mapping.tableEngine ?? .replacingMergeTree) != .null }

    /// What rows carry, in order.
    package var rowColumns: [String] { columns.map(\.name) + MetadataColumn.written.map(\.name) }

    /// The server's own types of the values it sends are all understood in binary.
    package var readsBinary: Bool { columns.allSatisfy(\.codec.readsBinary) }
}

extension MirroredTable {
    /// Reads the mapped tables from the catalogue; those that do not exist are named.
    package static func load(
        _ configuration: PostgresConfiguration, on connection: PostgresConnection
    ) async throws -> (tables: [MirroredTable], missing: [PostgresConfiguration.Mapping]) {
        var descriptions: [(PostgresConfiguration.Mapping, TableDescription)] = []
        var missing: [PostgresConfiguration.Mapping] = []
        for mapping in configuration.tableMappings {
            if let description = try await TableDescription.load(mapping.table, on: connection) {
                descriptions.append((mapping, description))
            } else {
                missing.append(mapping)
            }
        }
        let oids = Set(descriptions.flatMap { $0.1.columns.map(\.type) })
        let types = try await TypeCatalog.load(oids, on: connection)
        return (
            descriptions.map { MirroredTable($0.1, $0.0, settings: configuration.settings, types: types) }, missing
        )
    }
}
