import Catalog
import FoundationEssentials
import PipeCore
import Testing

private struct Flow: SourceConfiguration {
    static let kind = "flow"
    static let family = PipeFamily.streaming
    static let schema = ObjectSchema("Flow", fields: [])
    var url: String
    var port: Int
    func problems() -> [Problem] { [] }
}

private struct Base: SourceConfiguration {
    static let kind = "base"
    static let family = PipeFamily.database
    static let schema = ObjectSchema("Base", fields: [])
    func problems() -> [Problem] { [] }
}

@Suite struct CatalogPipeDirectoryTests {
    private func withDirectory(
        kind: String = "flow", _ change: (inout PipeRecord) -> Void = { _ in },
        _ body: (CatalogPipeDirectory, SQLiteCatalog, PipeID) async throws -> Void
    ) async throws {
        try await withCatalogFile { file in
            let catalog = try file.open()
            try await catalog.create(Example.service())
            var pipe = Example.pipe(1)
            pipe.kind = kind
            pipe.source = ["url": "kafka://host"]
            pipe.secrets = ["port": 9092]
            change(&pipe)
            try await catalog.create(pipe)
            let directory = CatalogPipeDirectory(catalog: catalog, sources: SourceCatalog([Flow.self, Base.self])) { Example.time(777) }
            try await body(directory, catalog, pipe.id)
        }
    }

    @Test(arguments: PipeState.allCases, [WantedState.running, .stopped])
    func wanted(_ state: PipeState, _ user: WantedState) async throws {
        try await withDirectory {
            $0.state = state
            $0.wanted = user
        } _: { directory, catalog, _ in
            let hasEnded = [.failed, .internalError, .completed].contains(state)
            let expected: WantedState = user == .running && !hasEnded ? .running : .stopped
            #expect(try await directory.pipes().map(\.wanted) == [expected])
            _ = try await catalog.updateService(Example.service) { $0.wanted = .stopped }
            #expect(try await directory.pipes().map(\.wanted) == [.stopped])
        }
    }

    @Test func aPipeIsHandedOverWhole() async throws {
        try await withDirectory {
            $0.generation = 4
            $0.settings = PipeSettings(["streaming_max_insert_wait_ms": 900])
            $0.state = .running
        } _: { directory, _, id in
            let pipe = try #require(try await directory.pipes().first)
            #expect(pipe.id == id)
            #expect(pipe.serviceID == Example.service)
            #expect(pipe.generation == 4)
            #expect(pipe.state == .running)
            #expect(pipe.settings.integer("streaming_max_insert_wait_ms") == 900)
            let spec = try pipe.spec()
            #expect(spec.source as? Flow == Flow(url: "kafka://host", port: 9092), "secrets are joined in")
            #expect(spec.destination == Example.destination)
        }
    }

    @Test func observationsMoveTheStateMachine() async throws {
        try await withDirectory { directory, catalog, id in
            try await directory.observe(.runningBegan, of: id, message: nil)
            var record = try await catalog.pipe(id)
            #expect(record?.state == .running)
            #expect(record?.updatedAt == Example.time(777))
            try await directory.observe(.failed(.user), of: id, message: "Topic 'x' is gone; create it")
            record = try await catalog.pipe(id)
            #expect(record?.state == .failed)
            #expect(record?.stateMessage == "Topic 'x' is gone; create it")
            try await directory.observe(.runningBegan, of: id, message: nil)
            record = try await catalog.pipe(id)
            #expect(record?.state == .failed, "only a request leaves a state of rest")
            #expect(record?.stateMessage == "Topic 'x' is gone; create it", "and the reason stays")
            _ = try await catalog.updatePipe(id) { $0.state = .provisioning }
            try await directory.observe(.runningBegan, of: id, message: nil)
            #expect(try await catalog.pipe(id)?.stateMessage == nil)
        }
    }

    @Test func whatBecameOfAnOldRunSaysNothingOfThePipeAsItIsNow() async throws {
        try await withDirectory { directory, catalog, id in
            let old = try #require(try await directory.pipes().first).generation
            _ = try await catalog.updatePipe(id) { $0.generation += 1 }
            let before = try await catalog.pipe(id)
            try await directory.observe(.failed(.user), of: id, generation: old, message: "wrong password")
            #expect(try await catalog.pipe(id) == before)
            try await directory.observe(.failed(.user), of: id, generation: old + 1, message: "wrong password")
            #expect(try await catalog.pipe(id)?.state == .failed)
        }
    }

