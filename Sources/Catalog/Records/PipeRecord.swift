public import FoundationEssentials
public import PipeCore

/// A stored pipe. Secrets are separate from everything else and sealed at rest.
public struct PipeRecord: Hashable, Sendable {
    public var id: PipeID
    public var serviceID: String
    public var name: String
    /// Arm of `source`, for example `objectStorage`.
    public var kind: String
    /// The visible part of the source arm.
    public var source: JSONValue
    /// The secret part of the source arm, nested alike; plain in memory only.
    public var secrets: JSONValue
    public var destination: Destination
    /// Nil where the user sent none: responses must not echo a default.
    public var fieldMappings: [FieldMapping]?
    public var settings: PipeSettings
    /// Nil for database pipes.
    public var scaling: PipeScaling?
    public var wanted: WantedState
    /// Grows with every change that needs a restart.
    public var generation: Int
    public var state: PipeState
    public var stateMessage: String?
    public var createdAt: Date
    public var updatedAt: Date

    public init(
        id: PipeID, serviceID: String, name: String, kind: String, source: JSONValue, secrets: JSONValue,
        destination: Destination, fieldMappings: [FieldMapping]? = nil, settings: PipeSettings = PipeSettings(),
        scaling: PipeScaling? = nil, wanted: WantedState = .running, generation: Int = 1, state: PipeState = .provisioning,
        stateMessage: String? = nil, createdAt: Date, updatedAt: Date
    ) {
        self.id = id
        self.serviceID = serviceID
        self.name = name
        self.kind = kind
        self.source = source
        self.secrets = secrets
        self.destination = destination
        self.fieldMappings = fieldMappings
        self.settings = settings
        self.scaling = scaling
        self.wanted = wanted
        self.generation = generation
        self.state = state
        self.stateMessage = stateMessage
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    /// The pipe decoded, secrets joined in. Throws ``InvalidConfiguration`` when the kind is unknown to `sources`.
    public func spec(_ sources: SourceCatalog) throws -> PipeSpec {
        guard let type = sources[kind] else {
            throw InvalidConfiguration([Problem("source.\(kind)", "is not a source of this build")])
        }
        let document = ObjectSchema.joined(source, secrets: secrets)
        return PipeSpec(
            id: id, name: name, serviceID: serviceID, source: try Self.decode(type, document), destination: destination,
            fieldMappings: fieldMappings ?? [], settings: settings, scaling: scaling ?? PipeScaling())
    }

    private static func decode<Configuration: SourceConfiguration>(_ type: Configuration.Type, _ document: JSONValue) throws
        -> Configuration
    {
        do {
            return try document.decode(type)
        } catch let error as DecodingError {
            throw InvalidConfiguration([Problem(error.path(below: type.path), "is missing or not of the expected form")])
        }
    }
}

/// Secrets are left out of every printed form.
extension PipeRecord: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "pipe \(id) '\(name)' (\(kind), \(state.rawValue), wanted \(wanted.rawValue))" }

    public var debugDescription: String { description }

    public var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "id": id, "serviceID": serviceID, "name": name, "kind": kind, "secrets": "sealed", "wanted": wanted,
                "generation": generation, "state": state, "createdAt": createdAt, "updatedAt": updatedAt,
            ])
    }
}

extension DecodingError {
    /// Where the document is wrong; the error's own text may quote it.
    fileprivate func path(below root: FieldPath) -> FieldPath {
        let keys: [any CodingKey] =
            switch self {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context): context.codingPath
            case .keyNotFound(let key, let context): context.codingPath + [key]
            @unknown default: []
            }
        return keys.reduce(root) { path, key in key.intValue.map { path[$0] } ?? path[key.stringValue] }
    }
}
