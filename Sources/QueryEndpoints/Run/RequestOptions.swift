public import PipeCore

/// What a call asks for in its URL and in a JSON body, put together: pure, and the same for every kind of endpoint.
public struct RequestOptions: Sendable, Hashable {
    public var parameters: [String: ParameterValue] = [:]
    public var format: String?
    public var settings: [String: String] = [:]
    public var timeout: Duration?

    /// Longest time that `request_timeout` can name.
    public static let longestTimeout: Duration = .seconds(24 * 3600)

    public init() {}

    /// Reads the query string. Throws 400 for an unknown or malformed setting, a malformed `request_timeout`, and for a name given twice with
    /// different values.
    public init(_ query: QueryString, settings policy: SettingsPolicy) throws(QueryFailure) {
        for item in query.items {
            if item.name.hasPrefix("param_") {
                let name = String(item.name.dropFirst("param_".count))
                if let other = parameters[name], other != .text(item.value) { throw Self.twice(item.name) }
                parameters[name] = .text(item.value)
                continue
            }
            switch item.name {
            case "format":
                guard !item.value.isEmpty else {
                    throw QueryFailure(400, "INVALID_FORMAT", "format is empty; leave it out for the default")
                }
                if let format, format != item.value { throw Self.twice(item.name) }
                format = item.value
            case "request_timeout":
                guard item.value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let milliseconds = Int64(item.value), milliseconds > 0,
                    Duration.milliseconds(milliseconds) <= Self.longestTimeout
                else {
                    throw QueryFailure(
                        400, "INVALID_TIMEOUT",
                        "request_timeout must be a whole number of milliseconds from 1 to 86400000, not "
                            + "'\(item.value.clipped(to: 40))'")
                }
                let given = Duration.milliseconds(milliseconds)
                if let timeout, timeout != given { throw Self.twice(item.name) }
                timeout = given
            default:
                let value = try policy.checked(item.name, item.value)
                if let other = settings[item.name], other != value { throw Self.twice(item.name) }
                settings[item.name] = value
            }
        }
    }

    /// The JSON of a body. Throws 400 naming the place of the first fault.
    public static func document(_ bytes: some Sequence<UInt8>) throws(QueryFailure) -> JSONValue {
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw QueryFailure(400, "INVALID_BODY", "the body is not valid JSON: \(error)")
        }
    }

    /// Adds `{"queryVariables": {…}, "format": …}`. The URL's format wins. Throws 400 for members of another kind, and for a parameter that the
    /// URL gives another value; other members are ignored.
    public mutating func add(_ body: JSONValue) throws(QueryFailure) {
        guard let members = body.object else {
            throw QueryFailure(400, "INVALID_BODY", "the body must be a JSON object, not \(body.kindName)")
        }
        switch members["format"] {
        case nil, .null?: break
        case .string(let format)? where !format.isEmpty: if self.format == nil { self.format = format }
        default: throw QueryFailure(400, "INVALID_BODY", "format must be a string that is not empty")
        }
        switch members["queryVariables"] {
        case nil, .null?: break
        case .object(let variables)?:
            for (name, value) in variables {
                if let inURL = parameters[name] {
                    guard case .text(let text) = inURL, Self.isSame(text, value) else { throw Self.twice("param_\(name)") }
                    continue
                }
                parameters[name] = .json(value)
            }
        default: throw QueryFailure(400, "INVALID_BODY", "queryVariables must be an object: {\"name\": value}")
        }
    }

    /// Whether a text in the URL and a value in the body say the same.
    private static func isSame(_ text: String, _ value: JSONValue) -> Bool {
        switch value {
        case .string(let string): string == text
        case .integer(let number): String(number) == text
        case .number(let number): Double(text) == number
        case .exactNumber(let number): number == text
        case .bool(let bool): String(bool) == text
        case .null: text == "\\N"
        case .array, .object: false
        }
    }

    private static func twice(_ name: String) -> QueryFailure {
        QueryFailure(400, "CONFLICTING_VALUES", "'\(name.clipped(to: 80))' is given twice with different values")
    }
}
