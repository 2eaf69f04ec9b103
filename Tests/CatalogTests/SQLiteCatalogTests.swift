import Catalog
import FoundationEssentials
import GRDB
import PipeCore
import Testing

@Suite struct SQLiteCatalogTests {
    @Test(arguments: CatalogContract.Rule.allCases)
    func contract(_ rule: CatalogContract.Rule) async throws {
        try await withCatalogFile { file in try await CatalogContract(catalog: try file.open()).verify(rule) }
    }

    @Test func aReopenedFileHoldsEverything() async throws {
        try await withCatalogFile { file in
            let pipe = Example.pipe(1)
            let first = try file.open()
            try await first.create(Example.service())
            try await first.create(pipe)
            try await first.open(StoredBatch(id: BatchID("b"), lane: Lane("0"), extent: 1), of: pipe.id)
            try first.close()
            let second = try file.open()
            #expect(try await second.pipe(pipe.id) == pipe)
            #expect(try await second.load(pipe.id).pending.map(\.id) == [BatchID("b")])
        }
    }

    /// What a power cut leaves is at worst what the files hold between two calls.
    @Test func aCopyTakenWhileOpenHoldsWhatWasCommitted() async throws {
        try await withCatalogFile { file in
            let catalog = try file.open()
            let pipe = Example.pipe(1)
            try await catalog.create(Example.service())
            try await catalog.create(pipe)
            for number in 1...50 {
                let id = BatchID("b\(number)")
                try await catalog.open(StoredBatch(id: id, lane: Lane("0"), extent: .integer(Int64(number))), of: pipe.id)
                if number <= 40 {
                    try await catalog.save(Settlement(positions: [Lane("0"): .integer(Int64(number))], settled: [id]), of: pipe.id)
                }
            }
            try await catalog.note(["step": "moved"], for: BatchID("b41"), of: pipe.id)
            let copy = CatalogFile(directory: file.directory + "/copy", sealer: file.sealer)
            try FileManager.default.createDirectory(atPath: copy.directory + "/private", withIntermediateDirectories: true)
            for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: file.path + suffix, toPath: copy.path + suffix) }
            let found = try copy.open()
            let checkpoint = try await found.load(pipe.id)
            #expect(checkpoint.positions == [Lane("0"): 40])
            #expect(checkpoint.pending.map(\.id.rawValue) == (41...50).map { "b\($0)" })
            #expect(try await found.note(for: BatchID("b41"), of: pipe.id) == ["step": "moved"])
            #expect(try await found.pipe(pipe.id) == pipe)
        }
    }

    @Test func aNewerSchemaIsRefusedAndLeftAlone() async throws {
        try await withCatalogFile { file in
            try file.open().close()
            let raw = try DatabaseQueue(path: file.path)
            try await raw.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999')") }
            let error = #expect(throws: CatalogError.self) { try file.open() }
            #expect(error?.code == .newerSchema)
            #expect(error?.message.contains("999") == true)
            try await raw.write { try $0.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = '999'") }
            try raw.close()
            #expect(throws: Never.self) { try file.open() }
        }
    }

    @Test func somethingElseIsRefused() async throws {
        try await withCatalogFile { file in
            try FileManager.default.createDirectory(atPath: file.directory + "/private", withIntermediateDirectories: true)
            try Data(String(repeating: "this is no database ", count: 100).utf8).write(to: URL(filePath: file.path))
            let error = #expect(throws: CatalogError.self) { try file.open() }
            #expect(error?.code == .damaged)
        }
    }

    @Test func secretsCannotBeReadInTheFiles() async throws {
        try await withCatalogFile { file in
            let secret = "correct-horse-battery-staple"
            let catalog = try file.open()
            try await catalog.create(Example.service())
            try await catalog.create(Example.pipe(1, secret: secret))
            func holds(_ text: String) throws -> Bool {
                try ["", "-wal", "-shm"].contains { suffix in
                    let path = file.path + suffix
                    guard FileManager.default.fileExists(atPath: path) else { return false }
                    return try Data(contentsOf: URL(filePath: path)).firstRange(of: Data(text.utf8)) != nil
                }
            }
            #expect(try holds("s3://bucket"), "the search works")
            #expect(try !holds(secret))
            try catalog.close()
            #expect(try holds("s3://bucket"))
            #expect(try !holds(secret))
        }
    }

    @Test func anotherKeyIsRefusedAtTheStart() async throws {
        try await withCatalogFile { file in
            try file.open().close()
            let other = try SecretSealer.loadOrCreate(file: file.directory + "/other")
            let error = #expect(throws: CatalogError.self) { try file.open(other) }
            #expect(error?.code == .wrongKey)
            #expect(throws: Never.self) { try file.open() }
        }
    }

    @Test func sealedSecretsCannotBeMovedToAnotherPipe() async throws {
        try await withCatalogFile { file in
            let catalog = try file.open()
            try await catalog.create(Example.service())
            for number in 1...2 { try await catalog.create(Example.pipe(number)) }
            let raw = try DatabaseQueue(path: file.path)
            let pipe = Example.pipe(1).id
            try await raw.write {
                try $0.execute(
                    sql: "UPDATE pipe SET secrets = (SELECT secrets FROM pipe WHERE id <> ?) WHERE id = ?",
                    arguments: [pipe.rawValue, pipe.rawValue])
            }
            let error = await #expect(throws: CatalogError.self) { _ = try await catalog.pipe(pipe) }
            #expect(error?.code == .wrongKey)
            #expect(try await catalog.pipe(Example.pipe(2).id) == Example.pipe(2))
        }
    }

    @Test func filesAreForTheirOwnerOnly() async throws {
        try await withCatalogFile { file in
            let catalog = try file.open()
            try await catalog.create(Example.service())
            #expect(CatalogFile.mode(file.directory + "/private") == 0o700)
            for suffix in ["", "-wal", "-shm"] { #expect(CatalogFile.mode(file.path + suffix) == 0o600, "\(suffix)") }
        }
    }

    @Test func damagedColumnsAreNamedWithoutTheirContents() async throws {
        try await withCatalogFile { file in
            let catalog = try file.open()
            try await catalog.create(Example.service())
            try await catalog.create(Example.pipe(1))
            let raw = try DatabaseQueue(path: file.path)
            try await raw.write { try $0.execute(sql: "UPDATE pipe SET state = 'Dancing'") }
            let error = await #expect(throws: CatalogError.self) { _ = try await catalog.pipes(service: nil) }
            #expect(error?.code == .damaged)
            #expect(error?.message.contains("state") == true)
            #expect(error?.message.contains("Dancing") == false)
        }
    }

    @Test func aCancelledTaskStillWrites() async throws {
        try await withCatalogFile { file in
            let catalog = try file.open()
            try await catalog.create(Example.service())
            let pipe = Example.pipe(1)
            try await catalog.create(pipe)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask {
                    #expect(Task.isCancelled)
                    _ = try await catalog.updatePipe(pipe.id) { $0.state = .stopped }
                }
                try await group.waitForAll()
            }
            #expect(try await catalog.pipe(pipe.id)?.state == .stopped)
        }
    }

    @Test func oldActivitiesCanBePruned() async throws {
        try await withCatalogFile { file in
            let catalog = try file.open()
            for time in 1...3 {
                try await catalog.append(
                    ActivityRecord(id: "\(time)", createdAt: Example.time(time), type: "t", actorType: "system", actorID: ""))
            }
            #expect(try await catalog.prune(activitiesOlderThan: Example.time(3)) == 2)
            #expect(try await catalog.activities(from: nil, to: nil).map(\.id) == ["3"])
        }
    }
}
