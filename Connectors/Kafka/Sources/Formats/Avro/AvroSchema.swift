internal import PipeCore

/// A schema of Avro (specification 1.11), as far as it says how datums stand in bytes: what separates one from the next.
///
/// Names, defaults, orders and logical types are ClickHouse's business; the schema's text goes to it as it is.
struct AvroSchema: Sendable {
    /// One type. Other types are named by their place in ``nodes``.
    enum Node: Hashable, Sendable {
        case null, boolean, int, long, float, double, bytes
        case fixed(Int)
        case enumeration(Int)
        case array(Int)
        case map(Int)
        /// A range of ``children``.
        case union(Range<Int>)
        /// A range of ``children``.
        case record(Range<Int>)
    }

    private(set) var nodes: [Node] = []
    private(set) var children: [Int] = []
    private(set) var root = 0
    /// Some record contains itself.
    private(set) var isRecursive = false

    struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        var description: String
    }

    private static let maximumDepth = 100
    private static let maximumNodes = 100_000

    /// - Parameter text: JSON.
    init(_ text: [UInt8]) throws(Fault) {
        let document: JSONValue
        do { document = try JSONValue(parsing: text) } catch { throw Fault(description: "the schema is not JSON: \(error)") }
        try self.init(document)
    }

    init(_ document: JSONValue) throws(Fault) {
        var names = Names()
        root = try read(document, namespace: "", &names, depth: 0)
    }

    var isRecord: Bool {
        if case .record = nodes[root] { true } else { false }
    }

    private struct Names {
        var known: [String: Int] = [:]
        /// Records whose fields are being read.
        var open: Set<Int> = []
    }

    private static let primitives: [String: Node] = [
        "null": .null, "boolean": .boolean, "int": .int, "long": .long, "float": .float, "double": .double, "bytes": .bytes,
        "string": .bytes,
    ]

    private mutating func add(_ node: Node) throws(Fault) -> Int {
        guard nodes.count < Self.maximumNodes else { throw Fault(description: "the schema has more than \(Self.maximumNodes) types") }
        nodes.append(node)
        return nodes.count - 1
    }

    private mutating func read(_ value: JSONValue, namespace: String, _ names: inout Names, depth: Int) throws(Fault) -> Int {
        guard depth < Self.maximumDepth else { throw Fault(description: "the schema is nested more than \(Self.maximumDepth) deep") }
        switch value {
        case .string(let name):
            return Self.primitives[name] == nil ? try named(name, namespace: namespace, names) : try primitive(name)
        case .array(let branches):
            var members: [Int] = []
            for branch in branches { members.append(try read(branch, namespace: namespace, &names, depth: depth + 1)) }
            guard !members.isEmpty else { throw Fault(description: "the schema has a union without branches") }
            return try add(.union(list(members)))
        case .object: return try read(object: value, namespace: namespace, &names, depth: depth)
        default: throw Fault(description: "the schema has \(value.kindName) where a type should be")
        }
    }

    private func find(_ name: String, namespace: String, _ names: Names) throws(Fault) -> Int {
        if let known = names.known[name.contains(".") || namespace.isEmpty ? name : "\(namespace).\(name)"] { return known }
        if let known = names.known[name] { return known }
        throw Fault(description: "the schema names a type '\(name)' that it does not define before")
    }

    private mutating func list(_ members: [Int]) -> Range<Int> {
        let start = children.count
        children += members
        return start..<children.count
    }

    private mutating func read(object: JSONValue, namespace: String, _ names: inout Names, depth: Int) throws(Fault) -> Int {
        guard let type = object["type"] else { throw Fault(description: "the schema has a type without \"type\"") }
        guard let kind = type.string else { return try read(type, namespace: namespace, &names, depth: depth + 1) }
        switch kind {
        case "array", "map":
            guard let element = object[kind == "array" ? "items" : "values"] else {
                throw Fault(description: "the schema has \(kind == "array" ? "an array without \"items\"" : "a map without \"values\"")")
            }
            let node = try read(element, namespace: namespace, &names, depth: depth + 1)
            return try add(kind == "array" ? .array(node) : .map(node))
        case "fixed":
            guard let size = object["size"]?.integer, (0...(1 << 30)).contains(size) else {
                throw Fault(description: "the schema has a fixed without a fitting \"size\"")
            }
            let node = try add(.fixed(Int(size)))
            try define(object, namespace: namespace, node, &names)
            return node
        case "enum":
            guard let symbols = object["symbols"]?.array, !symbols.isEmpty else {
                throw Fault(description: "the schema has an enum without \"symbols\"")
            }
            let node = try add(.enumeration(symbols.count))
            try define(object, namespace: namespace, node, &names)
            return node
        case "record", "error":
            guard let fields = object["fields"]?.array else { throw Fault(description: "the schema has a record without \"fields\"") }
            let node = try add(.record(0..<0))
            let inner = try define(object, namespace: namespace, node, &names)
            names.open.insert(node)
            var members: [Int] = []
            for field in fields {
                guard let type = field["type"] else { throw Fault(description: "the schema has a field without \"type\"") }
                let member = try read(type, namespace: inner, &names, depth: depth + 1)
                members.append(member)
            }
            names.open.remove(node)
            nodes[node] = .record(list(members))
            return node
        default:
            if Self.primitives[kind] == nil { return try named(kind, namespace: namespace, names) }
            return try primitive(kind)
        }
    }

    private mutating func primitive(_ name: String) throws(Fault) -> Int {
        guard let node = Self.primitives[name] else { throw Fault(description: "the schema names an unknown type '\(name)'") }
        return try add(node)
    }

    private mutating func named(_ name: String, namespace: String, _ names: Names) throws(Fault) -> Int {
        let node = try find(name, namespace: namespace, names)
        if names.open.contains(node) { isRecursive = true }
        return node
    }

    /// Notes a type's name; returns the namespace that types within it are in.
    @discardableResult
    private func define(_ object: JSONValue, namespace: String, _ node: Int, _ names: inout Names) throws(Fault) -> String {
        guard let name = object["name"]?.string, !name.isEmpty else {
            throw Fault(description: "the schema has a named type without \"name\"")
        }
        var full = name
        if !name.contains(".") {
            let space = object["namespace"]?.string ?? namespace
            if !space.isEmpty { full = "\(space).\(name)" }
        }
        guard names.known.updateValue(node, forKey: full) == nil else {
            throw Fault(description: "the schema defines '\(full)' twice")
        }
        return full.lastIndex(of: ".").map { String(full[..<$0]) } ?? ""
    }
}
