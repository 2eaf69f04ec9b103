import EndpointFiles
import PipeCore
import PipeTesting
import Testing

@Suite struct EndpointPlanTests {
    static let secret = "a secret of more than thirty-two bytes"

    func file(_ name: String, _ sql: String = "SELECT 1", _ more: String = "") throws -> EndpointFile {
        try EndpointFile(
            "/* ---\napiKeys: [dashboard]\n\(more)--- */\n\(sql)\n", file: "\(name).sql", defaultName: name,
            environment: ["SECRET": Self.secret])
    }

    /// Applies and returns the calls it made.
    func apply(_ files: [EndpointFile], to service: InMemoryEndpoints, prune: Bool = false, resend: Bool = false) async throws -> [String] {
        let before = service.state.value.calls.count
        let plan = try await EndpointPlan(files, on: service, prune: prune, resendSecrets: resend)
        #expect(try await plan.apply(to: service) { _ in } == [])
        let calls = Array(service.state.value.calls.dropFirst(before))
        #expect(plan.hasChanges == !calls.isEmpty)
        return calls
    }

    func refusal(_ files: [EndpointFile], by service: InMemoryEndpoints) async throws -> InvalidFiles? {
        do {
            _ = try await EndpointPlan(files, on: service, prune: false)
            return nil
        } catch let error as InvalidFiles { return error }
    }

    @Test func theSecondRunHasNothingToDo() async throws {
        let service = InMemoryEndpoints()
        let full = """
            roles: [b, a]
            allowedOrigins: [https://b.example, https://a.example]
            parameters: {year: 2010}
            format: JSONEachRow
            cacheSeconds: 60
            answerVersion: 1
            limits: {resultRows: 10, settings: [max_threads]}
            tokens: {algorithm: HS256, secret: "${SECRET}", issuer: me}

            """
        let files = [try file("one"), try file("two", "SELECT {year:UInt16}", full)]
        #expect(try await apply(files, to: service) == ["create one", "create two"])
        #expect(try await apply(files, to: service) == [])
        #expect(try await apply(files, to: service, resend: true) == ["replace two"])
        #expect(service.state.value.endpoints.values.allSatisfy { !"\($0)".contains(Self.secret) })
        // The order of names means nothing.
        let reordered = try file("two", "SELECT {year:UInt16}", full.replacing("[b, a]", with: "[a, b]"))
        #expect(try await apply([files[0], reordered], to: service) == [])
        // What the file no longer says is taken back.
        #expect(try await apply([files[0], try file("two", "SELECT {year:UInt16}")], to: service) == ["replace two"])
        #expect(try await apply([files[0], try file("two", "SELECT {year:UInt16}")], to: service) == [])
    }

    @Test func aPlanShowsWhatChanges() async throws {
        let service = InMemoryEndpoints()
        let sql = (1...20).map { "SELECT \($0) AS x\($0)" }.joined(separator: "\nUNION ALL ")
        _ = try await apply([try file("keep"), try file("change", sql, "cacheSeconds: 60\n"), try file("drop")], to: service)
        let changed = sql.replacing("SELECT 10 ", with: "SELECT 'ten\u{1B}' ")
        let plan = try await EndpointPlan(
            [try file("keep"), try file("change", changed, "cacheSeconds: 90\n"), try file("new")], on: service, prune: true)
        let text = EndpointReport.text(plan)
        for line in [
            "= unchanged  keep", "~ update     change  (change.sql)", "+ create     new  (new.sql)", "--- change (running)",
            "+++ change.sql",
            "-cacheSeconds: 60", "+cacheSeconds: 90", "-UNION ALL SELECT 10 AS x10", #"+UNION ALL SELECT 'ten\u{1b}' AS x10"#,
            " UNION ALL SELECT 7 AS x7", "Plan: 1 to create, 1 to update, 1 to delete, 1 unchanged.",
        ] { #expect(text.split(separator: "\n").contains { $0.hasSuffix(line) }, "\(line)\n\(text)") }
        #expect(text.contains("- delete     drop") && text.contains("apiKeys: dashboard"))
        #expect(!text.contains("AS x20") && !text.contains("AS x3\n"), "lines far from a change are left out")
        #expect(text.contains("@@ -"))
    }

    @Test func withoutPruneNothingIsDeleted() async throws {
        let service = InMemoryEndpoints()
        _ = try await apply([try file("a"), try file("b")], to: service)
        #expect(try await apply([try file("a")], to: service) == [])
        let deleted = try await apply([try file("a")], to: service, prune: true)
        #expect(deleted.count == 1 && deleted[0].hasPrefix("delete "))
        #expect(try await apply([try file("a")], to: service, prune: true) == [])
    }

    @Test func anIdRenames() async throws {
        let service = InMemoryEndpoints()
        _ = try await apply([try file("a")], to: service)
        let id = try #require(service.state.value.endpoints.keys.first)
        #expect(try await apply([try file("b", "SELECT 1", "id: \(id)\n")], to: service, prune: true) == ["replace b"])
        #expect(service.state.value.endpoints[id]?["name"] == "b")
    }

    @Test func whatTheServiceDoesNotHaveIsAProblemOfTheFile() async throws {
        var service = InMemoryEndpoints()
        let unknown = try EndpointFile("/* ---\napiKeys: [nobody]\n--- */\nSELECT 1", file: "u.sql", defaultName: "u", environment: [:])
        let missing = try file("m", "SELECT 1", "id: 0b5ad8a5-13bb-4d6a-a1e2-6a0f3b8f3b09\n")
        let byID = try EndpointFile(
            "/* ---\napiKeys: [\(InMemoryEndpoints.keyID.uppercased())]\n--- */\nSELECT 1", file: "i.sql", defaultName: "i",
            environment: [:])
        let error = try await refusal([unknown, missing, byID], by: service)
        #expect(error?.problems.map { "\($0.file):\($0.line)" } == ["u.sql:2", "m.sql:3"])
        service.keyNames[InMemoryEndpoints.otherKeyID] = "dashboard"
        let ambiguous = try await refusal([try file("a")], by: service)
        #expect(ambiguous?.description.contains("2 API keys have the name 'dashboard'") == true)
        #expect(service.state.value.calls.isEmpty)
    }

    @Test func aRefusedStepDoesNotStopTheOthers() async throws {
        let service = InMemoryEndpoints()
        service.state.update { $0.refuses = ["bad"] }
        let plan = try await EndpointPlan([try file("bad"), try file("good")], on: service, prune: false)
        var told: [String] = []
        let failures = try await plan.apply(to: service) { told.append($0) }
        #expect(failures == ["bad.sql: BAD_REQUEST: sql cannot run"])
        #expect(told.count == 1 && told[0].hasPrefix("created  good  http://penstock/run/"))
    }
}
