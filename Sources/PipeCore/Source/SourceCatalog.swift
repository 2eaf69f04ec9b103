/// The source kinds this build knows, by the name of their arm in `source`.
public struct SourceCatalog: Sendable {
    public private(set) var kinds: [any SourceConfiguration.Type]

    public init(_ kinds: [any SourceConfiguration.Type]) { self.kinds = kinds }

    public subscript(kind: String) -> (any SourceConfiguration.Type)? { kinds.first { $0.kind == kind } }

    public var names: [String] { kinds.map { $0.kind } }
}
