import Logging
import PipeCore
import PipeRuntime
import PipeTesting
import Synchronization
import Testing

@Suite struct ServiceMonitorTests {
    struct Silent: Error {}

    /// A server that answers or not, as told; counts how often it was asked.
    final class FakeServer: Sendable {
        private let state = Mutex((answers: true, asked: 0))
        var asked: Int { state.withLock { $0.asked } }
        func answer(_ answers: Bool) { state.withLock { $0.answers = answers } }
        func version() throws -> String {
            let answers = state.withLock { state in
                state.asked += 1
                return state.answers
            }
            guard answers else { throw Silent() }
            return "25.8.2.1"
        }
    }

    private func monitored(_ server: FakeServer, isEmbedded: Bool, control: (@Sendable (WantedState) async throws -> Void)? = nil)
        -> MonitoredService
    {
        MonitoredService(
            id: "s", name: "default", isEmbedded: isEmbedded, endpoints: [], wanted: .running, version: { try server.version() },
            control: control)
    }

    @Test func aServiceRunsOnceItAnswersAndIsDegradedWhenItStops() async throws {
        let server = FakeServer()
        server.answer(false)
        let clock = ManualClock()
        let monitor = ServiceMonitor([monitored(server, isEmbedded: false)], clock: clock, logger: Logger(label: "test"))
        #expect(await monitor.statuses().first?.state == .starting)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await monitor.run() }
            try await clock.untilSomebodySleeps()
            #expect(await monitor.statuses().first?.state == .starting)
            server.answer(true)
            clock.advance(by: .milliseconds(200))
            try await clock.untilSomebodySleeps()
            #expect(await monitor.statuses().first?.state == .running)
            #expect(await monitor.statuses().first?.version == "25.8.2.1")
            server.answer(false)
            clock.advance(by: .seconds(10))
            try await clock.untilSomebodySleeps()
            #expect(await monitor.statuses().first?.state == .degraded)
            group.cancelAll()
        }
    }

    @Test func anIdleMonitorAsksOnceInAnInterval() async throws {
        let server = FakeServer()
        let clock = ManualClock()
        let monitor = ServiceMonitor([monitored(server, isEmbedded: false)], clock: clock, logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await monitor.run() }
            try await clock.untilSomebodySleeps()
            for round in 1...5 {
                #expect(server.asked == round)
                clock.advance(by: .seconds(10))
                try await clock.untilSomebodySleeps()
            }
            group.cancelAll()
        }
    }

    @Test func aServerThatStartedIsKnownToWhoeverAsks() async {
        let monitor = ServiceMonitor([monitored(FakeServer(), isEmbedded: true)], clock: ManualClock(), logger: Logger(label: "test"))
        #expect(await monitor.statuses().first?.state == .running)
    }

    @Test func aServerThatIsGoneIsAskedLessAndLess() async throws {
        let server = FakeServer()
        server.answer(false)
        let clock = ManualClock()
        let monitor = ServiceMonitor([monitored(server, isEmbedded: false)], clock: clock, logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await monitor.run() }
            while clock.now.offset < .seconds(600) {
                try await clock.untilSomebodySleeps()
                clock.advanceToNextDeadline()
            }
            group.cancelAll()
        }
        #expect(server.asked < 250, "once in three seconds on average")
    }

    @Test func stoppingAnEmbeddedServerIsHandedToItsControl() async throws {
        let server = FakeServer()
        server.answer(false)
        let asked = Mutex<[WantedState]>([])
        let monitor = ServiceMonitor(
            [monitored(server, isEmbedded: true) { wanted in asked.withLock { $0.append(wanted) } }], clock: ManualClock(),
            logger: Logger(label: "test"))
        try await monitor.setWanted(.stopped, service: "s")
        #expect(await monitor.statuses().first?.state == .stopping)
        try await monitor.setWanted(.running, service: "s")
        #expect(await monitor.statuses().first?.state == .starting)
        #expect(asked.withLock { $0 } == [.stopped, .running])
    }
}
