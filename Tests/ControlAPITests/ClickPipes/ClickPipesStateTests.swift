import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import Testing

@Suite struct ClickPipesStateTests {
    /// A stored pipe in `state`, and what the API answers to `method` on its `resource`.
    private func send(
        _ resource: String, _ body: JSONValue, pipe: JSONValue = PipeBodies.s3, state: PipeState,
        check: @Sendable (APIAnswer, PipeRecord, APIFixture) async throws -> Void
    ) async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let created = try await client.send(.post, "~~/clickpipes", body: pipe)
            let id = PipeID(try #require(created.result["id"]?.string))
            _ = try await fixture.catalog.updatePipe(id) { pipe in
                pipe.state = state
                pipe.stateMessage = "before"
            }
            let answer = try await client.send(.patch, "~~/clickpipes/\(id)/\(resource)", body: body)
            let record = try #require(try await fixture.catalog.pipe(id))
            try await check(answer, record, fixture)
        }
    }

    @Test func commandsAreRead() throws {
        #expect(try PipeCommand(["command": "start"]) == .start)
        #expect(try PipeCommand(["action": "stop"]) == .stop)
        #expect(try PipeCommand(["command": "resync", "action": "resync"]) == .resync)
        #expect(try PipeCommand(["command": .null, "action": "stop"]) == .stop)
        func refusal(_ body: JSONValue) -> String {
            do {
                return "\(try PipeCommand(body))"
            } catch {
                return "\(error)"
            }
        }
        #expect(refusal([:]) == "command is required; commands are start, stop, resync")
        #expect(refusal(["command": "pause"]).contains("command must be one of start, stop, resync"))
        #expect(refusal(["command": 1]).contains("command must be a string"))
        #expect(refusal(["command": "start", "action": "stop"]).contains("action asks for something else than command"))
    }

    @Test(arguments: ["command", "action"]) func stopAndStart(_ member: String) async throws {
        try await send("state", .object([member: "stop"]), state: .running) { answer, record, fixture in
            #expect(answer.status == 200 && answer.result["state"] == "Stopping")
            #expect(record.wanted == .stopped)
            let activities = try await fixture.catalog.activities(from: nil, to: nil)
            #expect(activities.first?.type == "clickpipe_stop")
        }
        try await send("state", .object([member: "start"]), state: .stopped) { answer, record, _ in
            #expect(answer.status == 200 && answer.result["state"] == "Provisioning")
            #expect(record.wanted == .running && record.stateMessage == nil && record.generation == 1)
        }
        try await send("state", .object([member: "start"]), state: .failed) { answer, _, _ in #expect(answer.status == 200) }
        try await send("state", .object([member: "stop"]), state: .stopped) { answer, _, _ in
            #expect(answer.status == 200 && answer.result["state"] == "Stopped")
        }
        try await send("state", .object([member: "stop"]), pipe: PipeBodies.mysql, state: .snapshot) { answer, _, _ in
            #expect(answer.result["state"] == "Pausing")
        }
    }

    @Test func startingARunningPipeHasTheTextThatTerraformKnows() async throws {
        try await send("state", ["command": "start"], state: .running) { answer, record, _ in
            #expect(answer.status == 400)
            #expect(answer.error == "BAD_REQUEST: \(record.id) ClickPipe is already running")
        }
    }

    @Test func aCompletedPipeDoesNotStart() async throws {
        try await send("state", ["command": "start"], state: .completed) { answer, record, _ in
            #expect(answer.status == 400 && answer.error.contains("Completed"))
            #expect(record.state == .completed)
        }
    }

    @Test func conflictingCommandsAreRefused() async throws {
        try await send("state", ["command": "start", "action": "stop"], state: .stopped) { answer, record, _ in
            #expect(answer.status == 400 && answer.error.contains("action"))
            #expect(record.state == .stopped)
        }
    }

    @Test func resyncIsForDatabases() async throws {
        try await send("state", ["command": "resync"], state: .running) { answer, _, _ in
            #expect(answer.status == 400 && answer.error.contains("resync is only for database pipes"))
        }
    }

    @Test(arguments: [PipeState.running, .paused, .completed, .failed]) func resyncForgetsPositionsAfterTheReaderHasEnded(
        _ state: PipeState
    ) async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let created = try await client.send(.post, "~~/clickpipes", body: PipeBodies.postgres)
            let id = PipeID(try #require(created.result["id"]?.string))
            _ = try await fixture.catalog.updatePipe(id) { $0.state = state }
            try await fixture.catalog.save(Settlement(positions: [Lane("cdc"): 7]), of: id)
            let answer = try await client.send(.patch, "~~/clickpipes/\(id)/state", body: ["command": "resync"])
            #expect(answer.status == 200 && answer.result["state"] == "Resync")
            let record = try #require(try await fixture.catalog.pipe(id))
            #expect(record.wanted == .running && record.generation == 2)
            #expect(try await fixture.catalog.load(id) == StoredCheckpoint())
            #expect(fixture.pipes.drainedPipes == [id])
        }
    }

    @Test func scalingMergesAndRestarts() async throws {
        try await send("scaling", ["replicas": 3, "replicaMemoryGb": .null, "concurrency": .null], state: .running) {
            answer, record, fixture in
            #expect(answer.status == 200)
            #expect(answer.result["scaling"] == json(["replicas": 3, "replicaCpuMillicores": 125, "replicaMemoryGb": 0.5]))
            #expect(record.generation == 2)
            let activities = try await fixture.catalog.activities(from: nil, to: nil)
            #expect(activities.first?.type == "clickpipe_scale")
        }
        try await send("scaling", ["replicas": 1], state: .running) { answer, record, _ in
            #expect(answer.status == 200 && record.generation == 1)
        }
    }

    static let wrongScaling: [(JSONValue, String)] = [
        (["replicas": 0], "replicas must be >= 1, is 0"), (["replicas": 41], "replicas must be <= 40"),
        (["replicaCpuMillicores": 2001], "replicaCpuMillicores must be <= 2000"), (["replicaMemoryGb": 9], "replicaMemoryGb must be <= 8"),
        (["concurrency": 35], "concurrency must be <= 34"), (["replicas": "2"], "replicas must be an integer"),
    ]

    @Test(arguments: wrongScaling) func scalingIsChecked(_ body: JSONValue, _ says: String) async throws {
        try await send("scaling", body, state: .running) { answer, record, _ in
            #expect(answer.status == 400 && answer.error.contains(says))
            #expect(record.generation == 1)
        }
    }

    @Test func databasePipesHaveNoScaling() async throws {
        try await send("scaling", ["replicas": 2], pipe: PipeBodies.postgres, state: .running) { answer, _, _ in
            #expect(answer.status == 400 && answer.error.contains("scaling is not for database pipes"))
        }
    }
}
