public import NIOCore

/// One call of an endpoint, authenticated and taken apart; nothing of HTTP is left but a body that streams in.
public struct QueryCall: Sendable {
    /// A UUID in lower case; also the query id on the ClickHouse.
    public var requestID: String
    public var endpoint: CompiledEndpoint
    public var caller: QueryCaller
    /// What the caller sent, by parameter name.
    public var parameters: [String: ParameterValue]
    /// Output format, or the format of a body; nil: the endpoint's.
    public var format: String?
    /// ClickHouse settings by their own names, as ``SettingsPolicy`` let them pass.
    public var settings: [String: String]
    /// Most time for the whole answer; nil: 30 s until its first byte. A lower limit of the endpoint wins.
    public var timeout: Duration?
    /// 1 or 2; nil: the endpoint's.
    public var answerVersion: Int?
    /// False for GET: such a call never writes.
    public var mayWrite: Bool
    /// Rows for a stored INSERT.
    public var input: QueryInput?
    /// `If-None-Match` of the caller.
    public var knownTags: String?
    /// Where the caller's connection lives: pieces of the answer are handed on there.
    public var loop: (any EventLoop)?
    /// Ended when the caller goes away.
    public var presence: CallerPresence

    public init(
        requestID: String, endpoint: CompiledEndpoint, caller: QueryCaller, parameters: [String: ParameterValue] = [:],
        format: String? = nil, settings: [String: String] = [:], timeout: Duration? = nil, answerVersion: Int? = nil,
        mayWrite: Bool = true, input: QueryInput? = nil, knownTags: String? = nil, loop: (any EventLoop)? = nil,
        presence: CallerPresence = CallerPresence()
    ) {
        self.requestID = requestID
        self.endpoint = endpoint
        self.caller = caller
        self.parameters = parameters
        self.format = format
        self.settings = settings
        self.timeout = timeout
        self.answerVersion = answerVersion
        self.mayWrite = mayWrite
        self.input = input
        self.knownTags = knownTags
        self.loop = loop
        self.presence = presence
    }
}

/// Who calls.
public struct QueryCaller: Sendable, Hashable {
    /// Resource id of the key; nil for a token.
    public var keyID: String?
    /// `sub` of the token; nil for a key.
    public var subject: String?
    /// Parameters that the token fixes and the caller cannot set.
    public var fixedParameters: [String: ParameterValue]
    /// Text that is equal exactly for callers with equal fixed parameters; empty for a key.
    public var scope: String
    /// Nil when it is unknown.
    public var address: String?

    public init(
        keyID: String? = nil, subject: String? = nil, fixedParameters: [String: ParameterValue] = [:], scope: String = "",
        address: String? = nil
    ) {
        self.keyID = keyID
        self.subject = subject
        self.fixedParameters = fixedParameters
        self.scope = scope
        self.address = address
    }
}

/// A body that is passed on as it comes.
public struct QueryInput: Sendable {
    /// Bytes, where the caller said how many.
    public var length: Int?
    /// `Content-Encoding`, for example `gzip`.
    public var encoding: String?
    /// Throws when the caller's connection breaks. Read once.
    public var pieces: any AsyncSequence<ByteBuffer, any Error> & Sendable

    public init(length: Int? = nil, encoding: String? = nil, pieces: any AsyncSequence<ByteBuffer, any Error> & Sendable) {
        self.length = length
        self.encoding = encoding
        self.pieces = pieces
    }
}
