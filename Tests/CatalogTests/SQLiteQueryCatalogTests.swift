import Catalog
import FoundationEssentials
import GRDB
import PipeCore
import Testing

@Suite struct SQLiteQueryCatalogTests {
    @Test(arguments: QueryCatalogContract.Rule.allCases)
    func contract(_ rule: QueryCatalogContract.Rule) async throws {
        try await withCatalogFile { file in try await QueryCatalogContract(catalog: try file.open()).verify(rule) }
    }

    private func endpoint(_ id: String, secret: String?) -> QueryEndpointRecord {
        QueryEndpointRecord(
            id: id, serviceID: Example.service, name: "visible name", query: EndpointQuery(sql: "SELECT 1", database: "default"),
            apiKeyIDs: ["k"], roles: ["r"], tokens: TokenTrust(algorithm: "HS256", secret: secret, issuer: "visible issuer"),
            savedQueryID: "q", createdAt: Example.time(1), updatedAt: Example.time(1))
    }

    @Test func sharedSecretsCannotBeReadInTheFiles() async throws {
        try await withCatalogFile { file in
            let secret = "correct-horse-battery-staple"
            let catalog = try file.open()
            try await catalog.create(Example.service())
            try await catalog.create(endpoint("e", secret: secret), author: "k")
            _ = try await catalog.updateQueryEndpoint("e", author: "k") { $0.query.sql = "SELECT 2" }
            func holds(_ text: String) throws -> Bool {
                try ["", "-wal", "-shm"].contains { suffix in
                    let path = file.path + suffix
                    guard FileManager.default.fileExists(atPath: path) else { return false }
                    return try Data(contentsOf: URL(filePath: path)).firstRange(of: Data(text.utf8)) != nil
                }
            }
            #expect(try holds("visible name") && holds("visible issuer"), "the search works")
            #expect(try !holds(secret))
            try catalog.close()
            #expect(try holds("visible issuer"))
            #expect(try !holds(secret))
            #expect(try await file.open().queryEndpoint("e")?.tokens?.secret == secret)
        }
    }

    @Test func sealedSecretsCannotBeMovedToAnotherEndpoint() async throws {
        try await withCatalogFile { file in
            let catalog = try file.open()
            try await catalog.create(Example.service())
            for id in ["e", "f"] { try await catalog.create(endpoint(id, secret: "secret of \(id)"), author: "k") }
            let raw = try DatabaseQueue(path: file.path)
            try await raw.write {
                try $0.execute(
                    sql: "UPDATE query_endpoint SET token_secret = (SELECT token_secret FROM query_endpoint WHERE id = 'f') WHERE id = 'e'")
            }
            let error = await #expect(throws: CatalogError.self) { _ = try await catalog.queryEndpoint("e") }
            #expect(error?.code == .wrongKey)
            #expect(try await catalog.queryEndpoint("f")?.tokens?.secret == "secret of f")
        }
    }

    /// What an installation of the first release holds is there after the upgrade, and the new tables with it.
    @Test func aFileOfTheFirstSchemaIsBroughtUpToDate() async throws {
        try await withCatalogFile { file in
            let old = try file.open()
            try await old.create(Example.service())
            try await old.create(Example.pipe(1))
            try old.close()
            let raw = try DatabaseQueue(path: file.path)
            try await raw.write { database in
                for table in ["pipe_table", "saved_query", "query_endpoint_version", "query_endpoint", "service_query_endpoint"] {
                    try database.execute(sql: "DROP TABLE \(table)")
                }
                try database.execute(sql: "DELETE FROM grdb_migrations WHERE identifier > '001'")
                #expect(try String.fetchAll(database, sql: "SELECT identifier FROM grdb_migrations") == ["001"])
            }
            try raw.close()
            let catalog = try file.open()
            #expect(try await catalog.pipe(Example.pipe(1).id) == Example.pipe(1))
            let record = endpoint("e", secret: "s")
            try await catalog.create(record, author: "k")
            try catalog.close()
            let again = try file.open()
            #expect(try await again.queryEndpoint("e") == record)
            #expect(try await again.versions(ofQueryEndpoint: "e").map(\.number) == [1])
        }
    }
}
