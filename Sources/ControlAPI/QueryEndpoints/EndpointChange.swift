internal import Catalog
internal import FoundationEssentials
internal import PipeCore

/// What a request body makes of an endpoint, before any rule beyond the shape of its fields was asked.
struct EndpointChange: Sendable {
    private(set) var record: QueryEndpointRecord
    /// Whether a changed query runs at once.
    private(set) var publishes = true

    /// A new endpoint.
    init(creating given: JSONValue, id: String, service: String, now: Date, problems: inout [Problem]) {
        let empty = QueryEndpointRecord(
            id: id, serviceID: service, name: "", query: EndpointQuery(sql: "", database: ""), apiKeyIDs: [], roles: [], createdAt: now,
            updatedAt: now)
        self.init(given, onto: empty, QuerySchemas.endpointCreate, now: now, problems: &problems)
    }

    /// `stored` with the whole of it replaced, except the fields that the contract does not know and the body leaves out: a client
    /// that has never heard of limits must not lift them.
    init(replacing stored: QueryEndpointRecord, with given: JSONValue, now: Date, problems: inout [Problem]) {
        self.init(given, onto: stored, QuerySchemas.endpointReplace, now: now, problems: &problems)
    }

    private init(_ given: JSONValue, onto stored: QueryEndpointRecord, _ schema: ObjectSchema, now: Date, problems: inout [Problem]) {
        let body = schema.checked(given, mode: .create, problems: &problems)
        record = stored
        record.updatedAt = now
        record.name = body["name"]?.string ?? ""
        record.query.sql = body["sql"]?.string ?? ""
        record.query.database = body["database"]?.string ?? ""
        record.query.parameters = (body["parameters"]?.object ?? [:]).compactMapValues(\.string)
        record.apiKeyIDs = Self.texts(body["apiKeyIds"]).map { $0.lowercased() }
        record.roles = Self.texts(body["roles"])
        record.allowedOrigins = Self.texts(body["allowedOrigins"])
        publishes = body["publish"]?.bool ?? true
        func isSet(_ field: String) -> Bool { given[field] != nil }
        if isSet("format") { record.query.format = body["format"]?.string }
        if isSet("cacheSeconds") { record.query.cacheSeconds = body["cacheSeconds"]?.integer.map(Int.init) }
        if isSet("answerVersion") { record.answerVersion = body["answerVersion"]?.integer.map(Int.init) ?? 2 }
        if isSet("savedQueryId") { record.savedQueryID = body["savedQueryId"]?.string?.lowercased() }
        if isSet("limits") { record.limits = Self.limits(body["limits"]) }
        if isSet("tokens") { record.tokens = Self.tokens(body["tokens"], stored: stored.tokens) }
    }

    private static func texts(_ value: JSONValue?) -> [String] { (value?.array ?? []).compactMap(\.string) }

    private static func limits(_ value: JSONValue?) -> EndpointLimits {
        func number(_ field: String) -> Int? { value?[field]?.integer.map(Int.init) }
        return EndpointLimits(
            executionMilliseconds: number("executionMilliseconds"), resultRows: number("resultRows"), resultBytes: number("resultBytes"),
            bodyBytes: number("bodyBytes"), concurrency: number("concurrency"), requestsPerMinute: number("requestsPerMinute"),
            requestsPerMinuteAndKey: number("requestsPerMinuteAndKey"), settings: texts(value?["settings"]))
    }

    /// The secret is never shown, so a document that was read, changed and sent back lacks it: it stays as long as there is use for it.
    private static func tokens(_ value: JSONValue?, stored: TokenTrust?) -> TokenTrust? {
        guard let value else { return nil }
        var trust = TokenTrust(
            algorithm: value["algorithm"]?.string ?? "", secret: value["secret"]?.string, publicKey: value["publicKey"]?.string,
            keySetURL: value["keySetURL"]?.string, issuer: value["issuer"]?.string, audience: value["audience"]?.string,
            fixedParameters: (value["fixedParameters"]?.object ?? [:]).compactMapValues(\.string))
        if trust.secret == nil, trust.algorithm == "HS256", stored?.algorithm == "HS256" { trust.secret = stored?.secret }
        return trust
    }
}
