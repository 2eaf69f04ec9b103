import PipeCore
import Testing

@Suite struct PipeSettingsTests {
    private func check(_ body: JSONValue, _ kind: String) -> ([String: JSONValue], [String]) {
        var problems: [Problem] = []
        let result = PipeSettings.checked(body, kind: kind, problems: &problems)
        return (result, problems.map(\.field.description))
    }

    @Test func textFormsAreNormalised() {
        let (values, problems) = check(
            ["object_storage_concurrency": "4", "object_storage_use_cluster_function": "false"], "objectStorage")
        #expect(problems == [])
        #expect(values == ["object_storage_concurrency": 4, "object_storage_use_cluster_function": false])
    }

    @Test func refusals() {
        #expect(check(["streaming_max_insert_wait_ms": 499], "kafka").1 == ["settings.streaming_max_insert_wait_ms"])
        #expect(check(["streaming_max_insert_wait_ms": "fast"], "kafka").1 == ["settings.streaming_max_insert_wait_ms"])
        #expect(check(["kafka_read_committed": true], "kinesis").1 == ["settings.kafka_read_committed"])
        #expect(check(["kafka_read_committed": 1], "kafka").1 == ["settings.kafka_read_committed"])
        #expect(check(["max_speed": 1], "kafka").1 == ["settings.max_speed"])
        #expect(check(["streaming_max_insert_wait_ms": 5000], "postgres").1 == ["settings.streaming_max_insert_wait_ms"])
        #expect(check([1], "kafka").1 == ["settings"])
    }

    @Test func everyDefaultIsWithinItsOwnRange() {
        for key in PipeSettings.keys {
            var problems: [Problem] = []
            _ = key.schema.checked(key.defaultValue, at: FieldPath(key.name), mode: .create, problems: &problems)
            #expect(problems == [])
            #expect(!key.kinds.isEmpty && !key.summary.isEmpty)
        }
        #expect(Set(PipeSettings.keys.map(\.name)).count == PipeSettings.keys.count)
    }

    @Test func mergingKeepsTheRestAndNullRemoves() {
        let stored = PipeSettings(["streaming_max_insert_wait_ms": 600, "kafka_read_committed": true])
        #expect(
            stored.merged(with: ["streaming_max_insert_wait_ms": 700]).values == [
                "streaming_max_insert_wait_ms": 700, "kafka_read_committed": true,
            ])
        #expect(stored.merged(with: ["kafka_read_committed": .null]).values == ["streaming_max_insert_wait_ms": 600])
    }

    @Test func effectiveValuesAreThoseOfTheKind() {
        #expect(
            PipeSettings(["kafka_read_committed": true]).effective(for: "kafka")
                == ["streaming_max_insert_wait_ms": 5000, "kafka_read_committed": true])
        #expect(PipeSettings().effective(for: "postgres") == [:])
        #expect(PipeSettings().effective(for: "objectStorage").count == 11)
        #expect(PipeSettings().integer("object_storage_max_file_count") == 100)
        #expect(PipeSettings(["object_storage_max_file_count": 7]).integer("object_storage_max_file_count") == 7)
        #expect(PipeSettings().bool("object_storage_use_cluster_function"))
    }

    @Test func liveSettingsWakeTheirWaiters() async {
        let live = LiveSettings()
        let name = "streaming_max_insert_wait_ms"
        await withTaskGroup(of: Int64?.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    while live.integer(name) != 600 { await live.change() }
                    return live.integer(name)
                }
            }
            // Repeated, because a waiter may still stand between looking and waiting when the first update comes.
            group.addTask {
                while !Task.isCancelled {
                    live.update(PipeSettings([name: 600]))
                    await Task.yield()
                }
                return nil
            }
            for _ in 0..<3 { #expect(await group.next() == 600) }
            group.cancelAll()
        }
        #expect(live.current.values == [name: 600])
    }

    @Test func cancellationEndsTheWait() async {
        let live = LiveSettings()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await live.change() }
            group.cancelAll()
            await group.waitForAll()
        }
        #expect(live.current == PipeSettings())
    }
}
