public import FoundationEssentials
public import PipeCore

/// The supervisor's view of a catalog.
public struct CatalogPipeDirectory: PipeDirectory {
    private let catalog: any Catalog
    private let sources: SourceCatalog
    private let now: @Sendable () -> Date

    /// - Parameter now: becomes `updatedAt` of a pipe at each change of state.
    public init(catalog: any Catalog, sources: SourceCatalog, now: @escaping @Sendable () -> Date = { Date() }) {
        self.catalog = catalog
        self.sources = sources
        self.now = now
    }

    public func pipes() async throws -> [WantedPipe] {
        let services = try await catalog.services()
        let running = Set(services.filter { $0.wanted == .running }.map(\.id))
        let sizes = Dictionary(services.map { ($0.id, $0.cdcScaling ?? .initial) }, uniquingKeysWith: { first, _ in first })
        return try await catalog.pipes(service: nil).map { record in
            WantedPipe(
                id: record.id, name: record.name, serviceID: record.serviceID,
                wanted: record.mayRun && running.contains(record.serviceID) ? .running : .stopped, state: record.state,
                generation: record.generation, settings: record.settings, message: record.stateMessage,
                spec: { [sources] in
                    var spec = try record.spec(sources)
                    if spec.source.family == .database { spec.scaling = (sizes[record.serviceID] ?? .initial).pipeScaling }
                    return spec
                })
        }
    }

    public func observe(_ event: PipeLifecycle.Event, of pipe: PipeID, generation: Int?, message: String?) async throws {
        let time = now()
        _ = try await catalog.updatePipe(pipe) { [sources] record in
            if let generation, generation != record.generation { return }
            var lifecycle = PipeLifecycle(family: record.family(sources), state: record.state)
            // A pipe that was stopped with its service and not by its user begins again without anybody's request.
            if event == .provisioningBegan, record.mayRun, record.state.isStoppedOrStopping { try lifecycle.apply(.startRequested) }
            try lifecycle.apply(event)
            if lifecycle.state != record.state {
                record.state = lifecycle.state
                record.updatedAt = time
            } else if record.state.isAtRest, message == nil {
                // A late observation of a pipe at rest means nothing; why it rests stays readable.
                return
            }
            record.stateMessage = message
        }
    }

    public func describe(_ message: String?, of pipe: PipeID) async throws {
        _ = try await catalog.updatePipe(pipe) { $0.stateMessage = message }
    }

    public func record(_ reports: [TableReport], of pipe: PipeID) async throws { try await catalog.record(reports, of: pipe) }

    public func changes() -> AsyncStream<Void> { catalog.pipeChanges() }
}

extension PipeRecord {
    /// Wanted by its user and not ended by an error or by itself. Stopped while wanted means stopped with its service.
    fileprivate var mayRun: Bool { wanted == .running && (!state.isAtRest || state.isStoppedOrStopping) }

    /// A kind that this build does not know cannot run; the family only chooses the names of its states.
    fileprivate func family(_ sources: SourceCatalog) -> PipeFamily { sources[kind]?.family ?? .streaming }
}

extension PipeState {
    fileprivate var isStoppedOrStopping: Bool {
        switch self {
        case .stopped, .stopping, .paused, .pausing: true
        default: false
        }
    }
}
