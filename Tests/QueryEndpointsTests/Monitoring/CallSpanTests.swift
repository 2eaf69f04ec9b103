import FoundationEssentials
import QueryEndpoints
import Testing

@Suite struct CallSpanTests {
    private func date(_ seconds: Double) -> Date { Date(timeIntervalSince1970: seconds) }

    @Test func stepsBeginAtMultiples() throws {
        let span = try #require(CallSpan(from: date(95), to: date(240), step: 60))
        #expect(span.beginnings.map(\.timeIntervalSince1970) == [60, 120, 180])
    }

    @Test(arguments: [(30.0, 1), (3600.0, 60), (86_400.0, 1_800), (2_592_000.0, 43_200)]) func aStepIsChosen(_ length: Double, _ step: Int)
        throws
    {
        #expect(try #require(CallSpan(from: date(1000), to: date(1000 + length))).step == step)
    }

    @Test func impossibleSpansAreRefused() {
        #expect(CallSpan(from: date(10), to: date(10)) == nil)
        #expect(CallSpan(from: date(0), to: date(10), step: 0) == nil)
        #expect(CallSpan(from: date(0), to: date(1441), step: 1) == nil)
        #expect(CallSpan(from: date(0), to: date(1440), step: 1) != nil)
    }

    @Test func filtersAreRead() {
        #expect(CallFilter("404") == .status(404) && CallFilter("4xx") == .statusClass(4))
        #expect(CallFilter("error") == .failed && CallFilter("ok") == .succeeded)
        #expect(["6xx", "0xx", "4x", "40", "abc", "4xxx", "-40", "+40", ""].allSatisfy { CallFilter($0) == nil })
    }

    @Test func cursorsComeBack() {
        let cursor = CallCursor(time: 5, requestID: "a.b")
        #expect(CallCursor(cursor.text) == cursor)
        #expect(["", "5", "x.y", "-1.a", "99999999999999999.a"].allSatisfy { CallCursor($0) == nil })
    }
}
