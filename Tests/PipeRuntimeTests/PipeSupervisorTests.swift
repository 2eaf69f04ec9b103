import Logging
import PipeCore
import PipeRuntime
import PipeTesting
import ServiceLifecycle
import Testing

@Suite(.timeLimit(.minutes(5))) struct PipeSupervisorTests {
    /// A supervisor over pipes in memory; each pipe has a script, a warehouse and a name of its own.
    private struct World {
        let directory = InMemoryPipeDirectory()
        let store = InMemoryCheckpointStore()
        let clock = ManualClock()
        let metrics = MetricsRegistry()
        let log = RecordingLog()
        let warehouses = Watched<[PipeID: InMemoryWarehouse]>([:])
        let supervisor: PipeSupervisor

        init() {
            let warehouses = warehouses
            supervisor = PipeSupervisor(
                directory: directory, store: store,
                warehouses: InMemoryWarehouses { spec in
                    guard let warehouse = warehouses.value[spec.id] else { throw PipeError.user(.destination, "no such service") }
                    return warehouse
                }, logs: log, metrics: metrics, policy: PipePolicy(randomness: { SeededGenerator(seed: 1) }), clock: clock,
                logger: .silent)
        }

        func add(_ name: String, _ script: Script, state: PipeState = .provisioning) -> PipeID {
            let id = PipeID(name)
            warehouses.update { $0[id] = InMemoryWarehouse() }
            directory.add(
                PipeSpec(
                    id: id, name: name, serviceID: "s", source: ScriptedConfiguration(script, named: "\(name)-\(directory.identity)"),
                    destination: Destination(database: "default")), state: state)
            return id
        }

        /// Runs the supervisor while `body` runs.
        func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let supervisor = supervisor
                group.addTask { try await supervisor.run() }
                try await body()
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(supervisor.runningCount == 0)
        }
    }

    private func endless(_ rows: Int = 5) -> Script { Script(rows: [Lane("a"): rows], isFinite: false) }

    @Test func pipesStartStopAndStartAgain() async throws {
        let world = World()
        let script = endless()
        let pipe = world.add("p", script)
        try await world.run {
            try await world.directory.wait(for: pipe, toBe: .running)
            #expect(world.supervisor.isRunning(pipe))
            try world.directory.stop(pipe)
            #expect(world.directory[pipe]?.state == .stopping)
            try await world.directory.wait(for: pipe, toBe: .stopped)
            #expect(!world.supervisor.isRunning(pipe) && script.current.readers == 0)
            try world.directory.start(pipe)
            script.finish()
            try await world.directory.wait(for: pipe, toBe: .completed)
        }
        #expect(world.warehouses.value[pipe]?.lines.sorted() == script.lines.sorted())
    }

    @Test func aPipeFoundStoppingWithNothingRunningIsStopped() async throws {
        let world = World()
        let pipe = world.add("p", endless(), state: .stopping)
        world.directory.change(pipe) { $0.wanted = .stopped }
        try await world.run { try await world.directory.wait(for: pipe, toBe: .stopped) }
    }

    @Test func failureStaysWithItsPipe() async throws {
        let world = World()
        let good = endless()
        let healthy = world.add("healthy", good)
        let sick = world.add("sick", endless())
        world.warehouses.value[sick]?.failNext(.user(.destination))
        let orphan = world.add("orphan", endless())
        world.warehouses.update { $0[orphan] = nil }
        try await world.run {
            try await world.directory.wait(for: sick, toBe: .failed)
            try await world.directory.wait(for: orphan, toBe: .failed)
            #expect(world.directory[sick]?.message == "no such table")
            #expect(world.directory[orphan]?.message == "no such service")
            good.append(10, to: Lane("a"))
            try await good.wait { $0.acknowledged[Lane("a")] == 15 }
            #expect(world.directory[healthy]?.state == .running)
            #expect(world.supervisor.runningCount == 1)
        }
        #expect(world.log.lines.contains { $0.level == .error && $0.message == "no such table" })
    }

    @Test func aSourceWithoutConnectorFailsWithAMessage() async throws {
        struct Planned: SourceConfiguration {
            static let kind = "planned"
            static let family = PipeFamily.streaming
            static let schema = ObjectSchema("Planned", fields: [])
            func problems() -> [Problem] { [] }
        }
        let world = World()
        let pipe = PipeID("p")
        world.directory.add(
            PipeSpec(id: pipe, name: "p", serviceID: "s", source: Planned(), destination: Destination(database: "default")))
        try await world.run { try await world.directory.wait(for: pipe, toBe: .failed) }
        #expect(world.directory[pipe]?.message?.contains("no connector for planned") == true)
    }

    @Test func aNewGenerationRestartsThePipe() async throws {
        let world = World()
        let script = endless()
        let pipe = world.add("p", script)
        try await world.run {
            try await script.wait { $0.acknowledged[Lane("a")] == 5 }
            world.directory.change(pipe) { $0.generation += 1 }
            try await script.wait { $0.reads == 2 && $0.readers == 1 }
            #expect(world.directory[pipe]?.events.contains(.stopFinished) == false)
        }
    }

    @Test func aDeletedPipeIsDrained() async throws {
        let world = World()
        let script = endless()
        let pipe = world.add("p", script)
        try await world.run {
            try await world.directory.wait(for: pipe, toBe: .running)
            world.directory.remove(pipe)
            await world.supervisor.drained(pipe)
            #expect(!world.supervisor.isRunning(pipe) && script.current.readers == 0)
        }
    }

    @Test func aStoppedServicePausesItsPipesWithoutChangingTheirState() async throws {
        let world = World()
        let script = endless()
        let pipe = world.add("p", script)
        try await world.run {
            try await script.wait { $0.readers == 1 }
            world.directory.change(pipe) { $0.isServiceRunning = false }
            try await world.directory.wait { $0.pipes[pipe]?.message?.contains("service is not running") == true }
            #expect(world.directory[pipe]?.state == .running)
            world.directory.change(pipe) { $0.isServiceRunning = true }
            try await script.wait { $0.reads == 2 && $0.readers == 1 }
            try await world.directory.wait { $0.pipes[pipe]?.message == nil }
        }
    }

    @Test func aPipeWhoseServiceNeverRanSaysThatItWaits() async throws {
        let world = World()
        let pipe = world.add("p", endless())
        world.directory.change(pipe) { $0.isServiceRunning = false }
        try await world.run {
            try await world.directory.wait { $0.pipes[pipe]?.message?.contains("service is not running") == true }
            #expect(world.directory[pipe]?.state == .provisioning)
            // Said once, however often the supervisor looks.
            await world.supervisor.drained(pipe)
            await world.supervisor.drained(pipe)
            #expect(world.directory.current.descriptions.count == 1)
        }
    }

    @Test func whatCouldNotBeStoredIsTriedAgain() async throws {
        struct DiskFull: Error {}
        let world = World()
        let pipe = world.add("p", endless())
        world.warehouses.value[pipe]?.failNext(.user(.destination))
        world.directory.failNextListings(DiskFull())
        try await world.run {
            // The first listing fails; the clock brings the next.
            try await world.clock.untilSomebodySleeps()
            try await world.directory.wait { $0.listings == 1 }
            world.clock.advance(by: .seconds(5))
            try await world.directory.wait(for: pipe, toBe: .failed)
        }
    }

    @Test func gracefulShutdownLeavesTheStateAndResumes() async throws {
        let world = World()
        let script = endless()
        let pipe = world.add("p", script)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: world.supervisor)], logger: .silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await script.wait { $0.acknowledged[Lane("a")] == 5 }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(script.current.readers == 0)
        #expect(world.directory[pipe]?.state == .running)
        #expect(try await world.store.load(pipe).positions == [Lane("a"): ["next": 5]])
    }

    /// Also after a restart of the program, when no run has told the registry about them.
    @Test(.timeLimit(.minutes(5))) func pipesAtRestHaveMetrics() async throws {
        let world = World()
        let resting: [(String, PipeState)] = [("1", .stopped), ("2", .completed), ("3", .failed), ("4", .internalError)]
        for (name, state) in resting { _ = world.add(name, endless(), state: state) }
        try await world.run {
            var families = world.metrics.families(service: "s")
            while families.first(where: { $0.name == "ClickPipes_Info" })?.samples.count != resting.count {
                await Task.yield()
                families = world.metrics.families(service: "s")
            }
            let info = families.first { $0.name == "ClickPipes_Info" }
            #expect(info?.samples.map { $0.labels.last?.value } == resting.map(\.1.rawValue))
            let sent = families.first { $0.name == "ClickPipes_SentEvents_Total" }
            #expect(sent?.samples.map(\.value) == [0, 0, 0, 0])
        }
        #expect(world.log.lines.isEmpty, "nothing was started")
    }

    @Test func aPipeThatCannotStartIsLogged() async throws {
        let world = World()
        let pipe = world.add("p", endless())
        world.warehouses.update { $0[pipe] = nil }
        try await world.run { try await world.directory.wait(for: pipe, toBe: .failed) }
        #expect(world.log.lines.map(\.message) == ["no such service"])
    }

    @Test func metricsFollowThePipes() async throws {
        let world = World()
        let script = endless()
        let pipe = world.add("p", script)
        try await world.run {
            try await script.wait { $0.acknowledged[Lane("a")] == 5 }
            let families = world.metrics.families(service: "s")
            let sent = families.first { $0.name == "ClickPipes_SentEvents_Total" }
            #expect(sent?.samples.map(\.value) == [5])
            #expect(sent?.samples.first?.labels.map(\.name) == ["clickpipe_id", "clickpipe_name", "clickpipe_source"])
            #expect(families.contains { $0.name == "ClickPipes_Info" && $0.samples.first?.labels.last?.name == "clickpipe_state" })
            #expect(world.metrics.families(service: "other").allSatisfy { $0.samples.isEmpty })
            world.directory.remove(pipe)
            await world.supervisor.drained(pipe)
            #expect(world.metrics[pipe] == nil)
        }
    }
}

extension InMemoryPipeDirectory {
    /// Tells scripts of tests that run at the same time apart.
    fileprivate var identity: String { "\(ObjectIdentifier(self).hashValue)" }
}
