public import FoundationEssentials

/// A query saved under a name, with values for its parameters.
public struct SavedQueryRecord: Hashable, Sendable, Codable {
    public var id: String
    public var serviceID: String
    /// Unique within the service.
    public var name: String
    public var sql: String
    public var database: String
    /// Values by parameter name, as they would stand in a URL.
    public var parameters: [String: String]
    public var createdAt: Date
    public var updatedAt: Date
    public init(
        id: String, serviceID: String, name: String, sql: String, database: String, parameters: [String: String] = [:],
        createdAt: Date, updatedAt: Date
    ) {
        self.id = id
        self.serviceID = serviceID
        self.name = name
        self.sql = sql
        self.database = database
        self.parameters = parameters
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// What an endpoint runs: the part that has versions.
public struct EndpointQuery: Hashable, Sendable, Codable {
    public var sql: String
    public var database: String
    /// Values of parameters that a call leaves out.
    public var parameters: [String: String]
    /// Output format of calls that name none; nil: `JSON`.
    public var format: String?
    /// How long a result may be served again; nil: never.
    public var cacheSeconds: Int?
    public init(
        sql: String, database: String, parameters: [String: String] = [:], format: String? = nil, cacheSeconds: Int? = nil
    ) {
        self.sql = sql
        self.database = database
        self.parameters = parameters
        self.format = format
        self.cacheSeconds = cacheSeconds
    }
}

/// Bounds of every call of an endpoint; nil: none but the server's own.
public struct EndpointLimits: Hashable, Sendable, Codable {
    /// Also the most that `request_timeout` may ask for.
    public var executionMilliseconds: Int?
    public var resultRows: Int?
    public var resultBytes: Int?
    /// Of a body that is streamed into an INSERT.
    public var bodyBytes: Int?
    /// Calls at the same time; more are refused.
    public var concurrency: Int?
    public var requestsPerMinute: Int?
    public var requestsPerMinuteAndKey: Int?
    /// ClickHouse settings that callers may set besides those that are always allowed.
    public var settings: [String]
    public init(
        executionMilliseconds: Int? = nil, resultRows: Int? = nil, resultBytes: Int? = nil, bodyBytes: Int? = nil,
        concurrency: Int? = nil, requestsPerMinute: Int? = nil, requestsPerMinuteAndKey: Int? = nil, settings: [String] = []
    ) {
        self.executionMilliseconds = executionMilliseconds
        self.resultRows = resultRows
        self.resultBytes = resultBytes
        self.bodyBytes = bodyBytes
        self.concurrency = concurrency
        self.requestsPerMinute = requestsPerMinute
        self.requestsPerMinuteAndKey = requestsPerMinuteAndKey
        self.settings = settings
    }
}

/// Whose JSON Web Tokens an endpoint accepts instead of an API key.
public struct TokenTrust: Hashable, Sendable, Codable {
    /// `HS256`, `RS256` or `ES256`; a token that names another is refused.
    public var algorithm: String
    /// HS256: the shared secret. Sealed at rest.
    public var secret: String?
    /// RS256, ES256: PEM text of a public key, or the address of a key set.
    public var publicKey: String?
    public var keySetURL: String?
    /// What `iss` and `aud` must be; nil: anything.
    public var issuer: String?
    public var audience: String?
    /// Parameters that come from the token and that a caller cannot set: claim name by parameter name.
    public var fixedParameters: [String: String]
    public init(
        algorithm: String, secret: String? = nil, publicKey: String? = nil, keySetURL: String? = nil, issuer: String? = nil,
        audience: String? = nil, fixedParameters: [String: String] = [:]
    ) {
        self.algorithm = algorithm
        self.secret = secret
        self.publicKey = publicKey
        self.keySetURL = keySetURL
        self.issuer = issuer
        self.audience = audience
        self.fixedParameters = fixedParameters
    }
}

/// A published query. Who may call it and how much has no versions: a rollback never gives access back.
public struct QueryEndpointRecord: Hashable, Sendable, Codable {
    public var id: String
    public var serviceID: String
    public var name: String
    /// What runs now.
    public var query: EndpointQuery
    /// The number of the version that runs now; versions count from 1.
    public var version: Int
    /// Resource ids of the keys that may call.
    public var apiKeyIDs: [String]
    /// Database roles of its runs.
    public var roles: [String]
    public var allowedOrigins: [String]
    public var limits: EndpointLimits
    public var tokens: TokenTrust?
    /// Form of answers to calls without `x-clickhouse-endpoint-version`: 1 or 2.
    public var answerVersion: Int
    /// The saved query it was made of; that may be gone.
    public var savedQueryID: String?
    public var createdAt: Date
    public var updatedAt: Date
    public init(
        id: String, serviceID: String, name: String, query: EndpointQuery, version: Int = 1, apiKeyIDs: [String], roles: [String],
        allowedOrigins: [String] = [], limits: EndpointLimits = EndpointLimits(), tokens: TokenTrust? = nil, answerVersion: Int = 2,
        savedQueryID: String? = nil, createdAt: Date, updatedAt: Date
    ) {
        self.id = id
        self.serviceID = serviceID
        self.name = name
        self.query = query
        self.version = version
        self.apiKeyIDs = apiKeyIDs
        self.roles = roles
        self.allowedOrigins = allowedOrigins
        self.limits = limits
        self.tokens = tokens
        self.answerVersion = answerVersion
        self.savedQueryID = savedQueryID
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// One state of an endpoint's query, kept for ever.
public struct QueryEndpointVersionRecord: Hashable, Sendable, Codable {
    public var endpointID: String
    public var number: Int
    public var query: EndpointQuery
    public var createdAt: Date
    /// Resource id of the key that made it.
    public var author: String
    public init(endpointID: String, number: Int, query: EndpointQuery, createdAt: Date, author: String) {
        self.endpointID = endpointID
        self.number = number
        self.query = query
        self.createdAt = createdAt
        self.author = author
    }
}

/// Who may run any SQL on a service; a service has at most one.
public struct ServiceQueryEndpointRecord: Hashable, Sendable, Codable {
    public var id: String
    public var serviceID: String
    public var apiKeyIDs: [String]
    public var roles: [String]
    public var allowedOrigins: [String]
    public var createdAt: Date
    public var updatedAt: Date
    public init(
        id: String, serviceID: String, apiKeyIDs: [String], roles: [String], allowedOrigins: [String], createdAt: Date, updatedAt: Date
    ) {
        self.id = id
        self.serviceID = serviceID
        self.apiKeyIDs = apiKeyIDs
        self.roles = roles
        self.allowedOrigins = allowedOrigins
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}
