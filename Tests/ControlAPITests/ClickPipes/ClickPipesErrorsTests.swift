import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import Testing

/// A source that can be rewound: the target is the position of its only lane.
struct RewindableFake: RewindableSource {
    static let kind = "kafka"
    static let family = PipeFamily.streaming
    static let schema = ObjectSchema("RewindableFake", fields: [])
    static let virtualColumns: [VirtualColumn] = []
    static let rewindTarget = ObjectSchema("RewindableFakeTarget", fields: [Field("offset", .integer(0...1000), "Where.", .required)])

    func problems() -> [Problem] { [] }
    func probe(_ context: ProbeContext) async -> [Finding] { [] }
    func makeSource(_ context: SourceContext) throws -> EmptySource { EmptySource() }
    func sample(_ context: ProbeContext) async throws -> SchemaSample {
        .rows(EncodedRows(bytes: [], rowCount: 0, format: "JSONEachRow"))
    }
    func rewound(_ checkpoint: StoredCheckpoint, of pipe: PipeID, to target: JSONValue) async throws -> StoredCheckpoint {
        let offset = target["offset"]?.integer ?? 0
        if offset == 999 { throw PipeError(.sourceMissing, .user, side: .source, "offset 999 is beyond the end") }
        if offset == 998 { throw PipeError(.sourceUnreachable, .retry, side: .source, "no broker answers") }
        return StoredCheckpoint(positions: [Lane("0"): .integer(offset)])
    }
}

@Suite struct ClickPipesErrorsTests {
    private func row(_ number: Int, raw: [UInt8] = Array("{}".utf8), size: Int? = nil) -> RejectedRow {
        RejectedRow(
            key: RejectedRow.Key(time: 1_767_225_600_000 + Int64(number), hash: UInt64(number)),
            record: RejectedRecord(
                code: .typeMismatch, reason: "because", field: "a.b", locator: ["topic": "t", "offset": "\(number)"], raw: raw),
            size: size ?? raw.count, isTruncated: false, isReplayable: number > 1, replayedAt: number == 1 ? 1_767_225_700_000 : nil)
    }

