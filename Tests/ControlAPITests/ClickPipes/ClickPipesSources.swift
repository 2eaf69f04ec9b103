import Connectors
import PipeCore

/// A real source description with a test's idea of what it can do: its rules are the connector's, its I/O is not.
protocol WrappedSource: SourceConfiguration {
    associatedtype Base: SourceConfiguration
    var base: Base { get set }
    init(base: Base)
}

extension WrappedSource {
    init(from decoder: any Decoder) throws { self.init(base: try Base(from: decoder)) }
    func encode(to encoder: any Encoder) throws { try base.encode(to: encoder) }
    static var kind: String { Base.kind }
    static var family: PipeFamily { Base.family }
    static var schema: ObjectSchema { Base.schema }
    func problems() -> [Problem] { base.problems() }
    func problems(updating stored: Self, patch: JSONValue, isAtRest: Bool) -> [Problem] {
        base.problems(updating: stored.base, patch: patch, isAtRest: isAtRest)
    }
    static func completed(_ document: JSONValue, patch: JSONValue?, pipe: PipeID) -> JSONValue {
        Base.completed(document, patch: patch, pipe: pipe)
    }
    var label: String { base.label }
}

/// A source without a connector, whatever the build has.
struct DescribedSource<Base: SourceConfiguration>: WrappedSource { var base: Base }

/// A source with a connector. What its probe finds is written in its document: a value that holds `denied` is refused, one that
/// holds `slow` gets a hint, one that holds `unreadable` gives no sample.
struct RunnableFake<Base: SourceConfiguration>: WrappedSource, RunnableSource {
    var base: Base

    static var virtualColumns: [VirtualColumn] { [VirtualColumn("_file", "String")] }

    private func mentions(_ word: String) -> Bool { ((try? JSONText.string(base)) ?? "").contains(word) }

    func probe(_ context: ProbeContext) async -> [Finding] {
        var findings: [Finding] = []
        if mentions("denied") { findings.append(Finding(.failure, Self.path["credentials"], "failed to access the source")) }
        if mentions("slow") { findings.append(Finding(.hint, Self.path, "is far away")) }
        return findings
    }

    func makeSource(_ context: SourceContext) throws -> EmptySource { EmptySource() }

    func sample(_ context: ProbeContext) async throws -> SchemaSample {
        if mentions("unreadable") { throw PipeError(.sourceMissing, .user, side: .source, "no file matches the url") }
        return .rows(EncodedRows(bytes: Array(#"{"id":1}"#.utf8), rowCount: 1, format: "JSONEachRow"))
    }
}

/// A database with a connector. What it finds and does is written in its document like that of ``RunnableFake``: with `gone` in it the
/// source cannot be reached when it has to give something back, with `stuck` a resync is refused.
struct DatabaseFake<Base: SourceConfiguration>: WrappedSource, DatabaseSource {
    var base: Base

    static var virtualColumns: [VirtualColumn] { [] }

    private var document: JSONValue { (try? JSONValue(encoding: base)) ?? .null }
    private func mentions(_ word: String) -> Bool { ((try? JSONText.string(document)) ?? "").contains(word) }

    func probe(_ context: ProbeContext) async -> [Finding] {
        mentions("denied") ? [Finding(.failure, Self.path["credentials"], "failed to access the source")] : []
    }

    func makeSource(_ context: SourceContext) throws -> EmptySource { EmptySource() }

    func sample(_ context: ProbeContext) async throws -> SchemaSample { throw PipeError.unreachable }

    var mappedTables: [MappedTable] {
        (document["tableMappings"]?.array ?? []).map { mapping in
            MappedTable(
                source: "\(mapping["sourceSchemaName"]?.string ?? "").\(mapping["sourceTable"]?.string ?? "")",
                target: mapping["targetTable"]?.string ?? "")
        }
    }

    var takesSnapshot: Bool { document["settings"]?["replicationMode"] != "cdc_only" }

    func targetTables(_ context: ProbeContext) async throws -> [TargetTable] {
        mappedTables.map { TargetTable($0.target, columns: [.init("id", "Int64")], sortingKey: ["id"]) }
    }

    func resynced(_ checkpoint: StoredCheckpoint, of pipe: PipeID, targets: [String]?) async throws -> StoredCheckpoint {
        if mentions("stuck") { throw PipeError("SLOT_ACTIVE", .user, side: .source, "the slot is in use") }
        var positions = checkpoint.positions
        positions[Lane("resync")] = .array((targets ?? ["all"]).map { .string($0) })
        return StoredCheckpoint(positions: positions)
    }

    func removeTraces(of pipe: PipeID, checkpoint: StoredCheckpoint) async throws {
        if mentions("gone") { throw PipeError.unreachable }
    }
}

extension PipeError {
    fileprivate static let unreachable = PipeError(.sourceUnreachable, .retry, side: .source, "connection refused")
}

/// A source with nothing to read.
struct EmptySource: Source {
    struct Position: SourcePosition {}
    struct Extent: SourceExtent { var end: Position }
    func read(from checkpoint: Checkpoint<Extent>, into output: some BatchOutput<Extent>) async throws {}
    func acknowledge(_ position: Position, in lane: Lane) async throws {}
}

extension SourceCatalog {
    /// All sources of the contract, none of them with a connector.
    static let described = SourceCatalog(
        Connectors.all.kinds.map { type in
            func wrap<Base: SourceConfiguration>(_ type: Base.Type) -> any SourceConfiguration.Type { DescribedSource<Base>.self }
            return wrap(type)
        })

    /// All sources of the contract, each able to map tables.
    static let databases = SourceCatalog(
        Connectors.all.kinds.map { type in
            func wrap<Base: SourceConfiguration>(_ type: Base.Type) -> any SourceConfiguration.Type { DatabaseFake<Base>.self }
            return wrap(type)
        })

    /// All sources of the contract, each with a connector.
    static let runnable = SourceCatalog(
        Connectors.all.kinds.map { type in
            func wrap<Base: SourceConfiguration>(_ type: Base.Type) -> any SourceConfiguration.Type { RunnableFake<Base>.self }
            return wrap(type)
        })
}
