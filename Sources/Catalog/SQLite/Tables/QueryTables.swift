internal import FoundationEssentials
internal import GRDB
internal import PipeCore

extension Table where Record == SavedQueryRecord {
    static let savedQueries = Table(
        name: "saved_query", key: "id",
        encode: {
            [
                "id": $0.id, "service_id": $0.serviceID, "name": $0.name, "query_text": $0.sql, "database_name": $0.database,
                "parameters": try JSONText.string($0.parameters), "created_at": Milliseconds.since1970($0.createdAt),
                "updated_at": Milliseconds.since1970($0.updatedAt),
            ]
        },
        decode: {
            SavedQueryRecord(
                id: try $0.value("id"), serviceID: try $0.value("service_id"), name: try $0.value("name"),
                sql: try $0.value("query_text"), database: try $0.value("database_name"), parameters: try $0.json("parameters"),
                createdAt: try $0.date("created_at"), updatedAt: try $0.date("updated_at"))
        })
}

extension Table where Record == QueryEndpointRecord {
    /// The shared secret of ``TokenTrust`` passes through `sealer` on its way in and out.
    static func queryEndpoints(_ sealer: SecretSealer) -> Table {
        Table(
            name: "query_endpoint", key: "id",
            encode: {
                var open = $0.tokens
                open?.secret = nil
                return [
                    "id": $0.id, "service_id": $0.serviceID, "name": $0.name, "query": try JSONText.string($0.query),
                    "version": $0.version, "api_key_ids": try JSONText.string($0.apiKeyIDs), "roles": try JSONText.string($0.roles),
                    "allowed_origins": try JSONText.string($0.allowedOrigins), "limits": try JSONText.string($0.limits),
                    "tokens": try open.map { try JSONText.string($0) },
                    "token_secret": try sealed($0.tokens?.secret, of: $0.id, by: sealer), "answer_version": $0.answerVersion,
                    "saved_query_id": $0.savedQueryID,
                    "created_at": Milliseconds.since1970($0.createdAt), "updated_at": Milliseconds.since1970($0.updatedAt),
                ]
            },
            decode: {
                let id: String = try $0.value("id")
                var tokens: TokenTrust? = try $0.optionalJSON("tokens")
                if let blob: Data = try $0.optional("token_secret") {
                    tokens?.secret = String(decoding: try sealer.open(Array(blob), context: context(id)), as: UTF8.self)
                }
                return QueryEndpointRecord(
                    id: id, serviceID: try $0.value("service_id"), name: try $0.value("name"), query: try $0.json("query"),
                    version: try $0.value("version"), apiKeyIDs: try $0.json("api_key_ids"), roles: try $0.json("roles"),
                    allowedOrigins: try $0.json("allowed_origins"), limits: try $0.json("limits"), tokens: tokens,
                    answerVersion: try $0.value("answer_version"), savedQueryID: try $0.optional("saved_query_id"),
                    createdAt: try $0.date("created_at"),
                    updatedAt: try $0.date("updated_at"))
            })
    }

    private static func context(_ id: String) -> String { "penstock/query-endpoint/\(id)" }

    private static func sealed(_ secret: String?, of id: String, by sealer: SecretSealer) throws -> Data? {
        try secret.map { Data(try sealer.seal(Array($0.utf8), context: context(id))) }
    }
}

extension Table where Record == QueryEndpointVersionRecord {
    /// Found by endpoint and number, never changed.
    static let endpointVersions = Table(
        name: "query_endpoint_version", key: "endpoint_id",
        encode: {
            [
                "endpoint_id": $0.endpointID, "number": $0.number, "query": try JSONText.string($0.query),
                "created_at": Milliseconds.since1970($0.createdAt), "author": $0.author,
            ]
        },
        decode: {
            QueryEndpointVersionRecord(
                endpointID: try $0.value("endpoint_id"), number: try $0.value("number"), query: try $0.json("query"),
                createdAt: try $0.date("created_at"), author: try $0.value("author"))
        })
}

extension Table where Record == ServiceQueryEndpointRecord {
    static let serviceEndpoints = Table(
        name: "service_query_endpoint", key: "service_id",
        encode: {
            [
                "id": $0.id, "service_id": $0.serviceID, "api_key_ids": try JSONText.string($0.apiKeyIDs),
                "roles": try JSONText.string($0.roles), "allowed_origins": try JSONText.string($0.allowedOrigins),
                "created_at": Milliseconds.since1970($0.createdAt), "updated_at": Milliseconds.since1970($0.updatedAt),
            ]
        },
        decode: {
            ServiceQueryEndpointRecord(
                id: try $0.value("id"), serviceID: try $0.value("service_id"), apiKeyIDs: try $0.json("api_key_ids"),
                roles: try $0.json("roles"), allowedOrigins: try $0.json("allowed_origins"), createdAt: try $0.date("created_at"),
                updatedAt: try $0.date("updated_at"))
        })
}
