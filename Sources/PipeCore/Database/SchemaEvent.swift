/// A change of a source table that was seen, and what was done about it.
public struct SchemaEvent: Codable, Hashable, Sendable {
    /// Milliseconds since 1970.
    public var time: Int64
    /// For people: `column 'a' was dropped at the source: it stays in the target`. Never holds a secret or a value of a row.
    public var text: String

    public init(time: Int64, text: String) {
        self.time = time
        self.text = text
    }

    /// The newest of them are kept of each table.
    public static let kept = 20
}
