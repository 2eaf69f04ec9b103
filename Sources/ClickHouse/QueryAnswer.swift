/// A whole answer in memory.
public struct QueryAnswer: Sendable, Hashable {
    public var bytes: [UInt8]
    public var summary: QuerySummary

    public init(bytes: [UInt8], summary: QuerySummary) {
        self.bytes = bytes
        self.summary = summary
    }

    /// The bytes as UTF-8; invalid sequences become U+FFFD.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}
