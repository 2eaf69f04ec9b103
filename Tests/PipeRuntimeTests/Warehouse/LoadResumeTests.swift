import ClickHouse
import PipeCore
import PipeRuntime
import PipeTesting
import Testing

/// A load that is cut off at each of its notes, and one whose server was killed at the worst moment.
@Suite(.enabled("needs ClickHouse and an S3 store") { await TestServers.isAvailable() })
struct LoadResumeTests {
    private static let text = (1...30).map { "{\"id\":\($0),\"s\":\"s\($0)\"}\n" }.joined()

    private func target(_ fixture: WarehouseFixture) async throws {
        try await fixture.run("CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree PARTITION BY id % 3 ORDER BY id")
        try await fixture.run("CREATE TABLE $db.o (id UInt64) ENGINE = MergeTree ORDER BY id")
        try await fixture.run("CREATE MATERIALIZED VIEW $db.v TO $db.o AS SELECT id FROM $db.t")
    }

    private func expectComplete(_ fixture: WarehouseFixture, rows: Int = 30) async throws {
        #expect(try await fixture.answer("SELECT count(), uniqExact(id) FROM $db.t") == "\(rows)\t30")
        #expect(try await fixture.answer("SELECT count(), uniqExact(id) FROM $db.o") == "\(rows)\t30")
        #expect(try await fixture.staged() == "0")
    }

