internal import PipeCore

/// The names that ClickHouse's Avro reader gives to fields inside records: the names on the way joined by dots, and below a union
/// the name of the record that is its branch (25.8, tried: `a.A.b` for `a: [null, A]`).
package struct AvroPaths: Hashable, Sendable {
    private let schema: JSONValue

    /// From the header of an object container file (Avro 1.11): magic, a map with `avro.schema`, and a marker. Nil for other bytes.
    package init?(header: [UInt8]) {
        guard header.starts(with: [0x4f, 0x62, 0x6a, 0x01]) else { return nil }
        var rest = header[4...]
        while let count = Self.long(&rest), count != 0 {
            // A negative count is followed by the size of the block.
            if count < 0, Self.long(&rest) == nil { return nil }
            for _ in 0..<abs(count) {
                guard let name = Self.bytes(&rest), let value = Self.bytes(&rest) else { return nil }
                guard name.elementsEqual("avro.schema".utf8) else { continue }
                guard let schema = try? JSONValue(parsing: Array(value)) else { return nil }
                self.schema = schema
                return
            }
        }
        return nil
    }

    /// The column of a field. A path that the schema does not know is joined as it is, and finds nothing.
    package func column(for path: SourcePath) -> String {
        var result: [String] = []
        var named: [String: JSONValue] = [:]
        Self.remember(schema, in: &named)
        var schema = schema
        for (index, name) in path.names.enumerated() {
            result.append(name)
            guard index + 1 < path.names.count, let field = Self.field(name, of: schema) else {
                result += path.names[(index + 1)...]
                break
            }
            schema = Self.resolved(field, named)
            guard let branches = schema.array else { continue }
            // Of a union, the one record in it.
            guard let record = branches.map({ Self.resolved($0, named) }).first(where: { $0["type"]?.string == "record" }),
                let branch = record["name"]?.string
            else { continue }
            result.append(String(branch.split(separator: ".").last ?? ""))
            schema = record
        }
        return result.joined(separator: ".")
    }

    private static func field(_ name: String, of schema: JSONValue) -> JSONValue? {
        schema["fields"]?.array?.first { $0["name"]?.string == name }?["type"]
    }

    private static func resolved(_ type: JSONValue, _ named: [String: JSONValue]) -> JSONValue {
        if let name = type.string { return named[String(name.split(separator: ".").last ?? "")] ?? type }
        // {"type": {"type": "record", …}}
        if let inner = type["type"], inner.string == nil { return resolved(inner, named) }
        return type
    }

    private static func remember(_ type: JSONValue, in named: inout [String: JSONValue]) {
        if let branches = type.array {
            for branch in branches { remember(branch, in: &named) }
            return
        }
        if type["type"]?.string == "record", let name = type["name"]?.string {
            named[String(name.split(separator: ".").last ?? "")] = type
        }
        for field in type["fields"]?.array ?? [] { if let inner = field["type"] { remember(inner, in: &named) } }
        for member in ["type", "items", "values"] {
            if let inner = type[member], inner.string == nil { remember(inner, in: &named) }
        }
    }

    /// A zigzag long.
    private static func long(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        var (value, shift) = (UInt64(0), UInt64(0))
        while let byte = bytes.popFirst(), shift < 64 {
            value |= UInt64(byte & 0x7f) << shift
            shift += 7
            if byte & 0x80 == 0 { return Int(truncatingIfNeeded: Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)) }
        }
        return nil
    }

    private static func bytes(_ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let length = long(&bytes), length >= 0, length <= bytes.count else { return nil }
        defer { bytes = bytes.dropFirst(length) }
        return bytes.prefix(length)
    }
}
