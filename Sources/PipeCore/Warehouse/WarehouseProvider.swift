/// The ClickHouse services as the rest of the program sees them.
public protocol WarehouseProvider: Sendable {
    /// A warehouse bound to one pipe. Throws ``PipeError`` when the service is unknown.
    func warehouse(for spec: PipeSpec, settings: LiveSettings, log: any PipeLog) throws -> any Warehouse

    /// Checks a pipe's destination without changing anything: the table of an unmanaged destination exists, types are known
    /// to the server, columns fit, the engine can be loaded exactly once.
    func inspect(_ spec: PipeSpec) async -> [Finding]

    /// What keeps mapped tables from being made or filled, by target and in the order of `tables`; a target without problems is left out.
    /// Changes nothing. Throws ``PipeError`` when the service cannot be asked.
    /// - Parameter mustBeEmpty: targets that may not hold rows yet.
    func problems(of tables: [TargetTable], mustBeEmpty: Set<String>, spec: PipeSpec) async throws -> [(target: String, problems: [String])]

    /// Names and ClickHouse types of the sample's fields, by the service's own inference. Throws ``PipeError``.
    /// - Parameter examples: most values of each field to bring along.
    func discover(_ sample: SchemaSample, examples: Int, service: String) async throws -> DiscoveredSchema

    /// A page of a pipe's error table, newest first. Throws ``PipeError``.
    func rejectedRows(of spec: PipeSpec, _ filter: RejectedFilter, after cursor: RejectedRow.Key?, limit: Int) async throws -> [RejectedRow]

    /// Sends rows of a pipe's error table once more through its present mappings, oldest first. A row that is written is marked and
    /// never sent again, also when the process dies in between. Throws ``PipeError``.
    func replay(_ filter: RejectedFilter, of spec: PipeSpec, limit: Int, log: any PipeLog) async throws -> ReplayReport
}

/// What the rows of a source look like.
public struct DiscoveredSchema: Hashable, Sendable {
    /// In the order of the sample.
    public var fields: [DiscoveredField]
    /// Why there are no examples although they were wanted.
    public var examplesProblem: String?

    public init(fields: [DiscoveredField], examplesProblem: String? = nil) {
        self.fields = fields
        self.examplesProblem = examplesProblem
    }
}

public struct DiscoveredField: Hashable, Sendable {
    public var name: String
    /// ClickHouse type.
    public var type: String
    public var isOptional: Bool
    /// The field's values in the first rows, row by row; nil is NULL. Text as it is, other values as in JSON; what is longer than
    /// ``longestExample`` is cut and ends with `…`.
    public var examples: [String?]

    /// In characters.
    public static let longestExample = 100

    public init(name: String, type: String, isOptional: Bool, examples: [String?] = []) {
        self.name = name
        self.type = type
        self.isOptional = isOptional
        self.examples = examples
    }
}

/// A ClickHouse service: what is configured and what is known of it now.
public struct ServiceStatus: Hashable, Sendable {
    public enum State: String, Sendable, Hashable { case provisioning, running, starting, stopping, stopped, degraded, failed }
    public struct Endpoint: Hashable, Sendable {
        /// `https` (also for plain HTTP, the contract has no other word) or `nativesecure`.
        public var scheme: String
        public var host: String
        public var port: Int
        public var username: String?
        public init(scheme: String, host: String, port: Int, username: String?) {
            self.scheme = scheme
            self.host = host
            self.port = port
            self.username = username
        }
    }

    public var id: String
    public var name: String
    public var isEmbedded: Bool
    public var state: State
    /// ClickHouse version; nil until the server answered once.
    public var version: String?
    public var endpoints: [Endpoint]

    public init(id: String, name: String, isEmbedded: Bool, state: State, version: String?, endpoints: [Endpoint]) {
        self.id = id
        self.name = name
        self.isEmbedded = isEmbedded
        self.state = state
        self.version = version
        self.endpoints = endpoints
    }
}

/// What the API may ask of services.
public protocol ServiceControl: Sendable {
    func statuses() async -> [ServiceStatus]
    /// Starts or stops a service. An embedded server's process follows; a remote one is only used or left alone.
    func setWanted(_ wanted: WantedState, service: String) async throws
}
