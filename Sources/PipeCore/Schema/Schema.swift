/// The shape of a JSON value: one description serves validation, PATCH merging, redaction and the OpenAPI document.
public indirect enum Schema: Sendable, Hashable {
    case string(StringRule)
    case integer(ClosedRange<Int64>)
    case number(ClosedRange<Double>, multipleOf: Double?)
    case boolean
    case array(Schema, count: ClosedRange<Int>, unique: Bool)
    case object(ObjectSchema)
    /// An object with free keys.
    case map(Schema)
    case any

    public static var string: Schema { .string(StringRule()) }
    /// A string with at least one character.
    public static var text: Schema { .string(StringRule(length: 1...Int.max)) }
    public static var uuid: Schema { .string(StringRule(format: .uuid)) }
    public static var dateTime: Schema { .string(StringRule(format: .dateTime)) }
    /// PEM text: must hold a `-----BEGIN` and an `-----END` line.
    public static var pem: Schema { .string(StringRule(format: .pem)) }
    public static var integer: Schema { .integer(Int64.min...Int64.max) }
    public static var number: Schema { .number(-Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude, multipleOf: nil) }

    public static func text(length: ClosedRange<Int>) -> Schema { .string(StringRule(length: length)) }
    /// What people call a thing: one line of text, for it stands in logs.
    public static func name(length: ClosedRange<Int>) -> Schema { .string(StringRule(length: length, format: .line)) }
    public static func oneOf(_ values: [String]) -> Schema { .string(StringRule(allowed: values)) }
    public static func list(_ element: Schema, count: ClosedRange<Int> = 0...Int.max, unique: Bool = false) -> Schema {
        .array(element, count: count, unique: unique)
    }
}

/// What a string may be.
public struct StringRule: Sendable, Hashable {
    public enum Format: String, Sendable { case uuid, dateTime = "date-time", pem, base64, line }

    /// In Unicode characters.
    public var length: ClosedRange<Int>
    /// The closed list of values; empty when any is allowed.
    public var allowed: [String]
    public var format: Format?

    public init(length: ClosedRange<Int> = 0...Int.max, allowed: [String] = [], format: Format? = nil) {
        self.length = length
        self.allowed = allowed
        self.format = format
    }
}

/// A named object: its fields in the order documentation shows them.
public struct ObjectSchema: Sendable, Hashable {
    /// Component name in the OpenAPI document.
    public var name: String
    public var summary: String
    public var fields: [Field]

    public init(_ name: String, _ summary: String = "", fields: [Field]) {
        self.name = name
        self.summary = summary
        self.fields = fields
    }

    public subscript(field name: String) -> Field? { fields.first { $0.name == name } }
}

/// One member of an object and how the API treats it.
public struct Field: Sendable, Hashable {
    public struct Traits: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Must be present on create.
        public static let required = Traits(rawValue: 1)
        /// Set on create; a PATCH may repeat the stored value and nothing else.
        public static let immutable = Traits(rawValue: 2)
        /// Sealed at rest, never returned, never logged.
        public static let secret = Traits(rawValue: 4)
        /// Shown in responses, ignored in requests.
        public static let readOnly = Traits(rawValue: 8)
        /// Accepted in PATCH bodies only (for example `tableMappingsToAdd`); never stored.
        public static let patchOnly = Traits(rawValue: 16)
        /// An empty string means "unset" instead of being a value.
        public static let emptyIsUnset = Traits(rawValue: 32)
        /// A string that spells an integer is read as that integer (Terraform sends some numbers as text).
        public static let integerAsText = Traits(rawValue: 64)
    }

    public var name: String
    public var schema: Schema
    public var summary: String
    public var traits: Traits
    /// Filled in on create when the field is absent, and therefore echoed. Leave nil where the API must not echo a default.
    public var defaultValue: JSONValue?

    public init(
        _ name: String, _ schema: Schema, _ summary: String = "", _ traits: Traits = [], default defaultValue: JSONValue? = nil
    ) {
        self.name = name
        self.schema = schema
        self.summary = summary
        self.traits = traits
        self.defaultValue = defaultValue
    }
}
