internal import GRDB

/// One step of the schema. Published steps never change: a new version is a new step in a new file.
struct SchemaStep: Sendable {
    /// Kept in the database; unique, and sorted as text it tells the order.
    var identifier: String
    var apply: @Sendable (Database) throws -> Void
}

enum Migrations {
    /// In the order they are applied.
    static let all: [SchemaStep] = [.v001, .v002, .v003, .v004, .v005]

    /// Brings the schema up to date, or refuses a database that is ahead of this build.
    static func run(on pool: DatabasePool) throws {
        var migrator = DatabaseMigrator()
        for step in all { migrator.registerMigration(step.identifier, migrate: step.apply) }
        let applied = try pool.read { database in
            try database.tableExists("grdb_migrations") ? migrator.appliedIdentifiers(database) : []
        }
        let unknown = applied.subtracting(migrator.migrations)
        if let newest = unknown.max() {
            throw CatalogError(
                .newerSchema,
                "The catalog was written by a newer Penstock (schema \(newest), this build knows up to \(migrator.migrations.last ?? "none")); "
                    + "start that version or restore a backup made before the upgrade")
        }
        try migrator.migrate(pool)
    }
}