    @Test(arguments: 1...3)
    func resumesAfterEachNote(write: Int) async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            let object = try await fixture.put(key: "f", Self.text)
            let progress = TestProgress()
            progress.die(afterWrite: write)
            await #expect(throws: TestProgress.Died.self) {
                _ = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress)
            }
            #expect(progress.phase == ["loading", "moving", "moved"][write - 1])
            progress.die(afterWrite: nil)
            // A fresh pipe start leaves staging to the batches of the journal.
            try await fixture.warehouse(fixture.spec()).prepare()
            #expect(try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress).rows == 30)
            try await expectComplete(fixture)
        }
    }

    @Test func keepsExclusionsAcrossAResume() async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            let good = try await fixture.put(key: "good", Self.text)
            let bad = try await fixture.put(key: "bad", "{\"id\":")
            let progress = TestProgress()
            progress.die(afterWrite: 2)
            await #expect(throws: TestProgress.Died.self) {
                _ = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([good, bad]), "b1", progress)
            }
            progress.die(afterWrite: nil)
            // Meanwhile the file was repaired: it stays out, because it was already counted as rejected.
            try await fixture.put(key: "bad", "{\"id\":99}\n")
            let result = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([good, bad]), "b1", progress)
            #expect(result.rejected.map { $0.locator["path"] } == ["bad"])
            try await expectComplete(fixture)
        }
    }

    /// What a restart after a kill leaves: the target has the parts, and staging has them too.
    @Test(arguments: ["0", "1,2", "0,1,2"])
    func doesNotMoveAgainWhatTheTargetHas(partitions: String) async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            // Older rows with the same content, and so with parts of the same hash, must not be mistaken for ours.
            let object = try await fixture.put(key: "f", Self.text)
            #expect(try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b0").rows == 30)
            let progress = TestProgress()
            progress.die(afterWrite: 2)
            await #expect(throws: TestProgress.Died.self) {
                _ = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress)
            }
            progress.die(afterWrite: nil)
            let staging = try await fixture.answer(
                "SELECT name FROM system.tables WHERE database = '$db' AND name LIKE 't\\\\_clickpipes\\\\_stage%' AND name NOT LIKE '%view'"
            )
            for partition in partitions.split(separator: ",") {
                try await fixture.run("ALTER TABLE $db.t ATTACH PARTITION ID '\(partition)' FROM $db.`\(staging)`")
            }
            #expect(try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress).rows == 30)
            try await expectComplete(fixture, rows: 60)
        }
    }

    @Test func seesMovedPartsThatWereMergedSince() async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            try await fixture.run("ALTER TABLE $db.t MODIFY SETTING old_parts_lifetime = 480")
            try await fixture.run("INSERT INTO $db.t SELECT number + 1, 'old' FROM numbers(30)")
            let object = try await fixture.put(key: "f", Self.text)
            let progress = TestProgress()
            progress.die(afterWrite: 2)
            await #expect(throws: TestProgress.Died.self) {
                _ = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress)
            }
            progress.die(afterWrite: nil)
            let staging = try await fixture.answer(
                "SELECT name FROM system.tables WHERE database = '$db' AND name LIKE 't\\\\_clickpipes\\\\_stage%' AND name NOT LIKE '%view'"
            )
            try await fixture.run("ALTER TABLE $db.t ATTACH PARTITION ID '1' FROM $db.`\(staging)`")
            try await fixture.run("OPTIMIZE TABLE $db.t PARTITION ID '1' FINAL")
            // As after a restart: the note was written by an earlier server process.
            var note = try #require(try await progress.note())
            note["serverStart"] = 0
            progress.replace(note)
            #expect(try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress).rows == 30)
            try await expectComplete(fixture, rows: 60)
        }
    }

    @Test func asksAPersonWhenAMergeHidTheEvidence() async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            try await fixture.run("ALTER TABLE $db.t MODIFY SETTING old_parts_lifetime = 0")
            let object = try await fixture.put(key: "f", Self.text)
            let progress = TestProgress()
            progress.die(afterWrite: 2)
            await #expect(throws: TestProgress.Died.self) {
                _ = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress)
            }
            progress.die(afterWrite: nil)
            try await fixture.run("INSERT INTO $db.t VALUES (1, 'foreign')")
            try await fixture.run("INSERT INTO $db.t VALUES (4, 'foreign')")
            try await fixture.run("OPTIMIZE TABLE $db.t PARTITION ID '1' FINAL")
            // modification_time has whole seconds and must lie in the past.
            while try await fixture.answer(
                "SELECT count() FROM system.parts WHERE database = '$db' AND table = 't' AND active AND modification_time < now()") != "1"
            {}
            var note = try #require(try await progress.note())
            note["serverStart"] = 0
            progress.replace(note)
            let error = await #expect(throws: PipeError.self) {
                _ = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress)
            }
            #expect(error?.disposition == .user)
            #expect(error?.message.contains("partition '1'") == true)
            #expect(try await fixture.answer("SELECT count() FROM $db.t WHERE s != 'foreign'") == "0")
        }
    }

    @Test func doesNotMergeStagedParts() async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run("CREATE TABLE $db.t (id UInt64, s String) ENGINE = MergeTree ORDER BY id")
            let objects = [try await fixture.put(key: "{1}", "{\"id\":1}"), try await fixture.put(key: "{2}", "{\"id\":2}")]
            let progress = TestProgress()
            progress.die(afterWrite: 2)
            await #expect(throws: TestProgress.Died.self) {
                _ = try await fixture.warehouse(fixture.spec()).loaded(fixture.load(objects), "b1", progress)
            }
            let staging = try await fixture.answer("SELECT name FROM system.tables WHERE database = '$db' AND position(name, 'stage') > 0")
            for id in 10..<20 { try await fixture.run("INSERT INTO $db.`\(staging)` VALUES (\(id), '')") }
            await #expect(throws: ClickHouseError.self) {
                try await fixture.client.execute(
                    "OPTIMIZE TABLE \(fixture.database).`\(staging)` SETTINGS optimize_throw_if_noop = 1", settings: [:])
            }
            #expect(
                try await fixture.answer("SELECT count() FROM system.parts WHERE database = '$db' AND table = '\(staging)' AND active")
                    == "12")
        }
    }

    @Test func cleansUpAfterADeletedPipe() async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            let object = try await fixture.put(key: "f", Self.text)
            let progress = TestProgress()
            progress.die(afterWrite: 2)
            await #expect(throws: TestProgress.Died.self) {
                _ = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress)
            }
            #expect(try await fixture.staged() == "3")
            try await fixture.directory.cleanUp(after: fixture.spec())
            #expect(try await fixture.staged() == "0")
        }
    }

    /// Deleted when one of three partitions has been moved: the batch must not stay in half.
    @Test func finishesAHalfMovedBatchOfADeletedPipe() async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            let object = try await fixture.put(key: "f", Self.text)
            let progress = TestProgress()
            let note = try await cutOff(fixture, object, progress, afterWrite: 2)
            let move = try #require(note.moves.first { $0.target.name == "t" })
            try await fixture.run("ALTER TABLE $db.`\(move.staging.name)` MOVE PARTITION ID '1' TO TABLE $db.t")
            #expect(try await fixture.answer("SELECT count() FROM $db.t") == "10")
            let store = InMemoryCheckpointStore()
            try await store.open(StoredBatch(id: BatchID("b1"), lane: Lane("a"), extent: .null), of: fixture.pipe)
            try await store.note(try #require(try await progress.note()), for: BatchID("b1"), of: fixture.pipe)
            for _ in 1...2 { try await fixture.directory.finishLoads(of: fixture.spec(), store: store) }
            try await fixture.directory.cleanUp(after: fixture.spec())
            try await expectComplete(fixture)
        }
    }

    @Test(arguments: 1...2)
    func finishingLoadsLeavesAloneWhatHasNotBegunOrWasDropped(write: Int) async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            let object = try await fixture.put(key: "f", Self.text)
            let progress = TestProgress()
            let note = try await cutOff(fixture, object, progress, afterWrite: write)
            if note.phase == .moving { try await fixture.directory.cleanUp(after: fixture.spec()) }
            let store = InMemoryCheckpointStore()
            try await store.open(StoredBatch(id: BatchID("b1"), lane: Lane("a"), extent: .null), of: fixture.pipe)
            try await store.note(try #require(try await progress.note()), for: BatchID("b1"), of: fixture.pipe)
            try await fixture.directory.finishLoads(of: fixture.spec(), store: store)
            try await fixture.directory.cleanUp(after: fixture.spec())
            #expect(try await fixture.answer("SELECT count() FROM $db.t") == "0")
            #expect(try await fixture.staged() == "0")
        }
    }

    /// Cuts a load off after its n-th note and gives back that note.
    private func cutOff(_ fixture: WarehouseFixture, _ object: RemoteObject, _ progress: TestProgress, afterWrite write: Int) async throws
        -> LoadNote
    {
        progress.die(afterWrite: write)
        await #expect(throws: TestProgress.Died.self) {
            _ = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress)
        }
        progress.die(afterWrite: nil)
        return try #require(try await LoadNote.read(progress))
    }

    @Test func leavesAHalfFilledTableAndItsStatementBehind() async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            let object = try await fixture.put(key: "f", Self.text)
            let progress = TestProgress()
            let note = try await cutOff(fixture, object, progress, afterWrite: 1)
            let staging = try #require(note.tables.first)
            try await fixture.run("CREATE TABLE \(staging.quoted) AS $db.t")
            try await fixture.run("INSERT INTO \(staging.quoted) VALUES (1, 'half')")
            let id = "penstock\(staging.name.dropFirst())_0"
            let database = fixture.database
            try await withThrowingTaskGroup(of: ClickHouseError.Code?.self) { group in
                group.addTask {
                    do throws(ClickHouseError) {
                        try await fixture.client.execute(
                            "INSERT INTO \(staging.quoted) SELECT number + 1000, 'late' FROM numbers(100000) WHERE sleepEachRow(0.01) = 0",
                            settings: ["max_block_size": "1", "max_execution_time": "60"], queryID: id)
                        return nil
                    } catch { return error.code }
                }
                while try await fixture.answer("SELECT count() FROM system.processes WHERE query_id = '\(id)'") == "0" {}
                #expect(try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress).rows == 30)
                #expect(try await group.next() == .some(.queryWasCancelled))
            }
            #expect(try await fixture.answer("SELECT count() FROM system.tables WHERE database = '\(database)'") == "3")
            try await expectComplete(fixture)
            let last = try #require(try await LoadNote.read(progress))
            #expect(last.attempt == 2)
            #expect(Set(last.tables).isDisjoint(with: note.tables))
        }
    }

    @Test func neverMovesAPartitionTwiceAtTheSameTime() async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            let object = try await fixture.put(key: "f", Self.text)
            let progress = TestProgress()
            let note = try await cutOff(fixture, object, progress, afterWrite: 2)
            let id = try #require(note.moves.first).queryID(of: "1")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // Stands for the move of an attempt whose connection was lost. It is stopped below.
                    _ = try? await fixture.client.execute(
                        "SELECT sleepEachRow(0.1) FROM numbers(600) FORMAT Null", settings: ["max_block_size": "1"], queryID: id)
                }
                while try await fixture.answer("SELECT count() FROM system.processes WHERE query_id = '\(id)'") == "0" {}
                let error = await #expect(throws: PipeError.self) {
                    _ = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress)
                }
                #expect(error?.disposition == .retry)
                try await fixture.run("KILL QUERY WHERE query_id = '\(id)' SYNC")
                try await group.waitForAll()
            }
            #expect(try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress).rows == 30)
            try await expectComplete(fixture)
        }
    }

    @Test func beginsAnewWhenStagingVanished() async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            let object = try await fixture.put(key: "f", Self.text)
            let progress = TestProgress()
            let note = try await cutOff(fixture, object, progress, afterWrite: 2)
            try await fixture.run("DROP TABLE \(try #require(note.tables.first).quoted) SYNC")
            #expect(try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress).rows == 30)
            try await expectComplete(fixture)
        }
    }

    @Test func asksAPersonWhenStagingVanishedHalfMoved() async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            let object = try await fixture.put(key: "f", Self.text)
            let progress = TestProgress()
            let note = try await cutOff(fixture, object, progress, afterWrite: 2)
            let staging = try #require(note.tables.first).quoted
            try await fixture.run("ALTER TABLE \(staging) MOVE PARTITION ID '1' TO TABLE $db.t")
            try await fixture.run("DROP TABLE \(staging) SYNC")
            let error = await #expect(throws: PipeError.self) {
                _ = try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress)
            }
            #expect(error?.disposition == .user)
            #expect(try await fixture.answer("SELECT count() FROM $db.t") == "10")
        }
    }

    @Test func beginsAnewWhenTheTargetWasAltered() async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            let object = try await fixture.put(key: "f", Self.text)
            let progress = TestProgress()
            _ = try await cutOff(fixture, object, progress, afterWrite: 2)
            try await fixture.run("ALTER TABLE $db.t ADD COLUMN more UInt8 DEFAULT 7")
            #expect(try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress).rows == 30)
            #expect(try await fixture.answer("SELECT sum(more) FROM $db.t") == "210")
            try await expectComplete(fixture)
        }
    }

    /// A view that was made between two attempts gets the rows too.
    @Test func servesAViewMadeBetweenAttempts() async throws {
        try await WarehouseFixture.use { fixture in
            try await target(fixture)
            let object = try await fixture.put(key: "f", Self.text)
            let progress = TestProgress()
            _ = try await cutOff(fixture, object, progress, afterWrite: 1)
            try await fixture.run("CREATE MATERIALIZED VIEW $db.late ENGINE = MergeTree ORDER BY id AS SELECT id FROM $db.t")
            #expect(try await fixture.warehouse(fixture.spec()).loaded(fixture.load([object]), "b1", progress).rows == 30)
            #expect(try await fixture.answer("SELECT count() FROM $db.late") == "30")
            try await expectComplete(fixture)
        }
    }
}
