import PipeCore
import Testing

@Suite struct SchemaCheckTests {
    static let inner = ObjectSchema(
        "Inner",
        fields: [
            Field("size", .integer(1...10), default: 3),
            Field("name", .text(length: 2...4), "", .required),
        ])
    static let schema = ObjectSchema(
        "Outer",
        fields: [
            Field("id", .uuid, "", .readOnly),
            Field("kind", .oneOf(["a", "b"]), "", [.required, .immutable]),
            Field("ratio", .number(0.5...8, multipleOf: 0.5)),
            Field("on", .boolean),
            Field("tags", .list(.text, count: 1...3, unique: true)),
            Field("items", .list(.object(inner))),
            Field("labels", .map(.integer)),
            Field("note", .text, "", .emptyIsUnset),
            Field("at", .integer, "", [.integerAsText, .emptyIsUnset]),
            Field("edit", .text, "", .patchOnly),
            Field("token", .object(inner), "", .secret),
            Field("inner", .object(inner), default: ["name": "dflt"]),
        ])

    private func check(_ value: JSONValue, _ mode: SchemaMode = .create) -> (JSONValue, [String]) {
        var problems: [Problem] = []
        let result = Self.schema.checked(value, at: FieldPath("root"), mode: mode, problems: &problems)
        return (result, problems.map(\.description))
    }

    @Test func aThousandProblemsMakeAShortText() {
        let problems = (0..<1000).map { Problem("f[\($0)]", String(repeating: "x", count: 5000)) }
        let text = InvalidConfiguration(problems).description
        #expect(text.utf8.count < 45_000)
        #expect(text.hasSuffix("; and 980 more"))
    }

    @Test func createFillsInDropsAndOrders() {
        let (result, problems) = check([
            "kind": "a", "id": "ignored", "unknown": 1, "on": nil, "note": "", "edit": "x", "items": [["name": "ab"]],
        ])
        #expect(problems == [])
        #expect(
            result == ["kind": "a", "items": [["name": "ab", "size": 3]], "inner": ["name": "dflt", "size": 3]],
            "a default object gets the defaults of its fields")
    }

    @Test(
        arguments: [
            ([:], "root.kind is required"),
            (["kind": nil], "root.kind is required"),
            (["kind": "c"], "root.kind must be one of a, b; 'c' is not"),
            (["kind": 1], "root.kind must be a string, not a number"),
            (["kind": "a", "ratio": 0.25], "root.ratio must be >= 0.5, is 0.25"),
            (["kind": "a", "ratio": 9], "root.ratio must be <= 8, is 9"),
            (["kind": "a", "ratio": 0.75], "root.ratio must be a multiple of 0.5"),
            (["kind": "a", "on": "true"], "root.on must be a boolean, not a string"),
            (["kind": "a", "tags": []], "root.tags must have at least 1 element(s), has 0"),
            (["kind": "a", "tags": ["1", "2", "3", "4"]], "root.tags must have at most 3 element(s), has 4"),
            (["kind": "a", "tags": ["x", "x"]], "root.tags must not repeat an element"),
            (["kind": "a", "tags": ["x", ""]], "root.tags[1] must not be empty"),
            (["kind": "a", "tags": "x"], "root.tags must be an array, not a string"),
            (["kind": "a", "items": [["name": "ab"], [:]]], "root.items[1].name is required"),
            (["kind": "a", "items": [["name": "abcde"]]], "root.items[0].name must have at most 4 characters, has 5"),
            (["kind": "a", "items": [["name": "a"]]], "root.items[0].name must have at least 2 characters, has 1"),
            (["kind": "a", "labels": ["x": "y"]], "root.labels.x must be an integer, not a string"),
            (["kind": "a", "labels": [1]], "root.labels must be an object, not an array"),
            (["kind": "a", "inner": ["name": "ab", "size": 0]], "root.inner.size must be >= 1, is 0"),
            (["kind": "a", "inner": ["name": "ab", "size": 1.5]], "root.inner.size must be an integer, not 1.5"),
            (["kind": "a", "at": "soon"], "root.at must be an integer, not a string"),
            (["kind": "a", "token": "x"], "root.token must be an object, not a string"),
            ("text", "root must be an object, not a string"),
        ] as [(JSONValue, String)])
    func refusals(_ value: JSONValue, _ message: String) {
        #expect(check(value).1 == [message])
    }

    @Test func allProblemsAreReportedAtOnce() {
        #expect(check(["ratio": 100, "tags": [1, 2]]).1.count == 4)
    }

    @Test func patchDemandsNothingAndKeepsNulls() {
        let (result, problems) = check(["note": "", "on": nil, "edit": "x", "inner": ["size": 4], "id": "x", "other": 1], .patch)
        #expect(problems == [])
        #expect(result == ["note": .null, "on": .null, "edit": "x", "inner": ["size": 4]])
    }

    /// A client that blanks out what it may not change means nothing by it.
    @Test(arguments: ["", nil] as [JSONValue])
    func blankImmutablesInAPatchAreLeftOut(_ blank: JSONValue) {
        #expect(check(["kind": blank], .patch) == ([:], []))
    }

    @Test func listElementsAndSecretsOfAPatchAreWhole() {
        #expect(check(["items": [["size": 2]]], .patch).1 == ["root.items[0].name is required"])
        #expect(check(["token": ["size": 2]], .patch).1 == ["root.token.name is required"])
    }

    @Test func strictRefusesUnknownKeysAndNamesTheKnown() {
        let problems = check(["kind": "a", "knid": 1], .strict).1
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("root.knid is not a known key; known are: id, kind") == true)
    }

    @Test func integersMaySpelledAsTextWhereAllowed() {
        #expect(check(["kind": "a", "at": "-12"]).0["at"] == -12)
        #expect(check(["kind": "a", "at": ""]).0["at"] == nil)
        #expect(check(["at": "7"], .patch).0["at"] == 7)
    }
}

