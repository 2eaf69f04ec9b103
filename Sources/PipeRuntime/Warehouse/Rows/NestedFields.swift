internal import ClickHouse
internal import PipeCore

/// The fields to declare for a set of paths: what lies in objects is declared as a named Tuple, which ClickHouse's parsers fill
/// from objects, with the defaults of the types for what is missing (25.8, tried for JSONEachRow and Protobuf).
struct NestedFields {
    private struct Node {
        var name: String
        /// Of the field itself, when it is mapped.
        var type: String?
        var children: [Node] = []
    }

    /// How a format shows what lies in objects.
    enum Style: Sendable, Hashable {
        /// Fields of the top level only; a dot is a character of a name.
        case flat
        case tuples(textHoldsJSON: Bool)
        /// Avro's fields of records have columns of their own, named by the whole path; the schema says how it is written.
        case paths(AvroPaths)
    }

    private let style: Style
    private var roots: [Node] = []

    init(style: Style) { self.style = style }

    /// Enters a field. A field that is there already keeps its first type.
    mutating func add(_ path: SourcePath, type: String) {
        Self.add(names(path)[...], type: type, to: &roots)
    }

    private static func add(_ names: ArraySlice<String>, type: String, to nodes: inout [Node]) {
        guard let name = names.first else { return }
        let index: Int
        if let known = nodes.firstIndex(where: { $0.name == name }) {
            index = known
        } else {
            index = nodes.count
            nodes.append(Node(name: name))
        }
        if names.count > 1 {
            add(names.dropFirst(), type: type, to: &nodes[index].children)
        } else if nodes[index].type == nil {
            nodes[index].type = type
        }
    }

    private func names(_ path: SourcePath) -> [String] {
        switch style {
        case .flat: [path.names.joined(separator: ".")]
        case .tuples: path.names
        case .paths(let paths): [paths.column(for: path)]
        }
    }

    var isEmpty: Bool { roots.isEmpty }

    /// Name and type of each field of the top level, in the order they were added.
    var declared: [(name: String, type: String)] { roots.map { ($0.name, Self.type($0)) } }

    /// A value of the top level that is mapped itself is declared as it is; what is mapped of its inside is taken out of it.
    private static func type(_ node: Node) -> String {
        if let type = node.type { return type }
        return "Tuple(\(node.children.map { "\(Identifier.quoted($0.name)) \(type($0))" }.joined(separator: ", ")))"
    }

    /// The SQL of a field that was added, of ClickHouse type `type`. Nil when the field lies inside one that is mapped itself, of a
    /// type that cannot be looked into.
    func expression(_ path: SourcePath, type: String) -> String? {
        let names = names(path)
        guard var node = roots.first(where: { $0.name == names[0] }) else { return nil }
        var sql = Identifier.quoted(node.name)
        for (index, name) in names.dropFirst().enumerated() {
            if let whole = node.type { return inside(sql, of: whole, names: Array(names[(index + 1)...]), type: type) }
            guard let child = node.children.first(where: { $0.name == name }) else { return nil }
            sql = "tupleElement(\(sql), \(Literal.string(name)))"
            node = child
        }
        // A path to an object, of which something is mapped besides, is declared as the object.
        guard let declared = node.type else { return nil }
        return declared == type ? sql : "CAST(\(sql), \(Literal.string(type)))"
    }

    /// A value in the JSON text of an object. NULL, which becomes the column's default, where it is missing.
    private func inside(_ sql: String, of whole: String, names: [String], type: String) -> String? {
        guard style == .tuples(textHoldsJSON: true), Self.bare(whole) == "String" else { return nil }
        let path = names.map(Literal.string).joined(separator: ", ")
        let scalar = Self.bare(type)
        if scalar.contains("(") && !["DateTime", "Decimal", "FixedString", "Enum"].contains(where: { scalar.hasPrefix($0) }) {
            return "JSONExtract(ifNull(\(sql), ''), \(path), \(Literal.string(type)))"
        }
        return
            "CAST(JSONExtract(ifNull(\(sql), ''), \(path), 'Nullable(String)'), \(Literal.string("Nullable(\(scalar))")))"
    }

    /// Without LowCardinality and Nullable.
    static func bare(_ type: String) -> String {
        for wrapper in ["LowCardinality(", "Nullable("] where type.hasPrefix(wrapper) && type.hasSuffix(")") {
            return bare(String(type.dropFirst(wrapper.count).dropLast()))
        }
        return type
    }
}
