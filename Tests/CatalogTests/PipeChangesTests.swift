import Catalog
import PipeCore
import Testing

@Suite struct PipeChangesTests {
    /// How many signals a listener finds after `change`: none or, coalesced, one. Closing the catalog ends the stream.
    private func signals(_ change: @Sendable (SQLiteCatalog, PipeRecord) async throws -> Void) async throws -> Int {
        try await withCatalogFile { file in
            let catalog = try file.open()
            try await catalog.create(Example.service())
            let pipe = Example.pipe(1)
            try await catalog.create(pipe)
            let changes = catalog.pipeChanges()
            try await change(catalog, pipe)
            try catalog.close()
            return await changes.reduce(into: 0) { count, _ in count += 1 }
        }
    }

    @Test func listeningAloneSignalsNothing() async throws {
        #expect(try await signals { _, _ in } == 0)
    }

    @Test func whatAUserChangesIsSignalled() async throws {
        #expect(try await signals { _ = try await $0.updatePipe($1.id) { $0.wanted = .stopped } } == 1)
        #expect(try await signals { _ = try await $0.updatePipe($1.id) { $0.settings.values["kafka_read_committed"] = true } } == 1)
        #expect(try await signals { catalog, _ in try await catalog.create(Example.pipe(2)) } == 1)
        #expect(try await signals { _ = try await $0.deletePipe($1.id) } == 1)
        #expect(try await signals { catalog, _ in try await catalog.create(Example.service("x", name: "x")) } == 1)
        #expect(
            try await signals { catalog, _ in _ = try await catalog.updateService(Example.service) { $0.wanted = .stopped } } == 1)
    }

    @Test func observationsAreNot() async throws {
        let count = try await signals { catalog, pipe in
            for state in [PipeState.running, .failed] {
                _ = try await catalog.updatePipe(pipe.id) {
                    $0.state = state
                    $0.stateMessage = "seen"
                    $0.updatedAt = Example.time(500)
                }
            }
            _ = try await catalog.updatePipe(pipe.id) { _ in }
            _ = try await catalog.updateService(Example.service) { _ in }
            _ = try await catalog.deletePipe(PipeID("nobody"))
        }
        #expect(count == 0)
    }

    @Test func leavingRestIsAUsersRequest() {
        var failed = Example.pipe(1)
        failed.state = .failed
        var started = failed
        started.state = .provisioning
        #expect(started.asksForAction(comparedWith: failed))
        #expect(!failed.asksForAction(comparedWith: started))
    }

    @Test func everyListenerHears() async throws {
        try await withCatalogFile { file in
            let catalog = try file.open()
            let listeners = (1...3).map { _ in catalog.pipeChanges() }
            try await catalog.create(Example.service())
            for listener in listeners {
                var iterator = listener.makeAsyncIterator()
                #expect(await iterator.next() != nil)
            }
        }
    }
}
