public import FoundationEssentials

/// One call of a query endpoint, as the log keeps it. Holds no parameter value and no text of the caller but a token's subject.
public struct CallRecord: Hashable, Sendable {
    /// Whose fault a call that was not fully answered is.
    public enum ErrorClass: String, Hashable, Sendable, CaseIterable {
        /// The request itself: parameters, settings, method, body.
        case caller
        /// Credentials, key, token, origin or database role.
        case permission
        /// A limit of the endpoint or of the key.
        case limit
        /// ClickHouse refused Penstock, cannot be reached or lacks resources; also a defect of Penstock.
        case upstream
        case timeout
        /// The caller went away.
        case cancelled
        /// The answer had begun: its status says success, its transfer was aborted.
        case midstream
    }

    /// What went wrong: a ClickHouse error number as text or a word of Penstock's own, and its class.
    public struct Failure: Hashable, Sendable {
        public var code: String
        public var errorClass: ErrorClass
        public init(_ code: String, _ errorClass: ErrorClass) {
            self.code = code
            self.errorClass = errorClass
        }
    }

    /// How the result cache took part.
    public enum CacheUse: String, Hashable, Sendable, CaseIterable {
        /// Not asked: the endpoint caches nothing, or the call was a write or was refused before.
        case none
        case hit
        case miss
    }

    /// The id that the answer carries; names the record.
    public var requestID: String
    /// When the call arrived.
    public var time: Date
    public var serviceID: String
    /// Nil for the route that runs any SQL on a service.
    public var endpointID: String?
    /// The version of the endpoint's query that ran; 0 for the service's own route.
    public var version: Int
    /// Resource id of the API key; nil when a token was shown instead.
    public var keyID: String?
    /// `sub` of the token.
    public var tokenSubject: String?
    /// HTTP status of the answer.
    public var status: Int
    /// Nil when the whole answer was sent.
    public var failure: Failure?
    /// From arrival to the first byte of the answer's body; nil when there was none.
    public var firstByte: Duration?
    /// From arrival to the end of the answer.
    public var total: Duration
    /// What ClickHouse read for this call; zero for a hit of the cache.
    public var readRows: Int
    public var readBytes: Int
    /// Zero where ClickHouse does not say.
    public var resultRows: Int
    /// Bytes of the answer's body as sent.
    public var resultBytes: Int
    public var cache: CacheUse
    /// Output format; empty when the call was refused before it was known.
    public var format: String
    /// Of the statement on ClickHouse; empty when none was sent.
    public var queryID: String
    /// From ``CallRecorder/parameterHash(_:)``; empty for a call without parameters.
    public var parameterHash: String
    /// Nil when it is not to be kept.
    public var clientAddress: String?

    public init(
        requestID: String, time: Date, serviceID: String, endpointID: String?, version: Int = 0, keyID: String? = nil,
        tokenSubject: String? = nil, status: Int, failure: Failure? = nil, firstByte: Duration? = nil, total: Duration, readRows: Int = 0,
        readBytes: Int = 0, resultRows: Int = 0, resultBytes: Int = 0, cache: CacheUse = .none, format: String = "", queryID: String = "",
        parameterHash: String = "", clientAddress: String? = nil
    ) {
        self.requestID = requestID
        self.time = time
        self.serviceID = serviceID
        self.endpointID = endpointID
        self.version = version
        self.keyID = keyID
        self.tokenSubject = tokenSubject
        self.status = status
        self.failure = failure
        self.firstByte = firstByte
        self.total = total
        self.readRows = readRows
        self.readBytes = readBytes
        self.resultRows = resultRows
        self.resultBytes = resultBytes
        self.cache = cache
        self.format = format
        self.queryID = queryID
        self.parameterHash = parameterHash
        self.clientAddress = clientAddress
    }
}
