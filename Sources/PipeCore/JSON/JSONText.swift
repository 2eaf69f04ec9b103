private import FoundationEssentials

/// JSON text in, JSON text out: the only file of this module that needs a JSON library.
public enum JSONText {
    /// Reads a value from UTF-8 JSON.
    public static func decode<Value: Decodable>(_ type: Value.Type = Value.self, from text: some Sequence<UInt8>) throws
        -> Value
    {
        try JSONDecoder().decode(type, from: Data(text))
    }

    public static func decode<Value: Decodable>(_ type: Value.Type = Value.self, from text: String) throws -> Value {
        try decode(type, from: text.utf8)
    }

    /// UTF-8 JSON with sorted keys, so that equal values have equal text; slashes are not escaped.
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    public static func string(_ value: some Encodable) throws -> String {
        String(decoding: try encode(value), as: UTF8.self)
    }
}

extension JSONValue {
    /// The typed form of this document.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONText.decode(type, from: JSONText.encode(self))
    }

    /// The document form of a typed value.
    public init(encoding value: some Encodable) throws {
        self = try JSONText.decode(JSONValue.self, from: JSONText.encode(value))
    }
}
