import PipeCore
import PipeTesting
import PostgresConnector
import Testing

/// `public.t` with columns of the given names, types (23 integer, 20 bigint, 25 text) and places; the first is its key.
enum TableExample {
    static func description(_ columns: [(String, UInt32, Int)]) -> TableDescription {
        TableDescription(
            oid: 1, name: TableName("public", "t"), kind: "r", identity: "d",
            columns: columns.map { TableDescription.Column(name: $0.0, type: $0.1, place: $0.2) }, primaryKey: [columns[0].0],
            identityIndex: [], leaves: [])
    }

    static func table(_ columns: [(String, UInt32, Int)], _ changes: JSONValue = [:]) throws -> MirroredTable {
        let mapping: JSONValue = ["sourceSchemaName": "public", "sourceTable": "t", "targetTable": "t"]
        let example = SourceExamples.postgres.changing(["settings.schemaChanges": changes, "tableMappings": [mapping]])
        let configuration = try #require(SourceDraft<PostgresConfiguration>(creating: example).configuration)
        let types = [("int4", 23), ("int8", 20), ("text", 25)].map {
            PostgresType(oid: UInt32($0.1), name: $0.0, schema: "pg_catalog", kind: "b", category: "N")
        }
        return MirroredTable(
            description(columns), configuration.tableMappings[0], settings: configuration.settings, types: TypeCatalog(types))
    }
}

enum SourceDraftExample {
    static func configuration(_ changes: [String: JSONValue]) -> PostgresConfiguration? {
        SourceDraft<PostgresConfiguration>(creating: SourceExamples.postgres.changing(changes)).configuration
    }
}
