import QueryEndpoints
import Testing

@Suite struct CacheKeyTests {
    private func key(
        _ endpoint: String = "e", version: Int = 1, answerVersion: Int = 2, roles: [String] = ["a", "b"],
        parameters: [String: String] = ["x": "1", "y": "2"], format: String = "JSON", settings: [String: String] = ["max_threads": "2"],
        scope: String = ""
    ) -> CacheKey {
        CacheKey(
            endpoint: endpoint, version: version, answerVersion: answerVersion, roles: roles, parameters: parameters, format: format,
            settings: settings, scope: scope)
    }

    @Test func orderDoesNotMatter() {
        #expect(key(roles: ["b", "a"], parameters: ["y": "2", "x": "1"]) == key())
        #expect(key(roles: ["b", "a"]).hashValue == key().hashValue)
    }

    @Test func everyPartMatters() {
        let keys: Set<CacheKey> = [
            key(), key("f"), key(version: 2), key(answerVersion: 1), key(roles: ["a"]), key(roles: ["ab"]), key(roles: []),
            key(parameters: ["x": "1"]), key(parameters: ["x": "1", "y": "3"]), key(parameters: ["x": "1", "z": "2"]),
            key(parameters: ["x": "1y2"]), key(parameters: [:]), key(format: "CSV"), key(settings: [:]),
            key(settings: ["max_threads": "3"]), key(scope: "tenant 1"), key(scope: "tenant 2"),
            key(parameters: ["x": "1", "y": "2", "max_threads": "2"], settings: [:]),
        ]
        #expect(keys.count == 18)
    }

    @Test func textsWithOtherBytesAreOtherTexts() {
        // Equal as Swift strings: composed and decomposed é.
        #expect("\u{E9}" == "e\u{301}")
        #expect(key(parameters: ["x": "\u{E9}"]) != key(parameters: ["x": "e\u{301}"]))
        #expect(key(scope: "\u{E9}") != key(scope: "e\u{301}"))
    }
}
