/// What the local server needs to know.
public struct EmbeddedServerConfiguration: Sendable, Hashable {
    /// Penstock's data directory; the server owns `<dataDirectory>/clickhouse`.
    public var dataDirectory: String
    /// 0 picks a free port at the first start and keeps it in the data directory.
    public var httpPort: Int
    /// Port of the native protocol, on loopback; nil for none.
    public var tcpPort: Int?
    /// The most memory the server may take, as a share of the machine's; above 0 and up to 1.
    public var memoryShare: Double
    /// A `clickhouse` binary; nil looks at PENSTOCK_CLICKHOUSE_BINARY and then along PATH.
    public var binary: String?
    /// A Python interpreter that can import chdb, for machines without the binary; nil looks at PENSTOCK_PYTHON, then takes `python3`.
    public var python: String?
    /// How long the server may take to stop before it is killed.
    public var stopTimeout: Duration
    /// The environment to look things up in and to hand to the server.
    public var environment: [String: String]

    public init(
        dataDirectory: String, httpPort: Int = 0, tcpPort: Int? = nil, memoryShare: Double = 0.5, binary: String? = nil,
        python: String? = nil, stopTimeout: Duration = .seconds(20), environment: [String: String]
    ) {
        self.dataDirectory = dataDirectory
        self.httpPort = httpPort
        self.tcpPort = tcpPort
        self.memoryShare = memoryShare
        self.binary = binary
        self.python = python
        self.stopTimeout = stopTimeout
        self.environment = environment
    }
}
