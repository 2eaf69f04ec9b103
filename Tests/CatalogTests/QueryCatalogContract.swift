import Catalog
import FoundationEssentials
import PipeCore
import Testing

/// What every ``QueryCatalog`` must do. Another database brings its own factory and runs the same rules.
struct QueryCatalogContract {
    enum Rule: String, CaseIterable, Sendable {
        case savedQueries, savedQueryNamesAreUniqueInTheirService, endpointsKeepEverything, endpointsByService
        case recordsNeedTheirService, aChangedQueryIsANewVersion, whatElseChangesMakesNoVersion, keptVersionsDoNotRun
        case publishingAndRollback, deletingAnEndpoint, theServiceEndpointIsReplaced, updatingNobody, throwingChangesNothing
        case theRevisionGrows, theRevisionIgnoresTheRest, concurrentVersionsAllCount
    }

    /// Empty.
    let catalog: any Catalog

    func verify(_ rule: Rule) async throws {
        switch rule {
        case .savedQueries: try await savedQueries()
        case .savedQueryNamesAreUniqueInTheirService: try await savedQueryNamesAreUniqueInTheirService()
        case .endpointsKeepEverything: try await endpointsKeepEverything()
        case .endpointsByService: try await endpointsByService()
        case .recordsNeedTheirService: try await recordsNeedTheirService()
        case .aChangedQueryIsANewVersion: try await aChangedQueryIsANewVersion()
        case .whatElseChangesMakesNoVersion: try await whatElseChangesMakesNoVersion()
        case .keptVersionsDoNotRun: try await keptVersionsDoNotRun()
        case .publishingAndRollback: try await publishingAndRollback()
        case .deletingAnEndpoint: try await deletingAnEndpoint()
        case .theServiceEndpointIsReplaced: try await theServiceEndpointIsReplaced()
        case .updatingNobody: try await updatingNobody()
        case .throwingChangesNothing: try await throwingChangesNothing()
        case .theRevisionGrows: try await theRevisionGrows()
        case .theRevisionIgnoresTheRest: try await theRevisionIgnoresTheRest()
        case .concurrentVersionsAllCount: try await concurrentVersionsAllCount()
        }
    }

    private func refuses(_ code: CatalogError.Code, _ body: () async throws -> Void) async {
        let error = await #expect(throws: CatalogError.self) { try await body() }
        #expect(error?.code == code)
    }

    // MARK: Saved queries

    private func savedQuery(_ id: String, name: String? = nil, service: String = Example.service, at time: Int = 1) -> SavedQueryRecord {
        SavedQueryRecord(
            id: id, serviceID: service, name: name ?? "query \(id)", sql: "SELECT {a:UInt8}, 'ä''\u{1F600}'", database: "default",
            parameters: ["a": "7", "b": ""], createdAt: Example.time(time), updatedAt: Example.time(time))
    }

    private func savedQueries() async throws {
        try await catalog.create(Example.service())
        try await catalog.create(Example.service("other", name: "other"))
        let records = [savedQuery("b", at: 2), savedQuery("a", at: 1), savedQuery("c", service: "other", at: 3)]
        for record in records { try await catalog.create(record) }
        #expect(try await catalog.savedQueries(service: Example.service) == [records[1], records[0]], "ordered by creation")
        #expect(try await catalog.savedQueries(service: "other") == [records[2]])
        #expect(try await catalog.savedQuery("b") == records[0])
        #expect(try await catalog.savedQuery("nobody") == nil)
        let updated = try await catalog.updateSavedQuery("a") {
            $0.sql = "SELECT 2"
            $0.parameters = [:]
            $0.updatedAt = Example.time(9)
        }
        #expect(updated?.sql == "SELECT 2" && updated?.parameters == [:])
        #expect(try await catalog.savedQuery("a") == updated)
        #expect(try await catalog.deleteSavedQuery("a"))
        #expect(try await catalog.deleteSavedQuery("a") == false)
        #expect(try await catalog.savedQueries(service: Example.service) == [records[0]])
    }

