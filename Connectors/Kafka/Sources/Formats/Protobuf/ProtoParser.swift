/// Reads `.proto` files (language specifications of proto2, proto3 and editions). Services, options and extensions are passed over:
/// they say nothing about how messages stand in bytes.
struct ProtoParser {
    private enum Syntax { case proto2, proto3, editions }

    private var tokens: ProtoTokens
    private var syntax = Syntax.proto2
    private var file = ProtoFile()

    private static let maximumDepth = 50

    static func parse(_ text: [UInt8], name: String = "") throws(ProtoFile.Fault) -> ProtoFile {
        var parser = ProtoParser(tokens: try ProtoTokens(text))
        parser.file.name = name
        try parser.readFile()
        return parser.file
    }

    private init(tokens: ProtoTokens) { self.tokens = tokens }

    private mutating func readFile() throws(ProtoFile.Fault) {
        while tokens.next != .end {
            if try tokens.skip(";") { continue }
            let word = try tokens.word()
            switch word {
            case "syntax", "edition":
                try tokens.expect("=")
                let value = try tokens.text()
                syntax = word == "edition" ? .editions : value == "proto3" ? .proto3 : .proto2
                try tokens.expect(";")
            case "package":
                file.package = try tokens.word()
                try tokens.expect(";")
            case "import":
                if case .word = tokens.next { _ = try tokens.word() }
                file.imports.append(try tokens.text())
                try tokens.expect(";")
            case "option": try tokens.skip(through: ";")
            case "message": file.messages.append(try message(depth: 0))
            case "enum": file.enums.append(try enumeration())
            case "service", "extend":
                _ = try tokens.word()
                try tokens.expect("{")
                try tokens.skip(through: "}")
            default: throw tokens.fault("'\(word.prefix(40))' where a message, enum or import should be")
            }
        }
    }

    private mutating func message(depth: Int) throws(ProtoFile.Fault) -> ProtoFile.Message {
        guard depth < Self.maximumDepth else { throw tokens.fault("messages nested more than \(Self.maximumDepth) deep") }
        var message = ProtoFile.Message(name: try tokens.word())
        try tokens.expect("{")
        try body(of: &message, depth: depth)
        return message
    }

    /// Up to and including the closing brace.
    private mutating func body(of message: inout ProtoFile.Message, depth: Int) throws(ProtoFile.Fault) {
        while true {
            if try tokens.skip("}") { return }
            if try tokens.skip(";") { continue }
            let word = try tokens.word()
            switch word {
            case "message": message.messages.append(try self.message(depth: depth + 1))
            case "enum": message.enums.append(try enumeration())
            case "option", "reserved", "extensions": try tokens.skip(through: ";")
            case "extend":
                _ = try tokens.word()
                try tokens.expect("{")
                try tokens.skip(through: "}")
            case "oneof":
                _ = try tokens.word()
                try tokens.expect("{")
                while try !tokens.skip("}") {
                    if try tokens.skip(";") { continue }
                    let type = try tokens.word()
                    if type == "option" {
                        try tokens.skip(through: ";")
                    } else {
                        try field(type, .explicit, in: &message, depth: depth)
                    }
                }
            case "optional": try field(tokens.word(), .explicit, in: &message, depth: depth)
            case "required": try field(tokens.word(), .required, in: &message, depth: depth)
            case "repeated": try field(tokens.word(), .repeated, in: &message, depth: depth)
            case "map" where tokens.next == .symbol(UInt8(ascii: "<")): try map(in: &message)
            // Fields of editions have presence unless an option says otherwise, which makes no difference but for zeros.
            default: try field(word, syntax == .proto3 ? .implicit : .explicit, in: &message, depth: depth)
            }
        }
    }

    private mutating func field(
        _ type: String, _ label: ProtoFile.Label, in message: inout ProtoFile.Message, depth: Int
    ) throws(ProtoFile.Fault) {
        if type == "group" {
            var group = ProtoFile.Message(name: try tokens.word())
            try tokens.expect("=")
            let number = Int(try tokens.integer())
            if try tokens.skip("[") { try tokens.skip(through: "]") }
            try tokens.expect("{")
            try body(of: &group, depth: depth + 1)
            message.fields.append(
                ProtoFile.Field(name: group.name.lowercased(), number: number, label: label, type: .named(group.name)))
            message.messages.append(group)
            return
        }
        let name = try tokens.word()
        message.fields.append(
            ProtoFile.Field(name: name, number: try numberAndOptions(), label: label, type: Self.type(type)))
    }

    private mutating func map(in message: inout ProtoFile.Message) throws(ProtoFile.Fault) {
        try tokens.expect("<")
        guard let key = ProtoFile.Scalar(rawValue: try tokens.word()) else { throw tokens.fault("a map whose key is no scalar") }
        try tokens.expect(",")
        let value = try tokens.word()
        try tokens.expect(">")
        let name = try tokens.word()
        message.fields.append(
            ProtoFile.Field(name: name, number: try numberAndOptions(), label: .repeated, type: Self.type(value), mapKey: key))
    }

    private static func type(_ name: String) -> ProtoFile.TypeName { ProtoFile.Scalar(rawValue: name).map { .scalar($0) } ?? .named(name) }

    private mutating func numberAndOptions() throws(ProtoFile.Fault) -> Int {
        try tokens.expect("=")
        let number = Int(try tokens.integer())
        guard (1...0x1fff_ffff).contains(number) else { throw tokens.fault("the field number \(number)") }
        if try tokens.skip("[") { try tokens.skip(through: "]") }
        try tokens.expect(";")
        return number
    }

    private mutating func enumeration() throws(ProtoFile.Fault) -> ProtoFile.Enumeration {
        var result = ProtoFile.Enumeration(name: try tokens.word())
        try tokens.expect("{")
        while try !tokens.skip("}") {
            if try tokens.skip(";") { continue }
            let name = try tokens.word()
            if name == "option" || name == "reserved" {
                try tokens.skip(through: ";")
                continue
            }
            try tokens.expect("=")
            guard let number = Int32(exactly: try tokens.integer()) else { throw tokens.fault("a value of an enum beyond 32 bits") }
            if try tokens.skip("[") { try tokens.skip(through: "]") }
            try tokens.expect(";")
            result.values.append(ProtoFile.Enumeration.Value(name: name, number: number))
        }
        guard !result.values.isEmpty else { throw tokens.fault("the enum \(result.name) without values") }
        return result
    }
}
