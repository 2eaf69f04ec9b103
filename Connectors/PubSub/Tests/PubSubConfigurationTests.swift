import PipeCore
import PipeTesting
import PubSubConnector
import Testing

@Suite struct PubSubConfigurationTests {
    typealias Draft = SourceDraft<PubSubConfiguration>
    static let example = SourceExamples.pubsub

    @Test func theExampleIsTypedAndGetsNoDefaults() throws {
        let draft = Draft(creating: Self.example)
        #expect(draft.document == Self.example)
        #expect(try #require(draft.configuration).seekType == .earliest)
        #expect(draft.visible["serviceAccountKey"] == nil)
    }

    @Test(arguments: ["2026-04-10T12:00:00Z", "2026-04-10T12:00:00.25+02:00"])
    func seeking(_ time: String) {
        let draft = Draft(creating: Self.example.changing(["seekType": "timestamp", "seekTimestamp": .string(time)]))
        #expect(draft.problems == [])
        #expect(draft.visible["seekTimestamp"] == .string(time))
    }

    @Test(
        arguments: [
            (["projectId": "Caps-project"], ["projectId"]),
            (["projectId": "short"], ["projectId"]),
            (["projectId": "ends-with-"], ["projectId"]),
            (["topic": "projects/p/topics/t"], ["topic"]),
            (["topic": "1topic"], ["topic"]),
            (["authentication": "IAM_USER"], ["authentication"]),
            (["seekType": "timestamp"], ["seekTimestamp"]),
            (["seekType": "timestamp", "seekTimestamp": "2026-04-10"], ["seekTimestamp"]),
            (["seekType": "timestamp", "seekTimestamp": "2026-04-31T12:00:00Z"], ["seekTimestamp"]),
            (["seekType": "timestamp", "seekTimestamp": "2026-04-10T12:00:00"], ["seekTimestamp"]),
            (["seekTimestamp": "2026-04-10T12:00:00Z"], ["seekTimestamp"]),
            (["filter": .string(String(repeating: "x", count: 257))], ["filter"]),
            (["ackDeadline": 9], ["ackDeadline"]),
            (["ackDeadline": 601], ["ackDeadline"]),
            (["serviceAccountKey": nil], ["serviceAccountKey"]),
            (["serviceAccountKey": [:]], ["serviceAccountKey.serviceAccountFile"]),
            (["serviceAccountKey": ["serviceAccountFile": "{}"]], ["serviceAccountKey.serviceAccountFile"]),
            (["serviceAccountKey": "czNjcmV0LWtleQ=="], ["serviceAccountKey"]),
        ] as [([String: JSONValue], [String])])
    func rules(_ changes: [String: JSONValue], _ fields: [String]) {
        #expect(Draft(creating: Self.example.changing(changes)).fields == fields)
    }

    @Test func whatAPatchMayChange() {
        let draft = Draft(creating: Self.example)
        let changed = draft.patched([
            "authentication": "SERVICE_ACCOUNT", "ackDeadline": 60, "serviceAccountKey": ["serviceAccountFile": "YWJj"],
        ])
        #expect(changed.problems == [])
        #expect(changed.document["ackDeadline"] == 60)
        #expect(changed.document["serviceAccountKey"] == ["serviceAccountFile": "YWJj"])
        let refused = draft.patched([
            "format": "Avro", "projectId": "other-project", "topic": "other", "seekType": "latest", "filter": "f", "enableOrdering": true,
        ])
        #expect(refused.fields == ["enableOrdering", "filter", "format", "projectId", "seekType", "topic"])
    }

    @Test func theFilterIsCountedInCharacters() {
        #expect(Draft(creating: Self.example.changing(["filter": .string(String(repeating: "é", count: 256))])).problems == [])
    }
}