    private func savedQueryNamesAreUniqueInTheirService() async throws {
        try await catalog.create(Example.service())
        try await catalog.create(Example.service("other", name: "other"))
        try await catalog.create(savedQuery("a", name: "same"))
        await refuses(.conflict) { try await catalog.create(savedQuery("b", name: "same")) }
        try await catalog.create(savedQuery("c", name: "same", service: "other"))
        try await catalog.create(savedQuery("d", name: "another"))
        await refuses(.conflict) { _ = try await catalog.updateSavedQuery("d") { $0.name = "same" } }
        #expect(try await catalog.savedQueries(service: Example.service).map(\.name) == ["same", "another"])
    }

    // MARK: Endpoints

    private func endpoint(_ id: String = "e", service: String = Example.service, at time: Int = 1) -> QueryEndpointRecord {
        QueryEndpointRecord(
            id: id, serviceID: service, name: "endpoint \(id)", query: EndpointQuery(sql: "SELECT 1", database: "default"),
            apiKeyIDs: ["k1", "k2"], roles: ["sql_console_read_only"], createdAt: Example.time(time), updatedAt: Example.time(time))
    }

    private func endpointsKeepEverything() async throws {
        try await catalog.create(Example.service())
        var full = endpoint()
        full.query = EndpointQuery(
            sql: "SELECT {a:Array(String)}\n-- 'ä'", database: "d\"b", parameters: ["a": "['x']"], format: "CSV", cacheSeconds: 60)
        full.allowedOrigins = ["https://a.example", "*"]
        full.limits = EndpointLimits(
            executionMilliseconds: 1, resultRows: 2, resultBytes: 3, bodyBytes: 4, concurrency: 5, requestsPerMinute: 6,
            requestsPerMinuteAndKey: 7, settings: ["max_threads"])
        full.tokens = TokenTrust(
            algorithm: "HS256", secret: "top secret", issuer: "me", audience: "you", fixedParameters: ["tenant": "sub"])
        full.answerVersion = 1
        let bare = endpoint("bare", at: 2)
        for record in [full, bare] { try await catalog.create(record, author: "k1") }
        #expect(try await catalog.queryEndpoint("e") == full)
        #expect(try await catalog.queryEndpoint("bare") == bare)
        #expect(try await catalog.queryEndpoint("nobody") == nil)
        await refuses(.conflict) { try await catalog.create(full, author: "k1") }
        let keySet = TokenTrust(algorithm: "RS256", keySetURL: "https://issuer.example/keys")
        let changed = try await catalog.updateQueryEndpoint("e", author: "k2") {
            $0.tokens = keySet
            $0.limits = EndpointLimits()
        }
        #expect(changed?.tokens == keySet)
        #expect(try await catalog.queryEndpoint("e") == changed)
        let without = try await catalog.updateQueryEndpoint("e", author: "k2") { $0.tokens = nil }
        #expect(without?.tokens == nil)
        #expect(try await catalog.queryEndpoint("e")?.tokens == nil)
    }

    private func endpointsByService() async throws {
        try await catalog.create(Example.service())
        try await catalog.create(Example.service("other", name: "other"))
        let records = [endpoint("b", at: 2), endpoint("a", at: 1), endpoint("c", service: "other", at: 3)]
        for record in records { try await catalog.create(record, author: "k") }
        #expect(try await catalog.queryEndpoints(service: Example.service) == [records[1], records[0]], "ordered by creation")
        #expect(try await catalog.queryEndpoints(service: nil).map(\.id) == ["a", "b", "c"])
        #expect(try await catalog.queryEndpoints(service: "nobody") == [])
    }

    private func recordsNeedTheirService() async throws {
        await refuses(.missingReference) { try await catalog.create(savedQuery("a")) }
        await refuses(.missingReference) { try await catalog.create(endpoint(), author: "k") }
        await refuses(.missingReference) { _ = try await catalog.upsert(serviceEndpoint("s")) }
        #expect(try await catalog.versions(ofQueryEndpoint: "e") == [], "an endpoint that was refused has no versions")
    }

    // MARK: Versions

    private func numbers(_ id: String = "e") async throws -> [Int] { try await catalog.versions(ofQueryEndpoint: id).map(\.number) }

