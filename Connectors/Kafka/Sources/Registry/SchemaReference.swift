package import PipeCore

/// What names a schema in a registry.
package enum SchemaReference: Hashable, Sendable {
    /// Of Confluent's API.
    case id(Int32)
    /// The version of a Glue schema.
    case version(SchemaVersionID)
    /// What the configuration pins.
    case configured
}

/// The UUID of the version of a Glue schema.
package struct SchemaVersionID: Hashable, Sendable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// In lower case with hyphens.
    package var description: String {
        var digits = Substring(Self.hex(high) + Self.hex(low))
        return [8, 4, 4, 4, 12].map { length in
            defer { digits = digits.dropFirst(length) }
            return String(digits.prefix(length))
        }.joined(separator: "-")
    }

    private static func hex(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

/// A schema as a registry gave it.
package struct RegisteredSchema: Hashable, Sendable {
    package enum Kind: String, Sendable { case avro = "AVRO", protobuf = "PROTOBUF", json = "JSON" }

    /// Another schema that this one names: a type in Avro, an import in Protobuf.
    package struct Dependency: Hashable, Sendable {
        package var name: String
        package var text: String

        package init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    package var kind: Kind
    package var text: String
    /// All schemas below this one, those that others need first.
    package var dependencies: [Dependency]

    package init(kind: Kind, text: String, dependencies: [Dependency] = []) {
        self.kind = kind
        self.text = text
        self.dependencies = dependencies
    }
}

/// Why a schema cannot be had.
package enum RegistryFault: Error, Sendable {
    /// It is not there, or cannot be used: messages that need it are rejected.
    case missing(String)
    /// The registry cannot be reached, or refuses us: messages wait, or the pipe fails.
    case registry(PipeError)
}

/// A registry of schemas.
package protocol SchemaSource: Sendable {
    func schema(_ reference: SchemaReference) async throws(RegistryFault) -> RegisteredSchema
    /// Asks something small, to see that the registry is there and lets us in.
    func reach() async throws(RegistryFault)
}
