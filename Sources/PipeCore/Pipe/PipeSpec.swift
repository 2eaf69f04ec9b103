/// A pipe as the data plane sees it: everything decoded and valid, secrets included.
public struct PipeSpec: Sendable {
    public var id: PipeID
    public var name: String
    /// The service (ClickHouse) the pipe writes to.
    public var serviceID: String
    public var source: any SourceConfiguration
    public var destination: Destination
    public var fieldMappings: [FieldMapping]
    public var settings: PipeSettings
    public var scaling: PipeScaling

    public init(
        id: PipeID, name: String, serviceID: String, source: any SourceConfiguration, destination: Destination,
        fieldMappings: [FieldMapping] = [], settings: PipeSettings = PipeSettings(), scaling: PipeScaling = PipeScaling()
    ) {
        self.id = id
        self.name = name
        self.serviceID = serviceID
        self.source = source
        self.destination = destination
        self.fieldMappings = fieldMappings
        self.settings = settings
        self.scaling = scaling
    }
}
