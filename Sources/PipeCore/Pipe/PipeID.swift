/// The id of a pipe: a lower-case UUID.
public struct PipeID: RawRepresentable, Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public var rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ rawValue: String) { self.rawValue = rawValue }

    public init(from decoder: any Decoder) throws { rawValue = try decoder.singleValueContainer().decode(String.self) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    public static func < (left: PipeID, right: PipeID) -> Bool { left.rawValue < right.rawValue }

    public var description: String { rawValue }

    /// The id without dashes, for use inside table names.
    public var compact: String { rawValue.filter { $0 != "-" } }
}
