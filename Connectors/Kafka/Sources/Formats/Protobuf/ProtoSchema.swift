/// Messages and enums of a schema with all their names resolved.
struct ProtoSchema: Sendable {
    typealias Fault = ProtoFile.Fault

    indirect enum Value: Sendable, Hashable {
        case scalar(ProtoFile.Scalar)
        /// Places in ``enums`` and ``messages``.
        case enumeration(Int)
        case message(Int)
    }

    struct Field: Sendable, Hashable {
        var name: String
        var number: Int
        var label: ProtoFile.Label
        var value: Value
        var mapKey: ProtoFile.Scalar?
    }

    struct Message: Sendable, Hashable {
        /// Complete, without a dot in front.
        var name: String
        var fields: [Field] = []
        /// Messages declared within it, in their order, for the indexes of Confluent's header.
        var nested: [Int] = []
    }

    private(set) var messages: [Message] = []
    private(set) var enums: [ProtoFile.Enumeration] = []
    /// Top-level messages of the main file, in their order.
    private(set) var roots: [Int] = []

    /// - Parameters:
    ///   - main: the file that declares the messages of the topic.
    ///   - others: files it imports, in any order. Those of Google's may be absent.
    init(main: ProtoFile, others: [ProtoFile] = []) throws(Fault) {
        var files: [ProtoFile] = []
        var known: Set<String> = []
        var waiting = [main]
        while let file = waiting.popLast() {
            files.append(file)
            for name in file.imports where known.insert(name).inserted {
                if let other = others.first(where: { $0.name == name }) ?? ProtoWellKnown.file(name) {
                    waiting.append(other)
                } else {
                    throw Fault(description: "the Protobuf schema imports '\(name)', which is not given")
                }
            }
        }
        var linking = Linking()
        for file in files {
            let declared = try linking.declare(file)
            if file == main, roots.isEmpty { roots = declared }
        }
        guard !roots.isEmpty else { throw Fault(description: "the Protobuf schema declares no message") }
        try linking.resolve()
        messages = linking.messages
        enums = linking.enums
    }

    /// The message that the indexes of Confluent's header name: one of the file, then one within that, and so on.
    func message(at path: [Int]) -> Int? {
        var level = roots
        var found: Int?
        for index in path {
            guard level.indices.contains(index) else { return nil }
            found = level[index]
            level = messages[level[index]].nested
        }
        return found
    }

    private struct Linking {
        var messages: [Message] = []
        var enums: [ProtoFile.Enumeration] = []
        private var sources: [ProtoFile.Message] = []
        private var isMapEntry: [Bool] = []
        private var names: [String: Value] = [:]

        mutating func declare(_ file: ProtoFile) throws(Fault) -> [Int] {
            for enumeration in file.enums { try declare(enumeration, in: file.package) }
            var declared: [Int] = []
            for message in file.messages { declared.append(try declare(message, in: file.package)) }
            return declared
        }

        private mutating func declare(_ enumeration: ProtoFile.Enumeration, in scope: String) throws(Fault) {
            guard !enumeration.values.isEmpty else {
                throw Fault(description: "the Protobuf schema has the enum \(enumeration.name) without values")
            }
            try note(Self.join(scope, enumeration.name), .enumeration(enums.count))
            enums.append(ProtoFile.Enumeration(name: Self.join(scope, enumeration.name), values: enumeration.values))
        }

        private mutating func declare(_ message: ProtoFile.Message, in scope: String) throws(Fault) -> Int {
            guard messages.count < 20_000 else { throw Fault(description: "the Protobuf schema has too many messages") }
            let place = messages.count
            let name = Self.join(scope, message.name)
            try note(name, .message(place))
            messages.append(Message(name: name))
            sources.append(message)
            isMapEntry.append(message.isMapEntry)
            for enumeration in message.enums { try declare(enumeration, in: name) }
            var nested: [Int] = []
            for inner in message.messages { nested.append(try declare(inner, in: name)) }
            messages[place].nested = nested
            return place
        }

        private mutating func note(_ name: String, _ value: Value) throws(Fault) {
            guard names.updateValue(value, forKey: name) == nil else {
                throw Fault(description: "the Protobuf schema declares '\(name)' twice")
            }
        }

        mutating func resolve() throws(Fault) {
            for place in messages.indices {
                var fields: [Field] = []
                var numbers: Set<Int> = []
                for field in sources[place].fields {
                    guard numbers.insert(field.number).inserted else {
                        throw Fault(description: "\(messages[place].name) has two fields with the number \(field.number)")
                    }
                    let value = try find(field.type, from: messages[place].name)
                    var resolved = Field(
                        name: field.name, number: field.number, label: field.label, value: value, mapKey: field.mapKey)
                    // Descriptors say "repeated entry" where a file says "map".
                    if case .message(let entry) = value, isMapEntry[entry], field.label == .repeated {
                        guard let key = sources[entry].fields.first(where: { $0.number == 1 }), case .scalar(let kind) = key.type,
                            let content = sources[entry].fields.first(where: { $0.number == 2 })
                        else { throw Fault(description: "\(messages[entry].name) is no entry of a map") }
                        resolved.mapKey = kind
                        resolved.value = try find(content.type, from: messages[entry].name)
                    }
                    fields.append(resolved)
                }
                messages[place].fields = fields
            }
        }

        /// Innermost scope first.
        private func find(_ type: ProtoFile.TypeName, from scope: String) throws(Fault) -> Value {
            switch type {
            case .scalar(let scalar): return .scalar(scalar)
            case .named(let name):
                if name.hasPrefix(".") {
                    if let found = names[String(name.dropFirst())] { return found }
                } else {
                    var scope = Substring(scope)
                    while true {
                        if let found = names[scope.isEmpty ? name : "\(scope).\(name)"] { return found }
                        if scope.isEmpty { break }
                        scope = scope.lastIndex(of: ".").map { scope[..<$0] } ?? ""
                    }
                }
                throw Fault(description: "the Protobuf schema names a type '\(name.prefix(100))' that it does not declare")
            }
        }

        private static func join(_ scope: String, _ name: String) -> String { scope.isEmpty ? name : "\(scope).\(name)" }
    }
}
