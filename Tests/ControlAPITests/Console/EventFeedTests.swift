import ControlAPI
import PipeCore
import Testing

@Suite struct EventFeedTests {
    private static func pipe(_ id: String, _ state: String) -> JSONValue { ["id": .string(id), "state": .string(state)] }
    private static func sample(_ rows: Int64, at time: Int64) -> JSONValue { ["sentRows": .integer(rows), "time": .integer(time)] }

    @Test func tellsEverythingFirstAndThenWhatChanged() throws {
        var feed = EventFeed()
        var view = EventFeed.View()
        view.services = ["s": ["id": "s", "state": "running"]]
        view.pipes = ["a": Self.pipe("a", "Running"), "b": Self.pipe("b", "Stopped")]
        let first = feed.events(view)
        #expect(first.map(\.type) == ["services", "pipes"])
        #expect(first[1].data["all"] == true)
        #expect(first[1].data["pipes"]?.array?.count == 2)
        #expect(feed.events(view).isEmpty)

        view.pipes["b"] = Self.pipe("b", "Running")
        let change = feed.events(view)
        #expect(change.map(\.type) == ["pipes"])
        #expect(change[0].data["all"] == false)
        #expect(change[0].data["pipes"] == [Self.pipe("b", "Running")])

        view.pipes["a"] = nil
        #expect(feed.events(view).first?.data["removed"] == ["a"])
        view.services["s"] = ["id": "s", "state": "stopped"]
        #expect(feed.events(view).map(\.type) == ["services"])
        view.services = [:]
        #expect(feed.events(view).first?.data == ["services": [], "removed": ["s"]])
        #expect(feed.events(view).isEmpty)
    }

    @Test func aRateIsSeenToEndAndAPipeAtRestIsSilent() {
        var feed = EventFeed()
        var view = EventFeed.View()
        view.pipes = ["a": Self.pipe("a", "Running")]
        var told: [Bool] = []
        for (rows, time): (Int64, Int64) in [(0, 0), (0, 1), (0, 2), (10, 3), (20, 4), (20, 5), (20, 6), (20, 7)] {
            view.samples["a"] = Self.sample(rows, at: time)
            told.append(!feed.events(view).filter { $0.type == "pipes" }.isEmpty)
        }
        // The first look, its echo, silence, two changes, the echo that shows their end, silence.
        #expect(told == [true, true, false, true, true, true, false, false])
    }

    @Test func callsAndActivitiesAreToldWhenThereAreNewOnes() {
        var feed = EventFeed()
        var view = EventFeed.View()
        _ = feed.events(view)
        view.calls = ["e": 3]
        view.newestActivity = "x"
        #expect(feed.events(view).map(\.type) == ["calls", "activity"])
        #expect(feed.events(view).isEmpty)
        view.calls["f"] = 1
        #expect(feed.events(view).first?.data == ["endpoints": ["f": 1]])
    }

    @Test func aLineBreakInDataDoesNotEndTheMessage() {
        let event = ServerSentEvent(type: "pipes", data: ["m": "one\n\ntwo\r\nthree"])
        #expect(event.text == #"event: pipes"# + "\n" + #"data: {"m":"one\n\ntwo\r\nthree"}"# + "\n\n")
    }
}
