import PipeCore
import Testing

@Suite struct SchemaPatchTests {
    static let schema = ObjectSchema(
        "Thing",
        fields: [
            Field("kind", .text, "", [.required, .immutable]),
            Field("mode", .text, "", .immutable, default: "slow"),
            Field("flag", .boolean, "", .immutable),
            Field("host", .text, "", .required),
            Field("port", .integer, "", default: 80),
            Field("note", .text),
            Field("tags", .list(.text)),
            Field(
                "settings",
                .object(
                    ObjectSchema(
                        "Settings",
                        fields: [Field("fixed", .integer, "", .immutable), Field("speed", .integer, "", default: 1), Field("x", .text)]))),
            Field("secret", .object(ObjectSchema("Secret", fields: [Field("a", .text), Field("b", .text)])), "", .secret),
            Field("add", .list(.text), "", .patchOnly),
        ])
    static let stored: JSONValue = [
        "kind": "k", "mode": "slow", "host": "h", "port": 80, "tags": ["a", "b"], "settings": ["fixed": 1, "speed": 5],
        "secret": ["a": "1", "b": "2"],
    ]

    private func patch(_ body: JSONValue, stored: JSONValue = stored) -> (JSONValue, [String]) {
        var problems: [Problem] = []
        let checked = Self.schema.checked(body, mode: .patch, problems: &problems)
        let result = Self.schema.patched(stored, with: checked, problems: &problems)
        return (result, problems.map(\.field.description))
    }

    @Test func omittedIsUnchanged() {
        #expect(patch([:]) == (Self.stored, []))
        #expect(patch(Self.stored) == (Self.stored, []), "a repeated document is no change")
    }

    @Test func objectsMergeListsAndSecretsReplace() {
        let (result, problems) = patch(["settings": ["speed": 6], "tags": ["c"], "secret": ["a": "9"], "add": ["x"]])
        #expect(problems == [])
        #expect(result["settings"] == ["fixed": 1, "speed": 6])
        #expect(result["tags"] == ["c"])
        #expect(result["secret"] == ["a": "9"])
        #expect(result["add"] == nil)
    }

    @Test func nullClearsOrRestoresTheDefault() {
        let (result, problems) = patch(["tags": nil, "secret": nil, "port": nil, "settings": ["speed": nil]])
        #expect(problems == [])
        #expect(result == ["kind": "k", "mode": "slow", "host": "h", "port": 80, "settings": ["fixed": 1, "speed": 1]])
        #expect(patch(["host": nil]).1 == ["host"])
    }

    @Test func anObjectThatWasNotThereHoldsNoNulls() {
        var stored = Self.stored
        stored["settings"] = nil
        let (result, problems) = patch(["settings": ["x": nil, "speed": 2]], stored: stored)
        #expect(problems == [])
        #expect(result["settings"] == ["speed": 2])
    }

    @Test(
        arguments: [
            (["kind": "other"], ["kind"]),
            (["mode": "fast"], ["mode"]),
            (["flag": true], ["flag"]),
            (["settings": ["fixed": 2]], ["settings.fixed"]),
            (["kind": "k", "mode": "slow", "flag": false], []),
            (["mode": nil, "flag": nil], []),
        ] as [(JSONValue, [String])])
    func immutables(_ body: JSONValue, _ fields: [String]) {
        let (result, problems) = patch(body)
        #expect(problems == fields)
        #expect(result == Self.stored)
    }
}

@Suite struct SchemaSecretsTests {
    @Test func separatedAndJoined() {
        let schema = ObjectSchema(
            "S",
            fields: [
                Field("open", .text), Field("key", .text, "", .secret),
                Field("inner", .object(ObjectSchema("I", fields: [Field("shown", .text), Field("hidden", .text, "", .secret)]))),
            ])
        let whole: JSONValue = ["open": "o", "key": "k", "inner": ["shown": "s", "hidden": "h"]]
        let (visible, secrets) = schema.separated(whole)
        #expect(visible == ["open": "o", "inner": ["shown": "s"]])
        #expect(secrets == ["key": "k", "inner": ["hidden": "h"]])
        #expect(ObjectSchema.joined(visible, secrets: secrets) == whole)
        // Without secrets nothing is kept aside, and an object made of secrets alone survives the way there and back.
        #expect(schema.separated(["open": "o", "inner": ["shown": "s"]]).secrets == [:])
        let hidden: JSONValue = ["inner": ["hidden": "h"]]
        let parts = schema.separated(hidden)
        #expect(parts.visible == ["inner": [:]])
        #expect(ObjectSchema.joined(parts.visible, secrets: parts.secrets) == hidden)
    }
}
