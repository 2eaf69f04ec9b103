public import Catalog

/// An endpoint made ready for calls: what can be decided once is decided.
public final class CompiledEndpoint: Sendable {
    public let record: QueryEndpointRecord
    public let statement: ParameterizedStatement
    public let origins: OriginList
    public let settings: SettingsPolicy
    /// Keys that may call.
    public let keyIDs: Set<String>
    /// True for SQL that came with the call.
    public let isServiceRoute: Bool
    /// Settings of every run, without those of one call.
    let baseSettings: [String: String]

    /// Throws when the SQL cannot be run by an endpoint.
    public convenience init(_ record: QueryEndpointRecord) throws(StatementProblem) {
        try self.init(record, isServiceRoute: false)
    }

    /// SQL that came with a call of the service's own route. Throws 400, and 403 for a statement the roles do not admit.
    public convenience init(
        sql: String, database: String, through route: CompiledServiceRoute
    ) throws(QueryFailure) {
        let record = QueryEndpointRecord(
            id: route.record.id, serviceID: route.record.serviceID, name: "", query: EndpointQuery(sql: sql, database: database),
            version: 0, apiKeyIDs: [], roles: route.record.roles, answerVersion: 2,
            createdAt: route.record.createdAt, updatedAt: route.record.updatedAt)
        do {
            try self.init(record, isServiceRoute: true)
        } catch {
            throw QueryFailure(400, "INVALID_STATEMENT", error.description)
        }
        if !record.roles.contains(ConsoleRole.admin.rawValue), let name = UngrantedFunctions.first(in: sql) {
            throw QueryFailure(403, "FORBIDDEN", "the function '\(name.clipped(to: 80))' is for routes with full access only")
        }
        // A row policy may read a setting of this kind, and a statement of the caller must not choose its value.
        if let name = statement.settings.first(where: { SettingsPolicy.isDenied($0) }) {
            throw QueryFailure(400, "SETTING_NOT_ALLOWED", "the setting '\(name)' cannot be set by a statement of this route; remove it")
        }
        if record.roles.allSatisfy({ $0 == ConsoleRole.readOnly.rawValue }), statement.kind != .read {
            throw QueryFailure(
                403, "READONLY",
                "the database role of this route only reads: SELECT, WITH, SHOW, DESCRIBE, EXPLAIN, EXISTS and CHECK can run, this statement cannot"
            )
        }
    }

    private init(_ record: QueryEndpointRecord, isServiceRoute: Bool) throws(StatementProblem) {
        self.record = record
        self.isServiceRoute = isServiceRoute
        statement = try ParameterizedStatement(record.query.sql)
        origins = OriginList(record.allowedOrigins)
        settings = SettingsPolicy(record.limits)
        keyIDs = Set(record.apiKeyIDs)
        // An exception as plain text: found faster among the bytes of an answer, and never part of a document that looks whole.
        var base = ["database": record.query.database, "http_write_exception_in_output_format": "0"]
        if statement.kind == .read {
            base["cancel_http_readonly_queries_on_client_close"] = "1"
            base["readonly"] = Self.readonlyLevel(record, statement)
        }
        if let rows = record.limits.resultRows { base["max_result_rows"] = String(rows) }
        if let bytes = record.limits.resultBytes { base["max_result_bytes"] = String(bytes) }
        if record.limits.resultRows != nil || record.limits.resultBytes != nil { base["result_overflow_mode"] = "throw" }
        baseSettings = base
    }

    /// Whether the body of a call is rows to insert; else it is JSON with values of parameters.
    public var takesBody: Bool {
        if case .insert(let shape) = statement.kind { shape.takesBody } else { false }
    }

    /// 1 forbids writes, every change of a setting and table functions that reach out of the server. 2 forbids writes only: for a statement
    /// with SETTINGS of its own, which 1 would refuse, and for roles with full access, whose grants say what may be reached.
    private static func readonlyLevel(_ record: QueryEndpointRecord, _ statement: ParameterizedStatement) -> String {
        statement.hasSettings || record.roles.contains(ConsoleRole.admin.rawValue) ? "2" : "1"
    }
}

/// The route of a service that runs any SQL.
public struct CompiledServiceRoute: Sendable {
    public let record: ServiceQueryEndpointRecord
    public let origins: OriginList
    public let keyIDs: Set<String>

    public init(_ record: ServiceQueryEndpointRecord) {
        self.record = record
        origins = OriginList(record.allowedOrigins)
        keyIDs = Set(record.apiKeyIDs)
    }

    /// What a person at the console runs with: full access, or reading only. No page of another origin may use it.
    public static func console(of service: ServiceRecord, isFull: Bool) -> CompiledServiceRoute {
        CompiledServiceRoute(
            ServiceQueryEndpointRecord(
                id: service.id, serviceID: service.id, apiKeyIDs: [],
                roles: [(isFull ? ConsoleRole.admin : ConsoleRole.readOnly).rawValue], allowedOrigins: [], createdAt: service.createdAt,
                updatedAt: service.createdAt))
    }
}
