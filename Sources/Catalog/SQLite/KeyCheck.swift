internal import FoundationEssentials
internal import GRDB

/// A known text sealed with the first key, so that a wrong key is noticed when the program starts.
enum KeyCheck {
    private static let context = "penstock/key-check"

    static func verify(_ sealer: SecretSealer, in pool: DatabasePool) throws {
        try pool.write { database in
            if let sealed = try Data.fetchOne(database, sql: "SELECT sealed FROM key_check") {
                _ = try sealer.open(Array(sealed), context: context)
            } else {
                let sealed = Data(try sealer.seal(Array("penstock".utf8), context: context))
                try database.execute(sql: "INSERT INTO key_check (sealed) VALUES (?)", arguments: [sealed])
            }
        }
    }
}
