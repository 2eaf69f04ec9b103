import NIOCore
import QueryEndpoints
import Testing

@Suite struct CacheHeadersTests {
    private func result(age: Int = 3, seconds: Int = 10, isHit: Bool = true) -> CachedResult {
        CachedResult(
            answer: CachedAnswer(contentType: "text/csv", body: ByteBuffer(string: "1\n")), etag: "\"abc\"", age: age, seconds: seconds,
            isHit: isHit)
    }

    private func fields(_ headers: CacheHeaders) -> [String: String] {
        Dictionary(uniqueKeysWithValues: headers.fields.map { ($0.name, $0.value) })
    }

    @Test func aHitTellsItsAgeAndTheRestOfItsTime() {
        let headers = CacheHeaders(result(), ifNoneMatch: nil)
        #expect(!headers.isNotModified)
        #expect(fields(headers) == ["ETag": "\"abc\"", "Cache-Control": "private, max-age=7", "Age": "3", "X-Cache": "HIT"])
        #expect(fields(CacheHeaders(result(age: 0, isHit: false), ifNoneMatch: nil))["X-Cache"] == "MISS")
        #expect(fields(CacheHeaders(result(age: 11), ifNoneMatch: nil))["Cache-Control"] == "private, max-age=0")
        #expect(fields(.uncached) == ["Cache-Control": "private, no-store", "X-Cache": "MISS"])
    }

    @Test(arguments: [
        ("\"abc\"", true), ("W/\"abc\"", true), ("\"x\", \"abc\"", true), ("\"x\",W/\"abc\" , \"y\"", true), ("*", true), (" * ", true),
        ("\"a,\\\", \"abc\"", true), ("", false), ("abc", false), ("\"ab\"", false), ("\"abcd\"", false), ("\"abc", false),
        ("w/\"abc\"", false), ("*, \"x\"", false), ("\"x\" abc", false), ("\"x, \"abc\"", false),
    ])
    func ifNoneMatchIsAListOfTags(_ header: String, _ matches: Bool) {
        #expect(CacheHeaders(result(), ifNoneMatch: header).isNotModified == matches)
    }
}