    private func aChangedQueryIsANewVersion() async throws {
        try await catalog.create(Example.service())
        var first = endpoint()
        first.version = 17
        try await catalog.create(first, author: "k1")
        #expect(try await catalog.queryEndpoint("e")?.version == 1, "versions count from 1, whatever the record said")
        let original = QueryEndpointVersionRecord(
            endpointID: "e", number: 1, query: first.query, createdAt: first.createdAt, author: "k1")
        #expect(try await catalog.versions(ofQueryEndpoint: "e") == [original])
        let changes: [@Sendable (inout EndpointQuery) -> Void] = [
            { $0.sql = "SELECT 2" }, { $0.database = "other" }, { $0.parameters = ["a": "1"] }, { $0.format = "CSV" },
            { $0.cacheSeconds = 5 },
        ]
        for (index, change) in changes.enumerated() {
            let updated = try await catalog.updateQueryEndpoint("e", author: "k\(index + 2)") {
                change(&$0.query)
                $0.version = 99
                $0.updatedAt = Example.time(index + 2)
            }
            #expect(updated?.version == index + 2)
            let newest = try #require(try await catalog.versions(ofQueryEndpoint: "e").first)
            #expect(newest.number == index + 2 && newest.query == updated?.query)
            #expect(newest.author == "k\(index + 2)" && newest.createdAt == Example.time(index + 2))
        }
        #expect(try await numbers() == [6, 5, 4, 3, 2, 1], "newest first")
        #expect(try await catalog.versions(ofQueryEndpoint: "e").last == original, "old versions stay as they were")
    }

    private func whatElseChangesMakesNoVersion() async throws {
        try await catalog.create(Example.service())
        try await catalog.create(endpoint(), author: "k")
        let updated = try await catalog.updateQueryEndpoint("e", author: "k") {
            $0.name = "new"
            $0.apiKeyIDs = []
            $0.roles = ["other"]
            $0.allowedOrigins = ["*"]
            $0.limits.concurrency = 3
            $0.answerVersion = 1
            $0.id = "f"
        }
        #expect(updated?.version == 1 && updated?.id == "e" && updated?.name == "new")
        #expect(try await numbers() == [1])
    }

