/// Who must act on an error (design invariant 5).
public enum Disposition: String, Sendable, Hashable, Codable {
    /// Passing trouble: try again with back-off.
    case retry
    /// The user must change something: the pipe goes to Failed and the message says what to do.
    case user
    /// Ours: the pipe goes to InternalError.
    case bug
}

/// Which end of a pipe an error comes from; decides which patience applies.
public enum PipeSide: String, Sendable, Hashable, Codable { case source, destination, penstock }

/// An error of a running pipe.
public struct PipeError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// A stable, upper-case name that lands in the error table and the log, for example `SOURCE_UNREACHABLE`.
    public struct Code: RawRepresentable, Hashable, Sendable, Codable, ExpressibleByStringLiteral {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public init(stringLiteral value: String) { rawValue = value }

        public static let sourceUnreachable: Code = "SOURCE_UNREACHABLE"
        public static let sourceDenied: Code = "SOURCE_ACCESS_DENIED"
        public static let sourceMissing: Code = "SOURCE_NOT_FOUND"
        public static let destinationUnreachable: Code = "DESTINATION_UNREACHABLE"
        public static let destinationRefused: Code = "DESTINATION_REFUSED"
        public static let dataParsing: Code = "DATA_PARSING_ERROR"
        /// A row whose format is sound, but a value does not fit the type it is mapped to.
        public static let typeMismatch: Code = "TYPE_MISMATCH"
        /// A row whose schema is missing, or does not fit the mapping.
        public static let sourceSchema: Code = "SOURCE_SCHEMA_ERROR"
        /// A row that parses and that the table, or a view behind it, does not take.
        public static let insertRejected: Code = "INSERT_REJECTED"
        public static let fileTooLarge: Code = "FILE_TOO_LARGE"
        public static let messageTooLarge: Code = "MESSAGE_TOO_LARGE"
        public static let internalError: Code = "INTERNAL_ERROR"
    }

    public var code: Code
    public var disposition: Disposition
    public var side: PipeSide
    /// Shown to users: what happened and what to do. Holds neither secrets nor row data.
    public var message: String
    /// For `debugDescription` only.
    public var underlying: (any Error)?
    public var location: String

    public init(
        _ code: Code, _ disposition: Disposition, side: PipeSide, _ message: String, underlying: (any Error)? = nil,
        file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.disposition = disposition
        self.side = side
        self.message = message
        self.underlying = underlying
        location = "\(file):\(line)"
    }

    public var description: String { "\(code.rawValue): \(message)" }

    public var debugDescription: String {
        "\(description) [\(disposition.rawValue), \(side.rawValue), \(location)]"
            + (underlying.map { " caused by \(String(reflecting: $0))" } ?? "")
    }
}
