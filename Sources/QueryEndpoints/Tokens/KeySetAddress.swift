internal import FoundationEssentials

/// The address of a key set, read strictly and spelled in one way, so that what is checked is what is connected to.
struct KeySetAddress: Hashable, Sendable {
    var isSecure: Bool
    /// Lower-case name, IPv4 address, or IPv6 address without brackets.
    var host: String
    var port: Int
    /// With the leading slash.
    var pathAndQuery: String

    enum Problem: Error, Hashable {
        case notAnAddress
        case credentials
        case insecure

        var message: String {
            switch self {
            case .notAnAddress: "must be the address of a key set, for example https://issuer.example/.well-known/jwks.json"
            case .credentials: "must not hold a user or a password"
            case .insecure: "must start with https://; http:// is for the loopback address alone"
            }
        }
    }

    init(_ text: String) throws(Problem) {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !#""<>\^`{|}#"#.utf8.contains($0) }),
            let separator = text.firstRange(of: "://")
        else { throw .notAnAddress }
        let scheme = text[..<separator.lowerBound].lowercased()
        guard scheme == "https" || scheme == "http" else { throw .notAnAddress }
        isSecure = scheme == "https"
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else { throw .credentials }
        let path = rest[authority.endIndex...]
        pathAndQuery = path.hasPrefix("/") ? String(path) : "/\(path)"
        (host, port) = try Self.hostAndPort(authority, defaultPort: isSecure ? 443 : 80)
        guard isSecure || isLoopbackName else { throw .insecure }
    }

    private static func hostAndPort(_ authority: Substring, defaultPort: Int) throws(Problem) -> (String, Int) {
        let host: Substring
        let rest: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw .notAnAddress }
            host = authority[..<end].dropFirst()
            rest = authority[end...].dropFirst()
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { throw .notAnAddress }
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority[host.endIndex...]
            guard !host.isEmpty, host.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" || $0 == "." || $0 == "_" }) else {
                throw .notAnAddress
            }
        }
        if rest.isEmpty { return (host.lowercased(), defaultPort) }
        guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()), port > 0 else { throw .notAnAddress }
        return (host.lowercased(), Int(port))
    }

    var isLoopbackName: Bool {
        host == "localhost" || (HostAddress(host)?.isLoopback ?? false)
    }

    /// Without the query, which may hold what only the issuer should see.
    var logText: String { "\(origin)\(pathAndQuery.prefix { $0 != "?" })" }
    var url: String { origin + pathAndQuery }
    private var origin: String { "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}
