private import Hummingbird
package import Logging
package import PipeCore
private import PipeRuntime

/// The validation of a pipe that needs I/O: both ends are asked, and where wanted samples are read.
package struct PipeInspection: Sendable {
    private let warehouses: any WarehouseProvider
    private let logger: Logger

    package init(warehouses: any WarehouseProvider, logger: Logger) {
        self.warehouses = warehouses
        self.logger = logger
    }

    /// Throws 400 with everything that either end refuses, each under its field. Hints go to the log.
    /// - Parameter known: targets that the pipe fills already, which may therefore hold rows.
    package func check(_ spec: PipeSpec, source: any RunnableSource, readsSamples: Bool, known: Set<String> = []) async throws {
        let context = ProbeContext(readsSamples: readsSamples)
        var findings = await source.probe(context) + warehouses.inspect(spec)
        if let source = source as? any DatabaseSource, !findings.contains(where: { $0.severity == .failure }) {
            findings += await targets(of: source, spec: spec, known: known, context)
        }
        for hint in findings where hint.severity == .hint {
            logger.info("hint for a pipe", metadata: ["pipe": "\(spec.id)", "field": "\(hint.field)", "hint": "\(hint.message)"])
        }
        var problems = findings.filter { $0.severity == .failure }.map { Problem($0.field, $0.message) }
        if problems.isEmpty && readsSamples && source.family != .database {
            let fields = try await discover(source, examples: 0, service: spec.serviceID).fields
            problems += Self.mismatches(of: spec, with: fields, virtual: type(of: source).virtualColumns)
        }
        try InvalidConfiguration.check(problems)
    }

    /// Compares the tables that the pipe would make with those that exist.
    private func targets(
        of source: any DatabaseSource, spec: PipeSpec, known: Set<String>, _ context: ProbeContext
    ) async -> [Finding] {
        let mappings = FieldPath("source")[spec.source.kind]["tableMappings"]
        do {
            let tables = try await source.targetTables(context)
            let fresh = source.takesSnapshot ? Set(tables.map(\.name)).subtracting(known) : []
            let places = Dictionary(source.mappedTables.enumerated().map { ($1.target, $0) }, uniquingKeysWith: { first, _ in first })
            return try await warehouses.problems(of: tables, mustBeEmpty: fresh, spec: spec).flatMap { target, problems in
                let field = places[target].map { mappings[$0]["targetTable"] } ?? mappings
                return problems.map { Finding(.failure, field, "'\(target)' \($0)") }
            }
        } catch {
            let error = PipeError.classified(error, side: .source)
            return [Finding(.failure, error.side == .destination ? FieldPath("destination") : mappings, error.message)]
        }
    }

    /// The fields of the source's rows, by the inference of the service. Throws 400 when the source cannot be read or its
    /// sample not understood, 424 when the service cannot be reached.
    /// - Parameter examples: most values of each field to bring along.
    package func discover(_ source: any RunnableSource, examples: Int, service: String) async throws -> DiscoveredSchema {
        do {
            let sample = try await source.sample(ProbeContext(readsSamples: true))
            return try await warehouses.discover(sample, examples: examples, service: service)
        } catch let error as PipeError {
            if error.disposition == .bug { throw error }
            if error.side == .destination && error.disposition == .retry { throw APIError.failedDependency(error.message) }
            throw InvalidConfiguration([Problem(FieldPath("source")[source.kind], error.message)])
        }
    }

    /// Columns that nothing in the sample can fill. Types are left to the server: what it converts is more than a list of
    /// type names can tell.
    package static func mismatches(of spec: PipeSpec, with fields: [DiscoveredField], virtual: [VirtualColumn]) -> [Problem] {
        let known = Set(fields.map(\.name) + virtual.map(\.name))
        let columns = spec.destination.columns ?? []
        let mappings = FieldMapping.effective(spec.fieldMappings, columns: columns)
        return mappings.enumerated().compactMap { index, mapping in
            let name = mapping.sourceField
            let path = SourcePath(name).names
            // Discovery shows fields in messages of Protobuf flat, joined by underscores.
            let isNested = known.contains(path[0]) || known.contains(path.joined(separator: "_"))
            if known.contains(name) || isNested { return nil }
            let place =
                spec.fieldMappings.isEmpty
                ? FieldPath("destination.columns")[index]["name"] : FieldPath("fieldMappings")[index]["sourceField"]
            return Problem(place, "'\(name)' is not a field of the sample; it has: \(fields.map(\.name).joined(separator: ", "))")
        }
    }
}

extension APIDependencies {
    package func inspection(_ context: APIContext) -> PipeInspection {
        PipeInspection(warehouses: warehouses, logger: context.logger)
    }

    /// Throws 424 unless the service runs. `what` needs it, for example `ClickPipe creation is allowed only`.
    ///
    /// Terraform looks for `Current state: …` in the text to decide whether to wake the service.
    package func requireRunning(_ service: String, _ what: String) async throws {
        let state = await services.statuses().first { $0.id == service }?.state ?? .stopped
        if state != .running {
            throw APIError.failedDependency(
                "\(what) when the ClickHouse service is running. Current state: \(state.rawValue)")
        }
    }
}
