public import Logging
public import PipeCore
public import ServiceLifecycle
private import Synchronization

/// One ClickHouse that the monitor watches.
public struct MonitoredService: Sendable {
    public var id: String
    public var name: String
    public var isEmbedded: Bool
    public var endpoints: [ServiceStatus.Endpoint]
    public var wanted: WantedState
    /// The version the server reports; throws while it does not answer.
    public var version: @Sendable () async throws -> String
    /// Starts or stops the process of an embedded server; nil for servers that are not ours.
    public var control: (@Sendable (WantedState) async throws -> Void)?

    public init(
        id: String, name: String, isEmbedded: Bool, endpoints: [ServiceStatus.Endpoint], wanted: WantedState,
        version: @escaping @Sendable () async throws -> String, control: (@Sendable (WantedState) async throws -> Void)? = nil
    ) {
        self.id = id
        self.name = name
        self.isEmbedded = isEmbedded
        self.endpoints = endpoints
        self.wanted = wanted
        self.version = version
        self.control = control
    }
}

/// Knows whether each configured ClickHouse answers, and starts or stops the ones that are ours.
public final class ServiceMonitor: Service, ServiceControl {
    private struct Entry {
        var service: MonitoredService
        var version: String?
        var state: ServiceStatus.State
    }

    private let entries: Mutex<[Entry]>
    private let interval: Duration
    private let clock: any Clock<Duration>
    private let logger: Logger
    /// One value after each ``setWanted(_:service:)``, so that the new state shows without waiting for the next round.
    private let nudges: AsyncStream<Void>
    private let nudge: AsyncStream<Void>.Continuation

    public init(_ services: [MonitoredService], interval: Duration = .seconds(10), clock: any Clock<Duration>, logger: Logger) {
        entries = Mutex(
            services.map { Entry(service: $0, version: nil, state: $0.wanted == .running ? .starting : .stopped) })
        self.interval = interval
        self.clock = clock
        self.logger = logger
        (nudges, nudge) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Asks a server that is starting right away, so that nobody is told "starting" by one that already answers.
    public func statuses() async -> [ServiceStatus] {
        if entries.withLock({ entries in entries.contains { $0.state == .starting } }) { await checkAll() }
        return current()
    }

    private func current() -> [ServiceStatus] {
        entries.withLock { entries in
            entries.map {
                ServiceStatus(
                    id: $0.service.id, name: $0.service.name, isEmbedded: $0.service.isEmbedded, state: $0.state, version: $0.version,
                    endpoints: $0.service.endpoints)
            }
        }
    }

    public func setWanted(_ wanted: WantedState, service id: String) async throws {
        let control = entries.withLock { entries -> (@Sendable (WantedState) async throws -> Void)? in
            guard let index = entries.firstIndex(where: { $0.service.id == id }) else { return nil }
            entries[index].service.wanted = wanted
            switch (wanted, entries[index].state) {
            case (.running, .stopped), (.running, .stopping): entries[index].state = .starting
            case (.stopped, _): entries[index].state = entries[index].service.isEmbedded ? .stopping : .stopped
            default: break
            }
            return entries[index].service.control
        }
        try await control?(wanted)
        nudge.yield()
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in self.nudges { await self.checkUntilSettled() } }
                group.addTask { await self.checkRegularly() }
            }
        }
    }

    /// Every `interval`, and in between as long as something is starting or stopping.
    private func checkRegularly() async {
        while !Task.isCancelled {
            await checkUntilSettled()
            do { try await clock.sleep(for: interval) } catch { return }
        }
    }

    /// Asks soon again while something starts or stops, with growing pauses: a server that is gone for good is not asked
    /// five times a second for ever.
    private func checkUntilSettled() async {
        var pause = Duration.milliseconds(200)
        while true {
            await checkAll()
            let isSettled = entries.withLock { entries in entries.allSatisfy { $0.state == .running || $0.state == .stopped } }
            if isSettled || pause >= interval { return }
            do { try await clock.sleep(for: pause) } catch { return }
            pause *= 2
        }
    }

    private func checkAll() async {
        let services = entries.withLock { $0.map(\.service) }
        for service in services where service.wanted == .running || service.control != nil {
            do {
                let version = try await service.version()
                update(service.id, version: version, answers: true)
            } catch {
                // A check that was cut off by the end of the program says nothing about the server.
                if Task.isCancelled { return }
                update(service.id, version: nil, answers: false)
            }
        }
    }

    private func update(_ id: String, version: String?, answers: Bool) {
        let change = entries.withLock { entries -> (name: String, from: ServiceStatus.State, to: ServiceStatus.State)? in
            guard let index = entries.firstIndex(where: { $0.service.id == id }) else { return nil }
            let old = entries[index].state
            if let version { entries[index].version = version }
            switch (entries[index].service.wanted, answers) {
            case (.running, true): entries[index].state = .running
            case (.running, false): entries[index].state = old == .running || old == .degraded ? .degraded : .starting
            case (.stopped, true): entries[index].state = entries[index].service.isEmbedded ? .stopping : .stopped
            case (.stopped, false): entries[index].state = .stopped
            }
            let new = entries[index].state
            return new == old ? nil : (entries[index].service.name, old, new)
        }
        if let change {
            logger.info(
                "service \(change.to.rawValue)", metadata: ["service": "\(change.name)", "was": "\(change.from.rawValue)"])
        }
    }
}
