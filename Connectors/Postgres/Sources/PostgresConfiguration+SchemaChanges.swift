import PipeCore

extension PostgresConfiguration {
    /// What becomes of a target when its source table changes. Not in ClickHouse Cloud; what is absent does what the cloud does.
    public struct SchemaChanges: Codable, Hashable, Sendable {
        public enum DropColumn: String, Codable, Hashable, Sendable, CaseIterable { case keep, drop }
        public enum RenameColumn: String, Codable, Hashable, Sendable, CaseIterable { case add, rename }
        public enum Truncate: String, Codable, Hashable, Sendable, CaseIterable { case ignore, replicate }
        /// Of what a target cannot become in place.
        public enum Incompatible: String, Codable, Hashable, Sendable, CaseIterable { case failTable, resyncTable }

        public var dropColumn: DropColumn?
        public var renameColumn: RenameColumn?
        public var truncate: Truncate?
        public var incompatible: Incompatible?
    }

    static let schemaChangesField = Field(
        "schemaChanges",
        .object(
            ObjectSchema(
                "ClickPipePostgresSchemaChanges", "What becomes of a target when its source table changes. Not in ClickHouse Cloud.",
                fields: [
                    Field(
                        "dropColumn", .oneOf(SchemaChanges.DropColumn.allCases.map(\.rawValue)),
                        "`keep`, the default: a dropped column stays in the target, new rows have NULL or its default there. `drop`: it is dropped there too."
                    ),
                    Field(
                        "renameColumn", .oneOf(SchemaChanges.RenameColumn.allCases.map(\.rawValue)),
                        "`add`, the default: the new name becomes a new column, the old one stays as a dropped one does. `rename`: the target's column is renamed and keeps its values."
                    ),
                    Field(
                        "truncate", .oneOf(SchemaChanges.Truncate.allCases.map(\.rawValue)),
                        "`ignore`, the default: the target keeps the rows of a truncated table. `replicate`: they are removed, in the order of the changes around it."
                    ),
                    Field(
                        "incompatible", .oneOf(SchemaChanges.Incompatible.allCases.map(\.rawValue)),
                        "A change that the target cannot follow, such as text that becomes a number, or a key that is renamed. `failTable`, the default: this table alone is Failed until it is resynced. `resyncTable`: it is loaded anew at once, beside its old rows, which stay readable until then."
                    ),
                ])), "What becomes of targets when source tables change. Not in ClickHouse Cloud.")
}

extension PostgresConfiguration.Settings {
    var drops: Bool { schemaChanges?.dropColumn == .drop }
    var renames: Bool { schemaChanges?.renameColumn == .rename }
    var truncates: Bool { schemaChanges?.truncate == .replicate }
    /// A table that cannot follow is loaded anew; a pipe that copies nothing cannot.
    var resyncs: Bool { schemaChanges?.incompatible == .resyncTable && replicationMode == .cdc }
}
