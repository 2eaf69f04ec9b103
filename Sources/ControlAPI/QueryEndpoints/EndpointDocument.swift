internal import Catalog
internal import PipeCore

/// Endpoints and their versions as the API shows them: never the shared secret of tokens.
struct EndpointDocument: Sendable {
    /// Address that the client reaches the API under.
    let base: String
    /// Keys that exist: a binding to one that was deleted is not shown, so that what was read can be sent back.
    let keys: Set<String>

    func url(_ id: String) -> String { "\(base)/run/\(id)" }

    func whole(_ endpoint: QueryEndpointRecord, keptVersion: Int? = nil) -> JSONValue {
        var result = item(endpoint)
        result["sql"] = .string(endpoint.query.sql)
        result["parameters"] = .object(endpoint.query.parameters.mapValues { .string($0) })
        result["keptVersion"] = keptVersion.map { .integer(Int64($0)) }
        return result
    }

    func item(_ endpoint: QueryEndpointRecord) -> JSONValue {
        [
            "id": .string(endpoint.id), "url": .string(url(endpoint.id)), "ownerType": "queryApiEndpoint", "name": .string(endpoint.name),
            "database": .string(endpoint.query.database),
            "apiKeyIds": .array(endpoint.apiKeyIDs.filter(keys.contains).map { .string($0) }), "roles": Self.list(endpoint.roles),
            "allowedOrigins": Self.list(endpoint.allowedOrigins), "version": .integer(Int64(endpoint.version)),
            "format": endpoint.query.format.map { .string($0) } ?? .null, "cacheSeconds": Self.number(endpoint.query.cacheSeconds),
            "limits": Self.limits(endpoint.limits), "tokens": endpoint.tokens.map(Self.tokens) ?? .null,
            "answerVersion": .integer(Int64(endpoint.answerVersion)),
            "savedQueryId": endpoint.savedQueryID.map { .string($0) } ?? .null, "createdAt": .string(WireDate.string(endpoint.createdAt)),
            "updatedAt": .string(WireDate.string(endpoint.updatedAt)),
        ]
    }

    /// - Parameters:
    ///   - running: number of the version that runs.
    ///   - names: of keys by id.
    static func version(_ version: QueryEndpointVersionRecord, running: Int, names: [String: String]) -> JSONValue {
        [
            "number": .integer(Int64(version.number)), "published": .bool(version.number == running),
            "createdAt": .string(WireDate.string(version.createdAt)), "author": .string(version.author),
            "authorName": names[version.author].map { .string($0) } ?? .null, "sql": .string(version.query.sql),
            "database": .string(version.query.database), "parameters": .object(version.query.parameters.mapValues { .string($0) }),
            "format": version.query.format.map { .string($0) } ?? .null, "cacheSeconds": number(version.query.cacheSeconds),
        ]
    }

    func serviceEndpoint(_ endpoint: ServiceQueryEndpointRecord) -> JSONValue {
        [
            "id": .string(endpoint.id), "roles": Self.list(endpoint.roles),
            "openApiKeys": .array(endpoint.apiKeyIDs.filter(keys.contains).map { .string($0) }),
            "allowedOrigins": .string(endpoint.allowedOrigins.joined(separator: ",")),
        ]
    }

    private static func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
    private static func number(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }

    private static func limits(_ limits: EndpointLimits) -> JSONValue {
        [
            "executionMilliseconds": number(limits.executionMilliseconds), "resultRows": number(limits.resultRows),
            "resultBytes": number(limits.resultBytes), "bodyBytes": number(limits.bodyBytes), "concurrency": number(limits.concurrency),
            "requestsPerMinute": number(limits.requestsPerMinute),
            "requestsPerMinuteAndKey": number(limits.requestsPerMinuteAndKey), "settings": list(limits.settings),
        ]
    }

    private static func tokens(_ trust: TokenTrust) -> JSONValue {
        [
            "algorithm": .string(trust.algorithm), "publicKey": trust.publicKey.map { .string($0) } ?? .null,
            "keySetURL": trust.keySetURL.map { .string($0) } ?? .null, "issuer": trust.issuer.map { .string($0) } ?? .null,
            "audience": trust.audience.map { .string($0) } ?? .null,
            "fixedParameters": .object(trust.fixedParameters.mapValues { .string($0) }),
        ]
    }
}
