/// A SQL statement with everything that travels beside it.
public struct Statement: Sendable {
    public var sql: String
    /// Values of `{name:Type}` placeholders as plain text: what arrives is exactly this text, whatever characters it has.
    public var parameters: [String: String]
    /// Values in ClickHouse's own parameter notation, sent as they are: `\N` for NULL, `['a','b\'c']`, `{'k':1}`. A name given here wins.
    public var encodedParameters: [String: String]
    /// ClickHouse settings and HTTP options by their own names, for example `max_threads`, `default_format`.
    public var settings: [String: String]
    /// Roles to use instead of the user's default roles; empty for the defaults.
    public var roles: [String]
    /// Identifies the statement in the server's log and for KILL QUERY; made up when nil.
    public var queryID: String?
    /// Texts that must never appear in an error, for example keys inside the statement. The password is always added.
    public var secrets: [String]

    public init(
        _ sql: String, parameters: [String: String] = [:], encodedParameters: [String: String] = [:], settings: [String: String] = [:],
        roles: [String] = [], queryID: String? = nil, secrets: [String] = []
    ) {
        self.sql = sql
        self.parameters = parameters
        self.encodedParameters = encodedParameters
        self.settings = settings
        self.roles = roles
        self.queryID = queryID
        self.secrets = secrets
    }
}
