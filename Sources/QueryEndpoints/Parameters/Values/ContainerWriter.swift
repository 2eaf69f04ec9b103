/// Writes a container as the literal that ClickHouse reads: `['a',NULL]`, `{'k':1}`, `(1,'x')`.
struct ContainerWriter {
    private var bytes: [UInt8] = []

    static func text(_ value: GivenValue, _ type: DataType) throws(ValueProblem) -> String {
        var writer = ContainerWriter()
        try writer.write(value, type)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private mutating func write(_ value: GivenValue, _ type: DataType) throws(ValueProblem) {
        if case .null = value, type.isNullable {
            bytes += "NULL".utf8
            return
        }
        switch type {
        case .nullable(let inner), .lowCardinality(let inner): try write(value, inner)
        case .array(let element):
            let values: [GivenValue]
            switch value {
            case .array(let elements): values = elements
            default: throw mismatch(value, type)
            }
            try list(values, brackets: ("[", "]")) { _ in element }
        case .tuple(let elements): try tuple(value, elements, type)
        case .map(let key, let element):
            guard case .object(let members) = value else { throw mismatch(value, type) }
            try map(members, key, element)
        case .other: try writeUnknown(value)
        default:
            let text = try ScalarText.of(value, type)
            if ScalarText.isQuoted(type) { try ValueEscapes.quoted(text, into: &bytes) } else { bytes += text.utf8 }
        }
    }

    private func mismatch(_ value: GivenValue, _ type: DataType) -> ValueProblem {
        if case .null = value { return ValueProblem("null is not possible; the type is not Nullable") }
        return ValueProblem("\(value.kindName) is not \(ScalarText.shape(of: type))")
    }

    private mutating func list(
        _ values: [GivenValue], brackets: (Unicode.Scalar, Unicode.Scalar), type: (Int) -> DataType
    ) throws(ValueProblem) {
        bytes.append(UInt8(ascii: brackets.0))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            do { try write(value, type(index)) } catch { throw error.inside("[\(index)]") }
        }
        bytes.append(UInt8(ascii: brackets.1))
    }

    /// By position from a tuple or an array, by name from an object.
    private mutating func tuple(_ value: GivenValue, _ elements: [DataType.TupleElement], _ type: DataType) throws(ValueProblem) {
        let values: [GivenValue]
        switch value {
        case .tuple(let given), .array(let given):
            guard given.count == elements.count else {
                throw ValueProblem("\(given.count) elements were given for a tuple of \(elements.count)")
            }
            values = given
        case .object(let members):
            var byName: [String: GivenValue] = [:]
            for member in members {
                guard case .string(let name) = member.key else { throw mismatch(value, type) }
                guard elements.contains(where: { $0.name == name }) else { throw ValueProblem(name, "is no element of the tuple") }
                guard byName.updateValue(member.value, forKey: name) == nil else { throw ValueProblem(name, "stands twice in a tuple") }
            }
            var ordered: [GivenValue] = []
            for element in elements {
                guard let name = element.name else { throw mismatch(value, type) }
                guard let value = byName[name] else { throw ValueProblem("the element '\(name.clipped(to: 80))' of the tuple is missing") }
                ordered.append(value)
            }
            values = ordered
        default: throw mismatch(value, type)
        }
        try list(values, brackets: ("(", ")")) { elements[$0].type }
    }

    private mutating func map(_ members: [(key: GivenValue, value: GivenValue)], _ key: DataType, _ element: DataType) throws(ValueProblem)
    {
        bytes.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            do { try write(member.key, key) } catch { throw error.inside(".keys[\(index)]") }
            bytes.append(UInt8(ascii: ":"))
            do { try write(member.value, element) } catch {
                if case .string(let name) = member.key { throw error.inside("." + name.clipped(to: 40)) }
                throw error.inside(".values[\(index)]")
            }
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// A value whose type is not known here, with nothing but its quotes and escapes made ClickHouse's.
    private mutating func writeUnknown(_ value: GivenValue) throws(ValueProblem) {
        let unknown = DataType.other("")
        switch value {
        case .null: bytes += "NULL".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .double(let value): bytes += value.description.utf8
        case .number(let text): bytes += text.utf8
        case .string(let text): try ValueEscapes.quoted(text, into: &bytes)
        case .array(let elements): try list(elements, brackets: ("[", "]")) { _ in unknown }
        case .tuple(let elements): try list(elements, brackets: ("(", ")")) { _ in unknown }
        case .object(let members): try map(members, unknown, unknown)
        }
    }
}