@Suite struct StringRuleTests {
    private func isFine(_ text: String, _ schema: Schema) -> Bool {
        var problems: [Problem] = []
        _ = schema.checked(.string(text), mode: .create, problems: &problems)
        return problems.isEmpty
    }

    @Test(arguments: [
        "2026-01-31T12:00:00Z", "2026-01-31t12:00:00z", "2026-01-31 12:00:00.123456+05:30", "2024-02-29T00:00:00-08:00", "2026-12-31",
        "2016-12-31T23:59:60Z",
    ])
    func timestamps(_ text: String) { #expect(isFine(text, .dateTime)) }

    @Test(arguments: [
        "", "soon", "2026-1-1", "2026-13-01", "2026-02-29", "1900-02-29", "2026-00-10", "2026-01-00", "2026-01-31T12:00:00",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:60:00Z", "2026-01-31T12:00Z", "2026-01-31T12:00:00+25:00", "2026-01-31T12:00:00Z ", "٢٠٢٦-01-31",
    ])
    func notTimestamps(_ text: String) { #expect(!isFine(text, .dateTime)) }

    @Test func minutes() {
        #expect(TimestampText.isMinute("2026-01-31T12:00"))
        for text in ["2026-01-31T12:00:00", "2026-01-31T12:00Z", "2026-01-31", "2026-02-30T12:00", "2026-01-31T25:00"] {
            #expect(!TimestampText.isMinute(text))
        }
    }

    @Test func formats() {
        #expect(isFine("5EC5C0A1-3c6b-4c5c-9a51-0d1f6a3e9b01", .uuid))
        for text in ["5ec5c0a13c6b4c5c9a510d1f6a3e9b01", "5ec5c0a1-3c6b-4c5c-9a51-0d1f6a3e9b0g", "５ec5c0a1-3c6b-4c5c-9a51-0d1f6a3e9b"] {
            #expect(!isFine(text, .uuid))
        }
        #expect(isFine("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", .pem))
        #expect(!isFine("AA==", .pem))
        let base64 = Schema.string(StringRule(format: .base64))
        #expect(isFine("eyJhIjoxfQ==\n", base64) && isFine("a-_b", base64))
        #expect(!isFine("{}", base64) && !isFine("\n", base64))
    }

    @Test func lengthCountsCharacters() {
        #expect(isFine("éé", .text(length: 2...2)))
        #expect(isFine("👩‍👩‍👧", .text(length: 1...1)))
    }
}
