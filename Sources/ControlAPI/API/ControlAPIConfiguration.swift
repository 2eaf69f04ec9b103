/// How the API listens and what it allows.
public struct ControlAPIConfiguration: Sendable, Hashable {
    /// A number of requests in a span of time.
    public struct Rate: Sendable, Hashable {
        public var requests: Int
        public var per: Duration
        public init(requests: Int, per: Duration) {
            self.requests = requests
            self.per = per
        }
    }

    /// PEM files of a certificate chain and its key.
    public struct TLS: Sendable, Hashable {
        public var certificate: String
        public var privateKey: String
        public init(certificate: String, privateKey: String) {
            self.certificate = certificate
            self.privateKey = privateKey
        }
    }

    public var host: String
    /// 0 lets the system choose.
    public var port: Int
    /// Nil: plain HTTP.
    public var tls: TLS?
    /// Of one API key; nil: no limit.
    public var rateLimit: Rate?
    /// Refused credentials from one address; nil: no limit.
    public var refusalLimit: Rate?
    /// Largest request body in bytes.
    public var maxBodyBytes: Int
    /// Where clients reach the API, without a slash at its end; nil: as each request says.
    public var publicURL: String?
    /// Whether people can sign in: without, there are no sessions.
    public var hasSessions: Bool
    /// The program's version, shown in the OpenAPI document.
    public var version: String

    public init(
        host: String = "127.0.0.1", port: Int = 8080, tls: TLS? = nil,
        rateLimit: Rate? = Rate(requests: 6_000, per: .seconds(10)),
        refusalLimit: Rate? = Rate(requests: 30, per: .seconds(60)), maxBodyBytes: Int = 1_048_576,
        publicURL: String? = nil, hasSessions: Bool = true, version: String = "0.0.0"
    ) {
        self.host = host
        self.port = port
        self.tls = tls
        self.rateLimit = rateLimit
        self.refusalLimit = refusalLimit
        self.maxBodyBytes = maxBodyBytes
        self.publicURL = publicURL
        self.hasSessions = hasSessions
        self.version = version
    }
}
