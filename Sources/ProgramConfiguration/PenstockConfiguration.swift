public import PipeCore

/// Everything `penstock up` and `penstock serve` can be told, decoded and valid.
public struct PenstockConfiguration: Codable, Hashable, Sendable {
    public var dataDir: String
    public var listen: String
    public var allowInsecureListen: Bool
    /// The URL clients use, where it is not the listening address (behind a proxy).
    public var publicURL: String?
    public var credentialsFile: String?
    public var organization: Organization
    public var tls: TLS?
    public var log: Log
    public var rateLimit: RateLimit
    public var embedded: Embedded
    public var services: [Service]
    public var secrets: Secrets
    public var pipes: Pipes
    public var console: Console
    public var queryEndpoints: QueryEndpoints

    public struct Organization: Codable, Hashable, Sendable {
        public var name: String
    }

    public struct TLS: Codable, Hashable, Sendable {
        public var certificate: String
        public var key: String
    }

    public struct Log: Codable, Hashable, Sendable {
        public var level: String
        public var format: String
    }

    public struct RateLimit: Codable, Hashable, Sendable {
        public var requests: Int
        public var perSeconds: Int
    }

    public struct Embedded: Codable, Hashable, Sendable {
        public var enabled: Bool
        public var name: String
        public var httpPort: Int
        public var memoryShare: Double
        public var python: String?
    }

    public struct Service: Codable, Hashable, Sendable, CustomStringConvertible {
        public var name: String
        public var url: String
        public var user: String
        public var password: String?
        public var passwordFile: String?
        public var caFile: String?
        public var cluster: String?
        /// Nil: Penstock makes the user of query endpoints itself.
        public var queryUser: String?
        public var queryPassword: String?

        public var description: String { "service \(name) at \(url) as \(user)" }
    }

    public struct Secrets: Codable, Hashable, Sendable {
        public var keyFile: String?
    }

    public struct Pipes: Codable, Hashable, Sendable {
        public var sourcePatienceSeconds: Int
        public var destinationPatienceSeconds: Int
    }

    public struct Console: Codable, Hashable, Sendable {
        public var enabled: Bool
        /// Nil: where it was installed.
        public var directory: String?
        public var idleMinutes: Int
    }

    public struct QueryEndpoints: Codable, Hashable, Sendable {
        public var cacheBytes: Int
        public var cacheEntryBytes: Int
        public var logDays: Int
        public var allowPrivateKeySets: Bool
        public var keySetCaFile: String?
    }

    /// The host of `listen`.
    public var listenHost: String { ListenAddress(listen)?.host ?? listen }
    /// The port of `listen`; 0 lets the system choose.
    public var listenPort: Int { ListenAddress(listen)?.port ?? 0 }
}

/// `HOST:PORT`, with IPv6 hosts in brackets.
public struct ListenAddress: Hashable, Sendable {
    public var host: String
    public var port: Int

    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { return nil }
        self.host = host
        self.port = port
    }

    /// Whether only this machine can connect.
    public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}

extension PenstockConfiguration {
    /// The rules that the schema cannot say.
    public func problems() -> [Problem] {
        var problems: [Problem] = []
        if let address = ListenAddress(listen) {
            if !address.isLoopback, tls == nil, !allowInsecureListen {
                problems.append(
                    Problem(
                        "listen",
                        "'\(listen)' can be reached from other machines without TLS, so API keys would travel readable; "
                            + "set tls.certificate and tls.key, or say allowInsecureListen: true (--allow-insecure-listen)"))
            }
        } else {
            problems.append(Problem("listen", "must be HOST:PORT, for example 127.0.0.1:8686"))
        }
        if !embedded.enabled, services.isEmpty {
            problems.append(Problem("services", "must name at least one ClickHouse when embedded.enabled is false"))
        }
        var names: Set<String> = embedded.enabled ? [embedded.name] : []
        for (index, service) in services.enumerated() {
            let path = FieldPath("services")[index]
            if !names.insert(service.name).inserted { problems.append(Problem(path["name"], "'\(service.name)' is used twice")) }
            if !service.url.hasPrefix("http://"), !service.url.hasPrefix("https://") {
                problems.append(Problem(path["url"], "must start with http:// or https://"))
            } else if service.url.drop(while: { $0 != "/" }).dropFirst(2).contains("@") {
                problems.append(Problem(path["url"], "must not hold credentials; use user and password"))
            }
            if service.password != nil, service.passwordFile != nil {
                problems.append(Problem(path["passwordFile"], "cannot stand beside password"))
            }
            if service.queryPassword != nil, service.queryUser == nil {
                problems.append(Problem(path["queryUser"], "is required beside queryPassword"))
            }
            if service.queryUser == service.user {
                problems.append(
                    Problem(path["queryUser"], "must be another user than user: query endpoints must not have the rights of pipes"))
            }
        }
        return problems
    }
}