    @Test func theFamilyNamesTheStates() async throws {
        try await withDirectory(kind: "base") { directory, catalog, id in
            try await directory.observe(.provisioningBegan, of: id, message: nil)
            #expect(try await catalog.pipe(id)?.state == .setup)
            try await directory.observe(.stopFinished, of: id, message: nil)
            #expect(try await catalog.pipe(id)?.state == .paused)
        }
    }

    @Test func aPipeStoppedWithItsServiceBeginsAgain() async throws {
        try await withDirectory { directory, catalog, id in
            try await directory.observe(.runningBegan, of: id, message: nil)
            _ = try await catalog.updateService(Example.service) { $0.wanted = .stopped }
            try await directory.observe(.stopFinished, of: id, message: nil)
            #expect(try await catalog.pipe(id)?.state == .stopped)
            _ = try await catalog.updateService(Example.service) { $0.wanted = .running }
            #expect(try await directory.pipes().map(\.wanted) == [.running])
            try await directory.observe(.provisioningBegan, of: id, message: nil)
            try await directory.observe(.runningBegan, of: id, message: nil)
            #expect(try await catalog.pipe(id)?.state == .running)
        }
    }

    @Test func aPipeStoppedByItsUserDoesNot() async throws {
        try await withDirectory {
            $0.state = .stopping
            $0.wanted = .stopped
        } _: { directory, catalog, id in
            try await directory.observe(.provisioningBegan, of: id, message: nil)
            #expect(try await catalog.pipe(id)?.state == .stopping)
            try await directory.observe(.stopFinished, of: id, message: nil)
            #expect(try await catalog.pipe(id)?.state == .stopped)
        }
    }

    @Test func describingChangesTheMessageOnly() async throws {
        try await withDirectory { directory, catalog, id in
            let before = try await catalog.pipe(id)
            try await directory.describe("Waiting for the broker", of: id)
            var expected = before
            expected?.stateMessage = "Waiting for the broker"
            #expect(try await catalog.pipe(id) == expected)
        }
    }

    @Test func observingSignalsNothing() async throws {
        try await withDirectory { directory, catalog, id in
            let changes = directory.changes()
            try await directory.observe(.provisioningBegan, of: id, message: "a")
            try await directory.observe(.runningBegan, of: id, message: nil)
            try await directory.describe("b", of: id)
            try await directory.observe(.failed(.bug), of: id, message: "c")
            try catalog.close()
            #expect(await changes.reduce(into: 0) { count, _ in count += 1 } == 0)
        }
    }

    @Test func aPipeThatIsGoneIsNotMissed() async throws {
        try await withDirectory { directory, catalog, id in
            #expect(try await catalog.deletePipe(id))
            try await directory.observe(.stopFinished, of: id, message: nil)
            try await directory.describe("x", of: id)
            #expect(try await directory.pipes().isEmpty)
        }
    }

    @Test func aKindThatIsNotInThisBuildCanStillFail() async throws {
        try await withDirectory(kind: "future") { directory, catalog, id in
            let pipe = try #require(try await directory.pipes().first)
            let error = #expect(throws: InvalidConfiguration.self) { _ = try pipe.spec() }
            #expect(error?.description.contains("source.future") == true)
            try await directory.observe(.failed(.user), of: id, message: "no such source")
            #expect(try await catalog.pipe(id)?.state == .failed)
        }
    }

    @Test func aDocumentThatDoesNotDecodeIsNamedButNotQuoted() async throws {
        try await withDirectory {
            $0.secrets = ["port": "hunter2"]
        } _: { directory, _, _ in
            let pipe = try #require(try await directory.pipes().first)
            let error = #expect(throws: InvalidConfiguration.self) { _ = try pipe.spec() }
            #expect(error?.problems.map(\.field.description) == ["source.flow.port"])
            #expect(error?.description.contains("hunter2") == false)
        }
    }
}