    private func withPipe(
        _ body: @Sendable @escaping (APIClient, String, APIFixture) async throws -> Void
    ) async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let created = try await client.send(.post, "~~/clickpipes", body: PipeBodies.kafka)
            try await body(client, "~~/clickpipes/\(try #require(created.result["id"]?.string))", fixture)
        }
    }

    @Test func errorsArePaged() async throws {
        try await withPipe { client, path, fixture in
            fixture.warehouses.answer(rows: [row(3), row(2, raw: [0xff, 0x00]), row(1)])
            let first = try await client.send(.get, "\(path)/errors?limit=2&errorCode=TYPE_MISMATCH")
            #expect(first.status == 200, "\(first.error)")
            #expect(first.result.array?.count == 2)
            #expect(first.result.array?[0]["timestamp"] == "2026-01-01T00:00:00.003Z")
            #expect(first.result.array?[0]["rawMessage"] == "{}" && first.result.array?[0]["locator"] == ["topic": "t", "offset": "3"])
            #expect(first.result.array?[1]["rawMessageBase64"] == "/wA=" && first.result.array?[1]["rawMessage"] == nil)
            let cursor = try #require(first.body["nextCursor"]?.string)
            let rest = try await client.send(.get, "\(path)/errors?cursor=\(cursor)")
            #expect(rest.result.array?.map { $0["replayedAt"] } == ["2026-01-01T00:01:40.000Z"])
            #expect(rest.body["nextCursor"] == nil)
            #expect(fixture.warehouses.asked == ["list TYPE_MISMATCH 3", "list - 101"])
            for query in ["limit=0", "limit=x", "cursor=zzz", "cursor=YQ=="] {
                #expect(try await client.send(.get, "\(path)/errors?\(query)").status == 400)
            }
        }
    }

    @Test func aCutInTheMiddleOfACharacterIsStillText() async throws {
        try await withPipe { client, path, fixture in
            fixture.warehouses.answer(rows: [row(2, raw: Array("{\"a\":\"ü".utf8.dropLast()), size: 100_000)])
            let answer = try await client.send(.get, "\(path)/errors")
            #expect(answer.result.array?[0]["rawMessage"] == "{\"a\":\"")
        }
    }

    @Test func errorsAreReplayed() async throws {
        try await withPipe { client, path, fixture in
            fixture.warehouses.answer(rows: [], report: ReplayReport(replayed: 5, failed: 1, remaining: 2, notReplayable: 3))
            let answer = try await client.send(
                .post, "\(path)/errors/replay",
                body: ["errorCode": "TYPE_MISMATCH", "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T01:00:00+01:00", "limit": 10])
            #expect(answer.status == 200, "\(answer.error)")
            #expect(answer.result == ["replayed": 5, "failed": 1, "remaining": 2, "notReplayable": 3])
            #expect(fixture.warehouses.asked == ["replay TYPE_MISMATCH 1767225600000 1767225600000 10"])
            #expect(try await fixture.catalog.activities(from: nil, to: nil).first?.type == "clickpipe_errors_replay")
            #expect(try await client.send(.post, "\(path)/errors/replay", body: ["limit": 0]).status == 400)
            #expect(try await client.send(.post, "\(path)/errors/replay", body: ["from": "yesterday"]).status == 400)
            fixture.warehouses.answer(
                rows: [], failure: PipeError(.destinationUnreachable, .retry, side: .destination, "ClickHouse is away"))
            #expect(try await client.send(.post, "\(path)/errors/replay", body: [:]).status == 424)
            fixture.services.set(.stopped, service: APIFixture.serviceID)
            #expect(try await client.send(.post, "\(path)/errors/replay", body: [:]).error.contains("Current state: stopped"))
        }
    }

    @Test func aPipeAtRestIsRewound() async throws {
        let fixture = try await APIFixture(sources: SourceCatalog([RewindableFake.self]))
        let table = PipeBodies.kafka["destination"] ?? .null
        try await fixture.run { client in
            let created = try await client.send(
                .post, "~~/clickpipes", body: ["name": "p", "source": ["kafka": [:]], "destination": table])
            let id = PipeID(try #require(created.result["id"]?.string, "\(created.error)"))
            let path = "~~/clickpipes/\(id)/rewind"
            try await fixture.catalog.open(StoredBatch(id: BatchID("b"), lane: Lane("0"), extent: 1), of: id)
            let running = try await client.send(.post, path, body: ["to": ["offset": 5]])
            #expect(running.status == 400 && running.error.contains("stop it first"), "\(running.error)")
            for state in [PipeState.stopped, .failed, .paused] {
                _ = try await fixture.catalog.updatePipe(id) { $0.state = state }
                #expect(try await client.send(.post, path, body: ["to": ["offset": 5]]).status == 200)
            }
            #expect(try await fixture.catalog.load(id) == StoredCheckpoint(positions: [Lane("0"): 5]))
            #expect(fixture.pipes.drainedPipes.contains(id))
            #expect(try await fixture.catalog.activities(from: nil, to: nil).first?.type == "clickpipe_rewind")
            #expect(try await client.send(.post, path, body: [:]).error.contains("to is required"))
            #expect(try await client.send(.post, path, body: ["to": ["offset": -1]]).error.contains("to.offset"))
            #expect(try await client.send(.post, path, body: ["to": ["offset": 999]]).error.contains("to offset 999 is beyond the end"))
            #expect(try await client.send(.post, path, body: ["to": ["offset": 998]]).status == 424)
            #expect(try await fixture.catalog.load(id) == StoredCheckpoint(positions: [Lane("0"): 5]))
        }
    }

    @Test func shortTargetsAreSpelledOut() {
        #expect(RewindTarget.spelledOut("beginning") == ["strategy": "from_beginning"])
        #expect(RewindTarget.spelledOut("from_latest") == ["strategy": "from_latest"])
        #expect(RewindTarget.spelledOut(["timestamp": "x"]) == ["timestamp": "x", "strategy": "from_timestamp"])
        #expect(RewindTarget.spelledOut(["offsets": [:], "strategy": "s"]) == ["offsets": [:], "strategy": "s"])
        #expect(RewindTarget.spelledOut(["offset": 1]) == ["offset": 1])
    }

    @Test func aSourceWithoutRewindSaysSo() async throws {
        try await withPipe { client, path, _ in
            let answer = try await client.send(.post, "\(path)/rewind", body: ["to": [:]])
            #expect(answer.status == 400 && answer.error.contains("cannot be rewound"))
        }
    }
}
