import PipeCore
import PipeRuntime
import Testing

@Suite(.enabled("needs a ClickHouse server") { await TestServers.isAvailable() }, .timeLimit(.minutes(3)))
struct ErrorReplayTests {
    private func fixture(_ body: (WarehouseFixture, PipeSpec) async throws -> Void) async throws {
        try await WarehouseFixture.use { fixture in
            try await fixture.run(
                "CREATE TABLE $db.t (id UInt64, n Int32, o Int64) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100"
            )
            let spec = try fixture.spec(
                columns: [("id", "UInt64"), ("n", "Int32"), ("o", "Int64")], mappings: [("id", "id"), ("n", "n"), ("_offset", "o")])
            let lines = (0..<10).map { "{\"__penstock_offset\":\(100 + $0),\"id\":\($0),\"n\":\($0 % 2 == 0 ? "1" : "\"x\($0)\"")}" }
            let rows = RowSamples.json(
                lines, added: [VirtualColumn("_offset", "Int64")], addedLengths: lines.map { _ in "\"__penstock_offset\":100,".utf8.count })
            #expect(try await fixture.warehouse(spec).written(rows, "b1").rejected.count == 5)
            try await body(fixture, spec)
        }
    }

    private func replay(_ fixture: WarehouseFixture, _ spec: PipeSpec, _ filter: RejectedFilter = RejectedFilter(), limit: Int = 100)
        async throws -> ReplayReport
    {
        try await fixture.directory.replay(filter, of: spec, limit: limit, log: TestLog())
    }

    @Test func pagesThroughErrors() async throws {
        try await fixture { fixture, spec in
            let first = try await fixture.directory.rejectedRows(of: spec, RejectedFilter(), after: nil, limit: 3)
            let rest = try await fixture.directory.rejectedRows(of: spec, RejectedFilter(), after: first.last?.key, limit: 10)
            #expect(first.count == 3)
            #expect(Set((first + rest).map { $0.record.locator["offset"] }) == ["101", "103", "105", "107", "109"])
            #expect(first.allSatisfy { $0.isReplayable && !$0.isTruncated && $0.replayedAt == nil })
            let third = try #require((first + rest).first { $0.record.locator["offset"] == "103" })
            #expect(third.record.raw == Array(#"{"id":3,"n":"x3"}"#.utf8))
            #expect(third.record.code == .typeMismatch && third.record.field == "n")
            #expect(try await fixture.directory.rejectedRows(of: spec, RejectedFilter(code: "OTHER"), after: nil, limit: 9).isEmpty)
            #expect(
                try await fixture.directory.rejectedRows(of: fixture.spec(table: "none"), RejectedFilter(), after: nil, limit: 9).isEmpty)
        }
    }

    @Test func sendsEachRowOnceAfterAFix() async throws {
        try await fixture { fixture, spec in
            #expect(try await replay(fixture, spec) == ReplayReport(replayed: 0, failed: 5, remaining: 0))
            // The mapping takes text now, but `x9` is not welcome.
            try await fixture.run("ALTER TABLE $db.t MODIFY COLUMN n String, ADD CONSTRAINT c CHECK n != 'x9'")
            var fixed = spec
            fixed.destination.columns?[1].type = "String"
            // Rows of one moment come in the order of their keys, so `x9` may be among the first two.
            let first = try await replay(fixture, fixed, limit: 2)
            #expect(first.replayed + first.failed == 2 && first.remaining == 3)
            #expect(try await replay(fixture, fixed, RejectedFilter(code: "OTHER")) == ReplayReport())
            #expect(try await replay(fixture, fixed) == ReplayReport(replayed: 4 - first.replayed, failed: 1, remaining: 0))
            #expect(try await replay(fixture, fixed) == ReplayReport(replayed: 0, failed: 1, remaining: 0))
            #expect(try await fixture.answer("SELECT count(), uniqExact(id), sum(o - id) FROM $db.t") == "9\t9\t900")
            #expect(
                try await fixture.answer("SELECT countIf(isNotNull(replayed_at)), count() FROM $db.t_clickpipes_error") == "4\t5")
        }
    }

    /// What a process that dies after the insert leaves: rows with a replay and no time.
    @Test func finishesWhatAnInterruptedReplayBegan() async throws {
        try await fixture { fixture, spec in
            try await fixture.run("ALTER TABLE $db.t MODIFY COLUMN n String")
            var fixed = spec
            fixed.destination.columns?[1].type = "String"
            #expect(try await replay(fixture, fixed).replayed == 5)
            try await fixture.run(
                "ALTER TABLE $db.t_clickpipes_error UPDATE replayed_at = NULL WHERE clickpipe_id = '\(fixture.pipe)' SETTINGS mutations_sync = 2"
            )
            #expect(try await replay(fixture, fixed) == ReplayReport(replayed: 5, failed: 0, remaining: 0))
            #expect(try await fixture.answer("SELECT count(), uniqExact(id) FROM $db.t") == "10\t10")
        }
    }

    @Test func tellsWhatCannotBeSentAgain() async throws {
        try await fixture { fixture, spec in
            try await fixture.warehouse(spec).reject([
                RejectedRecord(code: .messageTooLarge, reason: "too large", locator: ["offset": "7"], raw: Array("{}".utf8))
            ])
            #expect(try await replay(fixture, spec) == ReplayReport(replayed: 0, failed: 6, remaining: 0, notReplayable: 1))
        }
    }

    @Test func addsColumnsToATableOfBefore() async throws {
        try await fixture { fixture, spec in
            for column in ["added", "frame", "replay_id", "replayed_at"] {
                try await fixture.run("ALTER TABLE $db.t_clickpipes_error DROP COLUMN \(column)")
            }
            #expect(try await replay(fixture, spec) == ReplayReport(failed: 5, notReplayable: 5))
        }
    }
}
