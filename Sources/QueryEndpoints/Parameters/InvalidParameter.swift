/// A parameter that is missing or whose value its type cannot hold.
public struct InvalidParameter: Error, Hashable, Sendable, CustomStringConvertible {
    public var name: String
    /// The declared type.
    public var type: String
    /// What is wrong and what would be right; quotes at most 80 characters of the value.
    public var reason: String

    public init(name: String, type: String, reason: String) {
        self.name = name
        self.type = type
        self.reason = reason
    }

    /// For the caller: ``parameter `year` (UInt16): '70000' is out of range, 0 to 65535``.
    public var description: String { "parameter `\(name)` (\(type.clipped(to: 200))): \(reason)" }
}

extension String {
    /// At most `length` characters, the last of them an ellipsis when some were cut.
    func clipped(to length: Int) -> String {
        guard let end = unicodeScalars.index(unicodeScalars.startIndex, offsetBy: length, limitedBy: unicodeScalars.endIndex),
            end < unicodeScalars.endIndex
        else { return self }
        return String(unicodeScalars.prefix(length - 1)) + "…"
    }
}
