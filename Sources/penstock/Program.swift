import Catalog
import ClickHouse
import Connectors
import ControlAPI
import EmbeddedClickHouse
import FoundationEssentials
import Logging
import PipeCore
import PipeRuntime
import ProgramConfiguration
import QueryEndpoints
import ServiceLifecycle
import UnixSignals

/// Composition: values are built here in dependency order and run as one group of services.
struct Program {
    let configuration: PenstockConfiguration
    /// Whether somebody looks at what is printed, and not a log.
    let isAttended: Bool

    init(_ configuration: PenstockConfiguration, isAttended: Bool) {
        self.configuration = configuration
        self.isAttended = isAttended
    }

    /// Runs until SIGINT or SIGTERM, then stops everything in reverse order. A second SIGINT does not wait.
    func run() async throws {
        Allocator.prepare()
        ProgramLog.bootstrap(configuration.log)
        let logger = Logger(label: "penstock")
        let clock = ContinuousClock()
        let directory = try DataDirectory(configuration.dataDir)

        let sealer = try SecretSealer.load(configuration.secrets, dataDirectory: directory.path)
        let catalog = try SQLiteCatalog(path: directory.path + "/catalog.sqlite", sealer: sealer, now: { Date() })
        let bootstrap = Bootstrap(catalog: catalog)
        let organization = try await bootstrap.organization(named: configuration.organization.name)

        let embedded = try makeEmbedded(directory: directory.path, clock: clock, logger: logger)
        let services = try await makeServices(bootstrap: bootstrap, sealer: sealer, embedded: embedded, logger: logger)
        let monitor = ServiceMonitor(services.map(\.monitored), clock: clock, logger: logger)
        let warehouses = ServiceDirectory()
        for service in services { warehouses.add(service: service.id, client: service.client, cluster: service.cluster) }
        let accounts = QueryAccounts(catalog: catalog, clock: clock, logger: logger)
        for service in services { try accounts.add(service.forQueries) }
        let logs = ClickHousePipeLogs(services: warehouses, clock: clock)
        let metrics = MetricsRegistry()
        let history = PipeHistory(metrics, clock: clock)
        let sessions = SessionStore(idle: TimeInterval(configuration.console.idleMinutes * 60))
        let supervisor = PipeSupervisor(
            directory: CatalogPipeDirectory(catalog: catalog, sources: Connectors.all), store: catalog, warehouses: warehouses, logs: logs,
            metrics: metrics,
            policy: PipePolicy(
                sourcePatience: .seconds(configuration.pipes.sourcePatienceSeconds),
                destinationPatience: .seconds(configuration.pipes.destinationPatienceSeconds)),
            clock: clock, scratchFolder: directory.path + "/scratch", logger: logger)

        let console = consoleFiles(logger)
        let announcement = Announcement(
            configuration: configuration, organizationID: organization.id, serviceID: services.first?.id ?? "",
            sessions: isAttended && console != nil ? sessions : nil,
            clickhouseURL: services.first { $0.isEmbedded }?.urlWithCredentials)
        let cache = ResultCache(
            .init(bytes: configuration.queryEndpoints.cacheBytes, entryBytes: configuration.queryEndpoints.cacheEntryBytes), clock: clock)
        let calls = CallLog(
            catalog: catalog, secret: sealer.derive("hash of parameters of query endpoints"), days: configuration.queryEndpoints.logDays,
            clock: clock, logger: logger, destination: { warehouses.logDestination($0) })
        let runner = QueryRunner(clients: accounts, cache: cache, recorder: calls, logger: logger)
        let api = ControlAPI(
            APIDependencies(
                catalog: catalog, sources: Connectors.all, warehouses: warehouses, services: monitor,
                metrics: CombinedMetrics([metrics, calls.metrics]),
                pipes: RunningPipes(supervisor: supervisor, warehouses: warehouses, store: catalog, logger: logger),
                queries: RunningQueries(accounts: accounts), calls: CallStatistics(log: calls), history: history, pipeLogs: logs,
                sessions: sessions,
                organizationID: organization.id, now: { Date() },
                configuration: ControlAPIConfiguration(configuration), logger: logger),
            runs: RunDependencies(
                runner: runner,
                tokens: TokenVerifier(
                    allowsPrivateKeySets: configuration.queryEndpoints.allowPrivateKeySets,
                    caFile: configuration.queryEndpoints.keySetCaFile, log: logger)), console: console)
        let server = try api.buildApplication { port in
            await announcement.publish(port: port, bootstrap: bootstrap, logger: logger)
        }

        // Stopped in reverse: HTTP first, then pipes, then what they write to.
        var group: [any Service] = []
        if let embedded { group.append(embedded) }
        group.append(ClientLifetime(services.map(\.client) + accounts.clients))
        group += [monitor, logs, calls, supervisor, history, server] as [any Service]
        var groupConfiguration = ServiceGroupConfiguration(
            services: group.map {
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup, failureTerminationBehavior: .gracefullyShutdownGroup)
            }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        groupConfiguration.maximumGracefulShutdownDuration = .seconds(45)
        try await ServiceGroup(configuration: groupConfiguration).run()
        logger.info("stopped")
    }

