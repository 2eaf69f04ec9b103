package import Catalog
package import FoundationEssentials
package import PipeCore

/// A PATCH body laid over a stored pipe, checked by every rule that needs no I/O.
package struct PipeUpdate: Sendable {
    /// The pipe as it will be; `generation` has grown when the change needs a restart.
    package let record: PipeRecord
    /// The source of `record`, secrets included.
    package let source: CheckedSource
    package let validatesSamples: Bool
    /// Whether anything is different at all.
    package let isChange: Bool
    /// Whether source, destination or mappings are different, so that both ends must be tested again.
    package let needsProbe: Bool

    /// Whether tables are added or removed. A Paused pipe then goes on with them.
    package let editsTables: Bool

    /// Throws all problems of the body at once. A null or absent member changes nothing.
    package init(
        _ body: JSONValue, of stored: PipeRecord, sources: SourceCatalog, privateEndpoints: Set<String> = [], now: Date
    ) throws(InvalidConfiguration) {
        guard let type = sources[stored.kind] else {
            throw InvalidConfiguration([Problem("source.\(stored.kind)", "is not a source of this build")])
        }
        var problems: [Problem] = []
        var new = stored
        if let name = body["name"], !name.isNull {
            new.name = PipeSchemas.name.checked(name, at: FieldPath("name"), mode: .patch, problems: &problems).string ?? stored.name
        }
        validatesSamples = SourceArm.validatesSamples(body["source"], problems: &problems)
        let source = Self.source(body["source"], of: stored, type: type, sources: sources, problems: &problems)
        if let source {
            let parts = type.schema.separated(source.document)
            if parts.visible != stored.source {
                problems += PrivateEndpoint.problems(naming: privateEndpoints, in: source.document, at: type.path)
            }
            new.source = parts.visible
            new.secrets = parts.secrets
        }
        let givenDestination = body["destination"] ?? .null
        new.destination = Self.destination(givenDestination, of: stored, family: type.family, problems: &problems)
        if let given = body["fieldMappings"], !given.isNull {
            if type.family == .objectStorage, givenDestination["columns"].map(\.isNull) ?? true {
                problems.append(
                    Problem("destination.columns", "must be sent together with fieldMappings for object storage pipes"))
            }
            if let mappings = FieldMapping.list(given, problems: &problems) {
                if type.family == .database, !mappings.isEmpty {
                    problems.append(Problem("fieldMappings", "is not allowed for a database source: use its tableMappings"))
                } else if type.family != .database {
                    new.fieldMappings = mappings
                }
            }
        }
        if new.fieldMappings != stored.fieldMappings || new.destination.columns != stored.destination.columns {
            problems += FieldMapping.problems(new.fieldMappings ?? [], columns: new.destination.columns ?? [])
        }
        if let settings = body["settings"], !settings.isNull {
            new.settings = stored.settings.merged(with: PipeSettings.checked(settings, kind: stored.kind, problems: &problems))
        }
        Self.refuseScaling(body["scaling"], of: stored, family: type.family, problems: &problems)

        needsProbe =
            new.source != stored.source || new.secrets != stored.secrets || new.destination != stored.destination
            || new.fieldMappings != stored.fieldMappings
        isChange = needsProbe || new.name != stored.name || new.settings != stored.settings
        if isChange && stored.state == .completed {
            problems.append(Problem(.root, "a Completed ClickPipe cannot be edited; create a new one"))
        }
        try InvalidConfiguration.check(problems)
        guard let source else { throw InvalidConfiguration([Problem(type.path, "could not be read")]) }
        if needsProbe { new.generation += 1 }
        editsTables = type.family == .database && new.source["tableMappings"] != stored.source["tableMappings"]
        if editsTables {
            var lifecycle = PipeLifecycle(family: type.family, state: stored.state)
            // Not refused: only requests to start are.
            try? lifecycle.apply(.tablesEdited)
            if lifecycle.state != stored.state {
                // Clients pause a pipe to edit it, and count on its going on by itself.
                new.state = lifecycle.state
                new.wanted = .running
                new.stateMessage = nil
            }
        }
        if isChange { new.updatedAt = now }
        self.source = source
        record = new
    }

    private static func source(
        _ given: JSONValue?, of stored: PipeRecord, type: any SourceConfiguration.Type, sources: SourceCatalog,
        problems: inout [Problem]
    ) -> CheckedSource? {
        let document = ObjectSchema.joined(stored.source, secrets: stored.secrets)
        var patch: JSONValue = [:]
        if let given, !given.isNull, given.object.map({ $0.contains { Self.isArm($0, of: sources) } }) ?? true {
            guard let arm = SourceArm.find(in: given, of: sources, problems: &problems) else { return nil }
            guard arm.kind == stored.kind else {
                problems.append(Problem(arm.path, "cannot be set: the source of this pipe is \(stored.kind), and its kind stays"))
                return nil
            }
            patch = arm.given
        }
        return type.updated(document, with: patch, of: stored.id, isAtRest: stored.state.isAtRest, problems: &problems)
    }

    /// Whether a member of `source` speaks of a source at all; `validateSamples` alone changes nothing.
    private static func isArm(_ member: (key: String, value: JSONValue), of sources: SourceCatalog) -> Bool {
        !member.value.isNull && (sources[member.key] != nil || member.value.object != nil)
    }

    private static func destination(
        _ given: JSONValue, of stored: PipeRecord, family: PipeFamily, problems: inout [Problem]
    ) -> Destination {
        guard !given.isNull else { return stored.destination }
        let path = FieldPath("destination")
        var found: [Problem] = []
        var result = stored.destination
        var patch = Destination.schema.checked(given, at: path, mode: .patch, problems: &found)
        if let engine = patch["tableDefinition"]?["engine"]?["type"]?.string, engine.hasSuffix("()") {
            patch["tableDefinition"]?["engine"]?["type"] = .string(String(engine.dropLast(2)))
        }
        if patch["columns"]?.isNull == true { patch["columns"] = nil }
        if found.isEmpty {
            do {
                let document = try JSONValue(encoding: stored.destination)
                result = try Destination.schema.patched(document, with: patch, at: path, problems: &found).decode(Destination.self)
            } catch {
                found.append(Problem(decoding: error, at: path))
            }
            if found.isEmpty && result != stored.destination { found += result.problems(isDatabasePipe: family == .database) }
        }
        problems += found
        return result
    }

    /// Size has its own resource; the stored one may be repeated here.
    private static func refuseScaling(_ given: JSONValue?, of stored: PipeRecord, family: PipeFamily, problems: inout [Problem]) {
        guard let given, !given.isNull, given != [:] else { return }
        guard family != .database, let scaling = stored.scaling else {
            problems.append(.scalingOfDatabasePipe)
            return
        }
        if scaling.patched(given, family: family, at: FieldPath("scaling"), problems: &problems) != scaling {
            problems.append(Problem("scaling", "cannot be changed here; use PATCH …/scaling"))
        }
    }
}