    private func keptVersionsDoNotRun() async throws {
        try await catalog.create(Example.service())
        let first = endpoint()
        try await catalog.create(first, author: "k1")
        let query = EndpointQuery(sql: "SELECT 'draft'", database: "default")
        let kept = try await catalog.addVersion(query, toQueryEndpoint: "e", author: "k2", at: Example.time(5))
        #expect(
            kept
                == QueryEndpointVersionRecord(endpointID: "e", number: 2, query: query, createdAt: Example.time(5), author: "k2"))
        #expect(try await catalog.queryEndpoint("e") == first)
        let updated = try await catalog.updateQueryEndpoint("e", author: "k1") { $0.query.sql = "SELECT 3" }
        #expect(updated?.version == 3, "numbers are never used twice")
        #expect(try await numbers() == [3, 2, 1])
    }

    private func publishingAndRollback() async throws {
        try await catalog.create(Example.service())
        let first = endpoint()
        try await catalog.create(first, author: "k1")
        _ = try await catalog.updateQueryEndpoint("e", author: "k1") {
            $0.query.sql = "SELECT 2"
            $0.apiKeyIDs = ["k3"]
            $0.roles = ["narrow"]
        }
        let back = try await catalog.publish(version: 1, ofQueryEndpoint: "e", at: Example.time(9))
        #expect(back?.version == 1 && back?.query == first.query && back?.updatedAt == Example.time(9))
        #expect(back?.apiKeyIDs == ["k3"] && back?.roles == ["narrow"], "a rollback gives no access back")
        #expect(try await catalog.queryEndpoint("e") == back)
        #expect(try await numbers() == [2, 1], "publishing makes no version")
        #expect(try await catalog.publish(version: 2, ofQueryEndpoint: "e", at: Example.time(10))?.query.sql == "SELECT 2")
        #expect(try await catalog.publish(version: 3, ofQueryEndpoint: "e", at: Example.time(11)) == nil)
        #expect(try await catalog.queryEndpoint("e")?.updatedAt == Example.time(10), "no such version changes nothing")
    }

    private func deletingAnEndpoint() async throws {
        try await catalog.create(Example.service())
        for id in ["e", "f"] { try await catalog.create(endpoint(id), author: "k") }
        _ = try await catalog.addVersion(
            EndpointQuery(sql: "SELECT 2", database: "d"), toQueryEndpoint: "e", author: "k", at: Example.time(2))
        #expect(try await catalog.deleteQueryEndpoint("e"))
        #expect(try await catalog.deleteQueryEndpoint("e") == false)
        #expect(try await numbers() == [])
        #expect(try await numbers("f") == [1])
        try await catalog.create(endpoint(), author: "k")
        #expect(try await numbers() == [1], "nothing of the old one is left")
    }

    private func concurrentVersionsAllCount() async throws {
        try await catalog.create(Example.service())
        try await catalog.create(endpoint(), author: "k")
        let catalog = catalog
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<10 {
                group.addTask { _ = try await catalog.updateQueryEndpoint("e", author: "k") { $0.query.sql = "SELECT 'run \(number)'" } }
                group.addTask {
                    let query = EndpointQuery(sql: "SELECT 'kept \(number)'", database: "d")
                    _ = try await catalog.addVersion(query, toQueryEndpoint: "e", author: "k", at: Example.time(number))
                }
            }
            try await group.waitForAll()
        }
        let versions = try await catalog.versions(ofQueryEndpoint: "e")
        #expect(versions.map(\.number) == Array((1...versions.count).reversed()) && versions.count == 21)
        let running = try #require(try await catalog.queryEndpoint("e"))
        #expect(versions.first { $0.number == running.version }?.query == running.query)
    }

    // MARK: The endpoint of a service

    private func serviceEndpoint(_ id: String, keys: [String] = ["k"], at time: Int = 1) -> ServiceQueryEndpointRecord {
        ServiceQueryEndpointRecord(
            id: id, serviceID: Example.service, apiKeyIDs: keys, roles: ["sql_console_admin"], allowedOrigins: ["https://a.example"],
            createdAt: Example.time(time), updatedAt: Example.time(time))
    }

    private func theServiceEndpointIsReplaced() async throws {
        try await catalog.create(Example.service())
        #expect(try await catalog.serviceQueryEndpoint(service: Example.service) == nil)
        #expect(try await catalog.deleteServiceQueryEndpoint(service: Example.service) == false)
        let first = serviceEndpoint("first")
        #expect(try await catalog.upsert(first) == first)
        var wanted = serviceEndpoint("second", keys: [], at: 7)
        wanted.roles = ["sql_console_read_only"]
        wanted.allowedOrigins = []
        let second = try await catalog.upsert(wanted)
        wanted.id = "first"
        wanted.createdAt = first.createdAt
        #expect(second == wanted, "id and date of creation stay, everything else is replaced")
        #expect(try await catalog.serviceQueryEndpoint(service: Example.service) == second)
        #expect(try await catalog.upsert(second) == second)
        #expect(try await catalog.deleteServiceQueryEndpoint(service: Example.service))
        #expect(try await catalog.serviceQueryEndpoint(service: Example.service) == nil)
        #expect(try await catalog.upsert(serviceEndpoint("third")).id == "third")
    }

    // MARK: Changes

    private func updatingNobody() async throws {
        #expect(try await catalog.updateSavedQuery("x") { $0.name = "y" } == nil)
        #expect(try await catalog.updateQueryEndpoint("x", author: "k") { $0.query.sql = "y" } == nil)
        #expect(
            try await catalog.addVersion(
                EndpointQuery(sql: "s", database: "d"), toQueryEndpoint: "x", author: "k", at: Example.time(1)) == nil)
        #expect(try await catalog.publish(version: 1, ofQueryEndpoint: "x", at: Example.time(1)) == nil)
        #expect(try await numbers("x") == [])
        #expect(try await catalog.deleteQueryEndpoint("x") == false)
    }

    private func throwingChangesNothing() async throws {
        struct Refused: Error {}
        try await catalog.create(Example.service())
        try await catalog.create(endpoint(), author: "k")
        await #expect(throws: Refused.self) {
            _ = try await catalog.updateQueryEndpoint("e", author: "k") {
                $0.query.sql = "half done"
                throw Refused()
            }
        }
        #expect(try await catalog.queryEndpoint("e") == endpoint())
        #expect(try await numbers() == [1])
    }

    /// Runs `body` and tells whether the revision grew.
    private func grows(_ body: () async throws -> Void) async throws -> Bool {
        let before = catalog.accessRevision
        try await body()
        #expect(catalog.accessRevision >= before)
        return catalog.accessRevision > before
    }

    private func key(_ id: String) -> KeyRecord {
        KeyRecord(id: id, name: "k", keyIDHash: "h\(id)", keySuffix: "abcd", secretHash: "s", createdAt: Example.time(1))
    }

    private func theRevisionGrows() async throws {
        let role = RoleRecord(id: "r", name: "r", actors: [], policies: [], createdAt: Example.time(1), updatedAt: Example.time(1))
        let query = EndpointQuery(sql: "SELECT 2", database: "d")
        let catalog = catalog
        let changes: [(String, () async throws -> Void)] = [
            ("service", { try await catalog.create(Example.service()) }),
            ("service changed", { _ = try await catalog.updateService(Example.service) { $0.wanted = .stopped } }),
            ("key", { try await catalog.create(key("k")) }),
            ("key disabled", { _ = try await catalog.updateKey("k") { $0.isEnabled = false } }),
            ("key expires", { _ = try await catalog.updateKey("k") { $0.expireAt = Example.time(9) } }),
            ("role", { try await catalog.create(role) }),
            ("role changed", { _ = try await catalog.updateRole("r") { $0.policies = [1] } }),
            ("role deleted", { _ = try await catalog.deleteRole("r") }),
            ("key deleted", { _ = try await catalog.deleteKey("k") }),
            ("endpoint", { try await catalog.create(endpoint(), author: "k") }),
            ("endpoint changed", { _ = try await catalog.updateQueryEndpoint("e", author: "k") { $0.query = query } }),
            ("version published", { _ = try await catalog.publish(version: 1, ofQueryEndpoint: "e", at: Example.time(3)) }),
            ("endpoint deleted", { _ = try await catalog.deleteQueryEndpoint("e") }),
            ("service endpoint", { _ = try await catalog.upsert(serviceEndpoint("s")) }),
            ("service endpoint replaced", { _ = try await catalog.upsert(serviceEndpoint("s", keys: [])) }),
            ("service endpoint deleted", { _ = try await catalog.deleteServiceQueryEndpoint(service: Example.service) }),
        ]
        for (name, change) in changes { #expect(try await grows(change), "\(name)") }
    }

    private func theRevisionIgnoresTheRest() async throws {
        try await catalog.create(Example.service())
        try await catalog.create(key("k"))
        try await catalog.create(endpoint(), author: "k")
        let catalog = catalog
        let others: [(String, () async throws -> Void)] = [
            ("key used", { _ = try await catalog.updateKey("k") { $0.usedAt = Example.time(60_000) } }),
            ("nothing changed", { _ = try await catalog.updateKey("k") { $0.name = "k" } }),
            ("service unchanged", { _ = try await catalog.updateService(Example.service) { $0.name = "default" } }),
            ("saved query", { try await catalog.create(savedQuery("q")) }),
            (
                "unpublished version",
                {
                    _ = try await catalog.addVersion(
                        EndpointQuery(sql: "SELECT 2", database: "d"), toQueryEndpoint: "e", author: "k", at: Example.time(2))
                }
            ),
            ("pipe", { try await catalog.create(Example.pipe(1)) }),
            (
                "activity",
                {
                    try await catalog.append(
                        ActivityRecord(id: "a", createdAt: Example.time(1), type: "t", actorType: "system", actorID: ""))
                }
            ),
        ]
        for (name, change) in others { #expect(try await !grows(change), "\(name)") }
        #expect(try await catalog.key("k")?.usedAt == Example.time(60_000))
    }
}