    private func consoleFiles(_ logger: Logger) -> ConsoleFiles? {
        guard configuration.console.enabled else { return nil }
        guard let directory = configuration.console.directory ?? ConsoleFiles.installedDirectory() else {
            logger.warning("the console is not served: its files were not found; set console.directory")
            return nil
        }
        return ConsoleFiles(directory: directory)
    }

    /// The interpreter that `make` installed the engine for, when nothing names another: `.venv` beside the build folder.
    private static func installedPython() -> String? {
        guard let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return nil }
        var folder = URL(filePath: executable).deletingLastPathComponent()
        while folder.path != "/" {
            let python = folder.appending(path: ".venv/bin/python").path
            if FileManager.default.isExecutableFile(atPath: python) { return python }
            folder.deleteLastPathComponent()
        }
        return nil
    }

    private func makeEmbedded(directory: String, clock: ContinuousClock, logger: Logger) throws -> EmbeddedServer? {
        guard configuration.embedded.enabled else { return nil }
        let environment = ProcessInfo.processInfo.environment
        let python = configuration.embedded.python ?? environment["PENSTOCK_PYTHON"] ?? Self.installedPython()
        return EmbeddedServer(
            EmbeddedServerConfiguration(
                dataDirectory: directory, httpPort: configuration.embedded.httpPort, memoryShare: configuration.embedded.memoryShare,
                python: python, environment: environment), clock: clock, logger: logger)
    }

    private func makeServices(
        bootstrap: Bootstrap, sealer: SecretSealer, embedded: EmbeddedServer?, logger: Logger
    ) async throws -> [ConfiguredService] {
        var services: [ConfiguredService] = []
        if let embedded {
            let record = try await bootstrap.service(named: configuration.embedded.name)
            if record.wanted == .stopped { await embedded.setWanted(running: false) }
            services.append(
                try ConfiguredService(
                    record: record, connection: embedded.prepare(), embedded: embedded,
                    queryAccount: .managed(service: record.id, sealer: sealer, isLocal: true), logger: logger))
        }
        for service in configuration.services {
            let record = try await bootstrap.service(named: service.name)
            services.append(
                try ConfiguredService(
                    record: record, connection: service.connection(), cluster: service.cluster, embedded: nil,
                    queryAccount: service.queryAccount ?? .managed(service: record.id, sealer: sealer, isLocal: false),
                    logger: logger))
        }
        return services
    }
}

/// The supervisor and the warehouses, as the API sees them.
struct RunningPipes: PipeControl {
    let supervisor: PipeSupervisor
    let warehouses: ServiceDirectory
    let store: any CheckpointStore
    let logger: Logger

    func drained(_ pipe: PipeID) async { await supervisor.drained(pipe) }

    func finishLoads(of spec: PipeSpec) async -> Bool {
        do {
            try await warehouses.finishLoads(of: spec, store: store)
            return true
        } catch {
            logger.error(
                "a batch of a deleted pipe could not be finished; what is missing is in its staging tables, which are kept",
                metadata: ["pipe": "\(spec.id)", "error": "\(error)"])
            return false
        }
    }

    func cleanUp(after spec: PipeSpec) async {
        do {
            try await warehouses.cleanUp(after: spec)
        } catch {
            // The tables stay and are named after the pipe; deleting the pipe must not fail for them.
            logger.warning("staging tables of a deleted pipe were left behind", metadata: ["pipe": "\(spec.id)", "error": "\(error)"])
        }
    }
}

extension ControlAPIConfiguration {
    init(_ configuration: PenstockConfiguration) {
        self.init(
            host: configuration.listenHost, port: configuration.listenPort,
            tls: configuration.tls.map { .init(certificate: $0.certificate, privateKey: $0.key) },
            rateLimit: configuration.rateLimit.requests == 0
                ? nil : Rate(requests: configuration.rateLimit.requests, per: .seconds(configuration.rateLimit.perSeconds)),
            publicURL: configuration.publicURL.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 },
            hasSessions: configuration.console.enabled, version: ProgramVersion.current)
    }
}
