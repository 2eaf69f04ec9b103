import QueryEndpoints
import Testing

@Suite struct OriginListTests {
    @Test(
        arguments: [
            (["https://app.example.com"], "https://app.example.com", true),
            (["https://app.example.com"], "http://app.example.com", false),
            (["https://app.example.com"], "https://app.example.com:443", true),
            (["https://app.example.com"], "https://app.example.com:8443", false),
            (["https://app.example.com:8443"], "https://app.example.com:8443", true),
            (["https://app.example.com:8443"], "https://app.example.com", false),
            (["HTTPS://App.Example.COM"], "https://app.example.com", true),
            (["https://app.example.com/"], "https://app.example.com", true),
            (["app.example.com"], "https://app.example.com", true),
            (["app.example.com"], "http://app.example.com", true),
            (["app.example.com"], "https://app.example.com:8443", false),
            (["app.example.com:8443"], "https://app.example.com:8443", true),
            (["app.example.com"], "https://evil.app.example.com", false),
            (["app.example.com"], "https://app.example.com.evil.net", false),
            (["app.example.com"], "https://evilapp.example.com", false),
            (["app.example.com"], "https://app.example.com@evil.net", false),
            (["app.example.com"], "https://appxexample.com", false),
            ([], "https://app.example.com", false),
            ([], "null", false),
            (["*"], "https://anything.example", true),
            (["*"], "null", false),
            (["*"], "not an origin", false),
            (["*"], "https://a\r\nX-Evil: 1", false),
            (["null"], "null", true),
            (["null"], "https://null", false),
            (["https://app.example.com"], "null", false),
            (["http://[::1]:8080"], "http://[::1]:8080", true),
            (["*.example.com"], "https://app.example.com", false),
            (["https://app.example.com"], "", false),
        ] as [([String], String, Bool)])
    func anOriginIsComparedAsAWhole(entries: [String], origin: String, isAllowed: Bool) {
        #expect(OriginList(entries).allowed(origin) == (isAllowed ? origin : nil))
    }
}
