/// Why the local server cannot be had. The message says what to do and holds no secrets.
public struct EmbeddedServerError: Error, Sendable, Hashable, CustomStringConvertible {
    public var message: String
    public var description: String { message }

    public init(_ message: String) { self.message = message }
}
