/// Where a ClickHouse server is and how to enter it.
public struct ClickHouseConnection: Sendable, Hashable {
    /// `http://host:port` or `https://host:port`; no path, query or user inside.
    public var url: String
    public var user: String
    public var password: String
    /// Database of unqualified table names.
    public var database: String
    /// PEM file with the authorities to trust instead of the system's; nil for the system's.
    public var caFile: String?
    /// Longest wait for a TCP connection, TLS handshake included.
    public var connectTimeout: Duration

    public init(
        url: String, user: String = "default", password: String = "", database: String = "default", caFile: String? = nil,
        connectTimeout: Duration = .seconds(10)
    ) {
        self.url = url
        self.user = user
        self.password = password
        self.database = database
        self.caFile = caFile
        self.connectTimeout = connectTimeout
    }

    /// The address without a trailing slash. Throws ``ClickHouseError`` (user) saying what is wrong with it.
    package func checkedOrigin() throws(ClickHouseError) -> String {
        let origin = url.hasSuffix("/") ? String(url.dropLast()) : url
        let authority: Substring
        if origin.hasPrefix("http://") {
            authority = origin.dropFirst("http://".count)
        } else if origin.hasPrefix("https://") {
            authority = origin.dropFirst("https://".count)
        } else {
            throw .local(.invalidConnection, "url must start with http:// or https://", .user)
        }
        let isPlain = authority.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/?#@\\".utf8.contains($0) }
        guard !authority.isEmpty, isPlain else {
            throw .local(.invalidConnection, "url must be http(s)://host:port, without user, path, query or spaces", .user)
        }
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else { return origin }
        guard let port = UInt16(authority[authority.index(after: colon)...]), port > 0, colon > authority.startIndex else {
            throw .local(.invalidConnection, "url has an empty host or a port that is not a number from 1 to 65535", .user)
        }
        return origin
    }
}

extension ClickHouseConnection {
    /// Whether the server is on this machine, by its address.
    public var isLoopback: Bool {
        let authority = url.drop { $0 != "/" }.drop { $0 == "/" }.prefix { $0 != "/" }
        if authority.hasPrefix("[::1]") { return true }
        let host = authority.prefix { $0 != ":" }
        return host == "localhost"
            || (host.hasPrefix("127.") && host.split(separator: ".").count == 4 && host.allSatisfy { $0 == "." || $0.isNumber })
    }
}

extension ClickHouseConnection: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the password.
    public var description: String { "\(user)@\(url)/\(database)" }
    public var debugDescription: String { description }
    /// Keeps the password out of `dump` and of reflection-based log output.
    public var customMirror: Mirror { Mirror(self, children: ["description": description], displayStyle: .struct) }
}
