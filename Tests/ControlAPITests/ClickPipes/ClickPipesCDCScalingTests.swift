import Catalog
import ControlAPI
import HTTPTypes
import PipeCore
import Testing

@Suite struct ClickPipesCDCScalingTests {
    private static let paths = ["~~/clickpipesCdcScaling", "~/clickpipes/cdcScaling"]

    @Test(arguments: paths) func itExistsFromTheFirstDatabasePipeOn(_ path: String) async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            #expect(try await client.send(.get, path).status == 404)
            #expect(try await client.send(.patch, path, body: ["replicaMemoryGb": 8]).status == 404)
            _ = try await client.send(.post, "~~/clickpipes", body: PipeBodies.s3)
            #expect(try await client.send(.get, path).status == 404)
            _ = try await client.send(.post, "~~/clickpipes", body: PipeBodies.postgres)
            let answer = try await client.send(.get, path)
            #expect(answer.result == json(["replicaCpuMillicores": 2000, "replicaMemoryGb": 8]))
        }
    }

    @Test(arguments: paths) func memoryFollowsTheCores(_ path: String) async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            _ = try await client.send(.post, "~~/clickpipes", body: PipeBodies.mysql)
            let both = try await client.send(.patch, path, body: ["replicaCpuMillicores": 4000, "replicaMemoryGb": 16])
            #expect(both.result == json(["replicaCpuMillicores": 4000, "replicaMemoryGb": 16]))
            let cpu = try await client.send(.patch, path, body: ["replicaCpuMillicores": 1000])
            #expect(cpu.result == json(["replicaCpuMillicores": 1000, "replicaMemoryGb": 4]))
            let memory = try await client.send(.patch, path, body: ["replicaMemoryGb": 12])
            #expect(memory.result == json(["replicaCpuMillicores": 3000, "replicaMemoryGb": 12]))
            for body: JSONValue in [
                ["replicaCpuMillicores": 2000, "replicaMemoryGb": 16], ["replicaCpuMillicores": 1500], ["replicaCpuMillicores": 0],
                ["replicaMemoryGb": 6], ["replicaMemoryGb": 256],
            ] {
                let refused = try await client.send(.patch, path, body: body)
                #expect(refused.status == 400 && refused.error.contains("replica"))
            }
            #expect(try await client.send(.get, path).result == memory.result)
        }
    }

    @Test func thePathWithoutServiceNeedsOneService() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.catalog.create(
            ServiceRecord(
                id: "99999999-0000-4000-8000-000000000009", configurationName: "other", name: "other", createdAt: APIFixture.start))
        try await fixture.run { client in
            let answer = try await client.send(.get, "~/clickpipes/cdcScaling")
            #expect(answer.status == 400)
            #expect(answer.error.contains("the organization has 2 services"))
        }
    }

    @Test func aSecondDatabasePipeLeavesTheSizeAlone() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            _ = try await client.send(.post, "~~/clickpipes", body: PipeBodies.mysql)
            let set = try await client.send(.patch, "~~/clickpipesCdcScaling", body: ["replicaMemoryGb": 32])
            _ = try await client.send(.post, "~~/clickpipes", body: PipeBodies.postgres)
            #expect(try await client.send(.get, "~~/clickpipesCdcScaling").result == set.result)
        }
    }
}
