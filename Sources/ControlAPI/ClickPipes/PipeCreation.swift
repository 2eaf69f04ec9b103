package import Catalog
package import FoundationEssentials
package import PipeCore

/// A POST body that has passed every rule that needs no I/O: the pipe it describes.
package struct PipeCreation: Sendable {
    package let record: PipeRecord
    package let source: CheckedSource
    package let validatesSamples: Bool

    /// Throws all problems of the body at once, each under the name of its field.
    ///
    /// `privateEndpoints` are the ids of the service's reverse private endpoints, which a source may name.
    package init(
        _ body: JSONValue, id: PipeID, serviceID: String, sources: SourceCatalog, privateEndpoints: Set<String> = [], now: Date
    ) throws(InvalidConfiguration) {
        var problems: [Problem] = []
        let name = Self.name(body["name"], problems: &problems)
        validatesSamples = SourceArm.validatesSamples(body["source"], problems: &problems)
        let arm = SourceArm.find(in: body["source"], of: sources, problems: &problems)
        let source = arm?.created(for: id, problems: &problems)
        if let arm {
            problems += PrivateEndpoint.problems(naming: privateEndpoints, in: source?.document ?? arm.given, at: arm.path)
        }
        let family = arm?.type.family
        let destination = Self.destination(body["destination"], family: family, problems: &problems)
        let mappings = Self.mappings(body["fieldMappings"], destination: destination, family: family, problems: &problems)
        let settings = Self.settings(body["settings"], kind: arm?.kind, problems: &problems)
        let scaling = Self.scaling(body["scaling"], family: family, problems: &problems)
        let startsPaused = Self.flag(body["startPaused"], "startPaused", problems: &problems)
        try InvalidConfiguration.check(problems)
        guard let arm, let source, let destination, let family else {
            throw InvalidConfiguration([Problem("source", "could not be read")])
        }
        let parts = arm.type.schema.separated(source.document)
        self.source = source
        record = PipeRecord(
            id: id, serviceID: serviceID, name: name, kind: arm.kind, source: parts.visible, secrets: parts.secrets,
            destination: destination, fieldMappings: mappings, settings: settings, scaling: scaling,
            wanted: startsPaused ? .stopped : .running,
            state: startsPaused ? (family == .database ? .paused : .stopped) : .provisioning, createdAt: now, updatedAt: now)
    }

    private static func name(_ value: JSONValue?, problems: inout [Problem]) -> String {
        guard let value, !value.isNull else {
            problems.append(Problem("name", "is required"))
            return ""
        }
        return PipeSchemas.name.checked(value, at: FieldPath("name"), mode: .create, problems: &problems).string ?? ""
    }

    private static func destination(_ value: JSONValue?, family: PipeFamily?, problems: inout [Problem]) -> Destination? {
        guard let value, !value.isNull else {
            problems.append(Problem("destination", "is required"))
            return nil
        }
        var found: [Problem] = []
        let checked = Destination.schema.checked(value, at: FieldPath("destination"), mode: .create, problems: &found)
        var destination: Destination?
        do {
            destination = try checked.decode(Destination.self).withPlainEngineName
        } catch {
            if found.isEmpty { found.append(Problem(decoding: error, at: FieldPath("destination"))) }
        }
        if let destination, let family {
            let named = Set(found.map(\.field))
            found += destination.problems(isDatabasePipe: family == .database).filter { !named.contains($0.field) }
        }
        problems += found
        return destination
    }

    private static func mappings(
        _ value: JSONValue?, destination: Destination?, family: PipeFamily?, problems: inout [Problem]
    ) -> [FieldMapping]? {
        guard let value, !value.isNull else { return nil }
        let mappings = FieldMapping.list(value, problems: &problems)
        if family == .database {
            if mappings?.isEmpty == false {
                problems.append(Problem("fieldMappings", "is not allowed for a database source: use its tableMappings"))
            }
            return nil
        }
        if let mappings, let columns = destination?.columns { problems += FieldMapping.problems(mappings, columns: columns) }
        return mappings
    }

    private static func settings(_ value: JSONValue?, kind: String?, problems: inout [Problem]) -> PipeSettings {
        guard let value, !value.isNull, let kind else { return PipeSettings() }
        return PipeSettings().merged(with: PipeSettings.checked(value, kind: kind, problems: &problems))
    }

    private static func scaling(_ value: JSONValue?, family: PipeFamily?, problems: inout [Problem]) -> PipeScaling? {
        guard let family else { return nil }
        let given = value ?? .null
        if family == .database {
            if !given.isNull, given != [:] { problems.append(.scalingOfDatabasePipe) }
            return nil
        }
        guard !given.isNull else { return PipeScaling() }
        return PipeScaling().patched(given, family: family, at: FieldPath("scaling"), problems: &problems)
    }

    private static func flag(_ value: JSONValue?, _ name: String, problems: inout [Problem]) -> Bool {
        guard let value, !value.isNull else { return false }
        return Schema.boolean.checked(value, at: FieldPath(name), mode: .create, problems: &problems).bool ?? false
    }
}

extension FieldMapping {
    /// A list of mappings from a body; nil when it has problems.
    package static func list(_ value: JSONValue, problems: inout [Problem]) -> [FieldMapping]? {
        var found: [Problem] = []
        let checked = Schema.list(.object(schema)).checked(value, at: FieldPath("fieldMappings"), mode: .create, problems: &found)
        problems += found
        guard found.isEmpty else { return nil }
        return checked.array?.compactMap { item in
            guard let source = item["sourceField"]?.string, let destination = item["destinationField"]?.string else { return nil }
            return FieldMapping(sourceField: source, destinationField: destination)
        }
    }
}

extension Destination {
    /// `MergeTree()` and `MergeTree` are one engine; the plain name is stored and returned.
    package var withPlainEngineName: Destination {
        var copy = self
        if let type = tableDefinition?.engine.type, type.hasSuffix("()") {
            copy.tableDefinition?.engine.type = String(type.dropLast(2))
        }
        return copy
    }
}

extension Problem {
    package static let scalingOfDatabasePipe = Problem(
        "scaling", "is not for database pipes: they share one size per service, set with PATCH …/clickpipesCdcScaling")
}

extension PipeScaling {
    /// This size with a body laid over it; absent and null members stay.
    package func patched(
        _ body: JSONValue, family: PipeFamily, at path: FieldPath = .root, problems: inout [Problem]
    ) -> PipeScaling {
        var found: [Problem] = []
        let checked = PipeSchemas.scalingPatch.checked(body, at: path, mode: .patch, problems: &found)
        if family != .objectStorage, let concurrency = checked["concurrency"]?.integer, concurrency != 0 {
            found.append(Problem(path["concurrency"], "is only for object storage pipes; use replicas"))
        }
        problems += found
        guard found.isEmpty else { return self }
        var result = self
        if let replicas = checked["replicas"]?.integer { result.replicas = Int(replicas) }
        if let concurrency = checked["concurrency"]?.integer, family == .objectStorage { result.concurrency = Int(concurrency) }
        if let cpu = checked["replicaCpuMillicores"]?.integer { result.replicaCpuMillicores = Int(cpu) }
        if let memory = checked["replicaMemoryGb"]?.double { result.replicaMemoryGb = memory }
        return result
    }
}
