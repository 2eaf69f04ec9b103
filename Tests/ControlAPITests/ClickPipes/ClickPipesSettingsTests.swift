import Catalog
import ControlAPI
import HTTPTypes
import PipeCore
import Testing

@Suite struct ClickPipesSettingsTests {
    private func withPipe(
        _ body: JSONValue, _ check: @Sendable (APIClient, String, APIFixture) async throws -> Void
    ) async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let created = try await client.send(.post, "~~/clickpipes", body: body)
            try await check(client, "~~/clickpipes/\(try #require(created.result["id"]?.string))", fixture)
        }
    }

    @Test func readingGivesDefaultsAndThePipeDoesNot() async throws {
        try await withPipe(PipeBodies.s3.setting("settings", to: ["object_storage_concurrency": 3])) { client, path, _ in
            let settings = try await client.send(.get, "\(path)/settings").result
            #expect(settings["object_storage_concurrency"] == 3)
            #expect(settings["object_storage_max_file_count"] == 100)
            #expect(settings["streaming_max_insert_wait_ms"] == nil)
            #expect(try await client.send(.get, path).result["settings"] == json(["object_storage_concurrency": 3]))
        }
    }

    @Test func aPutMergesAndTakesText() async throws {
        try await withPipe(PipeBodies.s3) { client, path, fixture in
            let first = try await client.send(.put, "\(path)/settings", body: ["clickhouse_max_threads": "8"])
            #expect(first.status == 200 && first.result["clickhouse_max_threads"] == 8)
            _ = try await client.send(
                .put, "\(path)/settings", body: ["object_storage_use_cluster_function": "false", "object_storage_concurrency": 2])
            #expect(
                try await client.send(.get, path).result["settings"]
                    == json(["clickhouse_max_threads": 8, "object_storage_use_cluster_function": false, "object_storage_concurrency": 2]))
            let reset = try await client.send(.put, "\(path)/settings", body: ["clickhouse_max_threads": .null])
            #expect(reset.result["clickhouse_max_threads"] == 0)
            let pipe = try #require(try await fixture.catalog.pipes(service: nil).first)
            #expect(pipe.generation == 1 && pipe.settings.values["clickhouse_max_threads"] == nil)
            #expect(try await fixture.catalog.activities(from: nil, to: nil).first?.type == "clickpipe_settings_update")
        }
    }

    @Test func readCommittedIsKafkasAndIsResetWhenLeftOut() async throws {
        try await withPipe(PipeBodies.kafka) { client, path, _ in
            let set = try await client.send(.put, "\(path)/settings", body: ["kafka_read_committed": true])
            #expect(set.result["kafka_read_committed"] == true)
            let kept = try await client.send(
                .put, "\(path)/settings", body: ["kafka_read_committed": true, "streaming_max_insert_wait_ms": 500])
            #expect(kept.result == json(["kafka_read_committed": true, "streaming_max_insert_wait_ms": 500]))
            let reset = try await client.send(.put, "\(path)/settings", body: ["streaming_max_insert_wait_ms": 600])
            #expect(reset.result == json(["kafka_read_committed": false, "streaming_max_insert_wait_ms": 600]))
        }
        try await withPipe(PipeBodies.s3) { client, path, _ in
            let refused = try await client.send(.put, "\(path)/settings", body: ["kafka_read_committed": false])
            #expect(refused.status == 400 && refused.error.contains("kafka_read_committed does not apply to objectStorage"))
        }
    }

    static let wrong: [(JSONValue, String)] = [
        (["object_storage_concurrency": 36], "must be <= 35"), (["object_storage_concurrency": "many"], "must be an integer"),
        (["nope": 1], "nope is not a setting"), (["streaming_max_insert_wait_ms": 500], "does not apply to objectStorage"),
    ]

    @Test(arguments: wrong) func wrongSettingsAreRefused(_ body: JSONValue, _ says: String) async throws {
        try await withPipe(PipeBodies.s3) { client, path, _ in
            let answer = try await client.send(.put, "\(path)/settings", body: body)
            #expect(answer.status == 400 && answer.error.contains(says))
            #expect(try await client.send(.get, path).result["settings"] == nil)
        }
    }

    @Test func databasePipesHaveNoIngestion() async throws {
        try await withPipe(PipeBodies.postgres) { client, path, fixture in
            let id = try #require(try await fixture.catalog.pipes(service: nil).first).id
            for answer in [
                try await client.send(.get, "\(path)/settings"), try await client.send(.put, "\(path)/settings", body: [:]),
            ] {
                #expect(answer.status == 404)
                #expect(answer.error == "NOT_FOUND: ingestion for pipe \"\(id)\" not found")
            }
        }
    }
}
