/// A source kind's part of a pipe, decoded: the arm of `source` in the API. Every kind of the contract has one, whether or
/// not its connector is built; a kind that can also run conforms to ``RunnableSource``.
public protocol SourceConfiguration: Codable, Hashable, Sendable {
    /// The arm's name in `source`, for example `objectStorage`.
    static var kind: String { get }
    static var family: PipeFamily { get }
    /// The shape of the arm with the API treatment of each field: required, immutable, secret, default.
    static var schema: ObjectSchema { get }

    /// The rules a schema cannot say. Pure; field paths start with `source.<kind>`.
    func problems() -> [Problem]

    /// The rules that compare an update with what is stored, for example "authentication may not change to or from
    /// SERVICE_ACCOUNT". `patch` is the checked PATCH arm, so that patch-only fields can be seen.
    func problems(updating stored: Self, patch: JSONValue, isAtRest: Bool) -> [Problem]

    /// The document as stored: fills in values that depend on the pipe, such as Kafka's default consumer group, and applies
    /// patch-only fields such as `tableMappingsToAdd`.
    static func completed(_ document: JSONValue, patch: JSONValue?, pipe: PipeID) -> JSONValue

    /// The value of the metric label `clickpipe_source`, for example `s3` or `confluent`.
    var label: String { get }

    /// Repeated batches must be recognised by the destination: a table that cannot deduplicate is refused.
    var needsDeduplication: Bool { get }
}

extension SourceConfiguration {
    public func problems(updating stored: Self, patch: JSONValue, isAtRest: Bool) -> [Problem] { [] }
    public static func completed(_ document: JSONValue, patch: JSONValue?, pipe: PipeID) -> JSONValue { document }
    public var label: String { Self.kind }
    public var needsDeduplication: Bool { false }
    public static var path: FieldPath { FieldPath("source")[kind] }
    public var kind: String { Self.kind }
    public var family: PipeFamily { Self.family }
}

/// A source kind whose connector is in this build: the configuration is the factory.
public protocol RunnableSource: SourceConfiguration {
    associatedtype Instance: Source

    /// All the I/O of validation: reachability, credentials, privileges. Called before a pipe is created or repointed.
    /// Messages use the words official clients recognise, such as `failed to access`.
    func probe(_ context: ProbeContext) async -> [Finding]

    func makeSource(_ context: SourceContext) throws -> Instance

    /// How a warehouse should look at sample rows, for schema discovery. Throws ``PipeError``.
    func sample(_ context: ProbeContext) async throws -> SchemaSample

    /// Columns a mapping may name besides the fields of the rows.
    static var virtualColumns: [VirtualColumn] { get }
}

/// A result of a probe.
public struct Finding: Hashable, Sendable {
    public enum Severity: Hashable, Sendable { case failure, hint }
    public var severity: Severity
    public var field: FieldPath
    public var message: String

    public init(_ severity: Severity, _ field: FieldPath, _ message: String) {
        self.severity = severity
        self.field = field
        self.message = message
    }
}

/// A column that the source adds to each row, such as `_file`.
public struct VirtualColumn: Hashable, Sendable {
    public var name: String
    /// ClickHouse type.
    public var type: String
    public init(_ name: String, _ type: String) {
        self.name = name
        self.type = type
    }

    /// The field that carries it in rows that a connector encodes; no field of the source has such a name.
    public var fieldName: String { "__penstock" + name }
}

/// What discovery hands to the warehouse, whose own inference names the types.
public enum SchemaSample: Sendable {
    /// Rows taken from the source.
    case rows(EncodedRows)
    /// Objects that the warehouse reads itself.
    case load(RemoteLoad)
}

/// What probes and samples may use.
public struct ProbeContext: Sendable {
    /// The pipe asks for samples to be read too (`source.validateSamples`).
    public var readsSamples: Bool
    public init(readsSamples: Bool = false) { self.readsSamples = readsSamples }
}
