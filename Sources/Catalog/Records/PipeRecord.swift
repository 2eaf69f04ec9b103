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
        try document.decode(type)
    }
}
