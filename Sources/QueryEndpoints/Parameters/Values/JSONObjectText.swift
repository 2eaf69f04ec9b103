/// The text of values of type JSON, which are objects.
enum JSONObjectText {
    /// Throws unless the text is a JSON object.
    static func check(_ text: String) throws(ValueProblem) -> String {
        let value = try LiteralReader.read(text)
        guard case .object = value else { throw ValueProblem(text, "is not a JSON object") }
        return try self.text(value)
    }

    static func text(_ value: GivenValue) throws(ValueProblem) -> String {
        var bytes: [UInt8] = []
        try write(value, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func write(_ value: GivenValue, into bytes: inout [UInt8]) throws(ValueProblem) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .double(let value): bytes += value.description.utf8
        case .number(let text):
            guard isNumber(text) else { throw ValueProblem(text, "is not a number of JSON") }
            bytes += text.utf8
        case .string(let text): try write(text, into: &bytes)
        case .tuple: throw ValueProblem("JSON has no tuples")
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                do { try write(element, into: &bytes) } catch { throw error.inside("[\(index)]") }
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            var names: Set<String> = []
            for (index, member) in members.enumerated() {
                guard case .string(let name) = member.key else { throw ValueProblem("the names of a JSON object are texts") }
                guard names.insert(name).inserted else { throw ValueProblem(name, "stands twice in an object") }
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                try write(name, into: &bytes)
                bytes.append(UInt8(ascii: ":"))
                do { try write(member.value, into: &bytes) } catch { throw error.inside("." + name) }
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, into bytes: inout [UInt8]) throws(ValueProblem) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x00: throw ValueEscapes.nul
            case 0x01...0x1F:
                let digits = Array("0123456789abcdef".utf8)
                bytes += "\\u00".utf8
                bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`, within the range of a Double.
    private static func isNumber(_ text: String) -> Bool {
        guard DecimalText(text) != nil, let value = Double(text), value.isFinite else { return false }
        var bytes = text.utf8[...]
        if bytes.first == UInt8(ascii: "-") { bytes.removeFirst() }
        guard let first = bytes.first, (0x30...0x39).contains(first) else { return false }
        let second = bytes.dropFirst().first
        if first == 0x30, let second, (0x30...0x39).contains(second) { return false }
        guard let point = bytes.firstIndex(of: UInt8(ascii: ".")) else { return true }
        let behind = bytes[bytes.index(after: point)...].first
        return behind.map { (0x30...0x39).contains($0) } ?? false
    }
}
