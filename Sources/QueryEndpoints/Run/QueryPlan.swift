import Catalog
import ClickHouse
import NIOCore

/// A call that can run: every value checked, the statement with everything that travels beside it. No I/O.
struct QueryPlan: Sendable {
    static let versionHeader = "x-clickhouse-endpoint-version"

    var statement: Statement
    /// As sent, by name.
    var parameters: [String: String]
    /// Output format of a read; format of the body of an INSERT.
    var format: String
    var answerVersion: Int
    var isRead: Bool
    /// Nil: the caller and the endpoint name none.
    var timeout: Duration?
    private var callSettings: [String: String]

    /// Throws 400 for parameters, formats and bodies that do not fit, 405 for a write by GET.
    init(_ call: QueryCall) throws(QueryFailure) {
        let endpoint = call.endpoint
        let query = endpoint.record.query
        answerVersion = call.answerVersion ?? endpoint.record.answerVersion
        isRead = endpoint.statement.kind == .read
        guard isRead || call.mayWrite else {
            throw QueryFailure(
                405, "METHOD_NOT_ALLOWED", "this endpoint writes; call it with POST", headers: ["Allow": "POST, OPTIONS"])
        }
        parameters = try Self.bound(call)
        if let format = call.format, !Self.isName(format) {
            throw QueryFailure(400, "INVALID_FORMAT", "'\(format.clipped(to: 80))' is not the name of a ClickHouse format")
        }
        timeout = Self.timeout(call)
        var settings = endpoint.baseSettings
        settings.merge(call.settings) { _, own in own }
        if let timeout { settings["max_execution_time"] = Self.seconds(timeout, atMost: call.settings["max_execution_time"]) }
        var sql = endpoint.statement.sql
        switch endpoint.statement.kind {
        case .read:
            format = try Self.outputFormat(call, version: answerVersion)
            settings["default_format"] = answerVersion == 1 ? RowWrapper.format : format
        case .insert(let shape):
            format = shape.format ?? call.format ?? query.format ?? ""
            if shape.takesBody {
                guard call.input != nil else { throw QueryFailure.bodyExpected }
                if shape.format == nil {
                    guard !format.isEmpty else {
                        throw QueryFailure(400, "INVALID_FORMAT", "name the format of the body: ?format=CSV, for example")
                    }
                    sql += "\nFORMAT \(format)"
                }
            }
        case .write:
            format = call.format ?? ""
        }
        if call.input != nil, !endpoint.takesBody {
            throw QueryFailure(400, "INVALID_BODY", "this endpoint takes no rows; the body must be JSON: {\"queryVariables\": {…}}")
        }
        callSettings = call.settings
        for (name, value) in parameters where value.utf8.count >= RequestEncoding.longestParameter {
            throw QueryFailure(
                400, "INVALID_PARAMETER",
                "parameter `\(name)` is longer than \(RequestEncoding.longestParameter) bytes, which is the most "
                    + "that ClickHouse takes")
        }
        statement = Statement(
            sql, encodedParameters: parameters, settings: settings, roles: endpoint.record.roles, queryID: call.requestID)
    }

    func cacheKey(_ call: QueryCall) -> CacheKey {
        let record = call.endpoint.record
        return CacheKey(
            endpoint: record.id, version: record.version, answerVersion: answerVersion, roles: record.roles, parameters: parameters,
            format: format, settings: callSettings, scope: call.caller.scope)
    }

    // MARK: Answers

    /// A whole answer as the caller gets it.
    func whole(_ bytes: ByteBuffer) throws -> ByteBuffer {
        guard answerVersion == 1 else { return bytes }
        var wrapper = RowWrapper()
        var result = try wrapper.push(bytes)
        result.writeImmutableBuffer(try wrapper.finish())
        return result
    }

    func contentType(_ head: AnswerRelay.Head?) -> String? {
        answerVersion == 1 ? "application/json; charset=utf-8" : head?.contentType
    }

    /// Headers that belong to the content and stay true when it is served again.
    func contentFields(_ head: AnswerRelay.Head?) -> [CachedAnswer.Field] {
        var fields = [CachedAnswer.Field(Self.versionHeader, String(answerVersion))]
        if answerVersion != 1, let format = head?.format { fields.append(.init("X-ClickHouse-Format", format)) }
        return fields
    }

    /// Headers that tell of one run.
    static func runFields(_ head: AnswerRelay.Head) -> [(name: String, value: String)] {
        var fields = [(name: "X-ClickHouse-Query-Id", value: head.queryID)]
        if let summary = head.summary { fields.append(("X-ClickHouse-Summary", summary)) }
        return fields
    }

    func fields(_ head: AnswerRelay.Head?) -> [(name: String, value: String)] {
        var fields = contentFields(head).map { (name: $0.name, value: $0.value) }
        if let type = contentType(head) { fields.append(("Content-Type", type)) }
        if let head { fields += Self.runFields(head) }
        return fields
    }

    // MARK: Parts

    private static func bound(_ call: QueryCall) throws(QueryFailure) -> [String: String] {
        var given = call.parameters
        for (name, value) in call.caller.fixedParameters {
            guard given[name] == nil else {
                throw QueryFailure(400, "INVALID_PARAMETER", "parameter `\(name)` comes from the token and cannot be set by the caller")
            }
            given[name] = value
        }
        do {
            return try call.endpoint.statement.bind(given, defaults: call.endpoint.record.query.parameters)
        } catch {
            throw QueryFailure(400, "INVALID_PARAMETER", error.description)
        }
    }

    private static func outputFormat(_ call: QueryCall, version: Int) throws(QueryFailure) -> String {
        let endpoint = call.endpoint
        let wanted = call.format ?? endpoint.record.query.format ?? "JSON"
        guard version == 1 else { return endpoint.statement.format ?? wanted }
        if let format = call.format, !QueryRunner.formatsOfVersion1.contains(format) {
            throw QueryFailure(
                400, "INVALID_FORMAT",
                "version 1 knows no format '\(format.clipped(to: 80))'; send the header \(versionHeader): 2 for every format of ClickHouse")
        }
        if let format = endpoint.statement.format, format != RowWrapper.format {
            throw QueryFailure(
                400, "INVALID_FORMAT",
                "the SQL of this endpoint has a FORMAT clause, which only version 2 can answer; send the header "
                    + "\(versionHeader): 2")
        }
        return wanted
    }

    private static func timeout(_ call: QueryCall) -> Duration? {
        let most = call.endpoint.record.limits.executionMilliseconds.map { Duration.milliseconds($0) }
        guard let given = call.timeout else { return most }
        return most.map { min($0, given) } ?? given
    }

    /// Whole seconds, rounded up, and one more: the server's own limit stands behind Penstock's, which is exact.
    private static func seconds(_ timeout: Duration, atMost given: String?) -> String {
        let (seconds, attoseconds) = timeout.components
        let rounded = seconds + (attoseconds > 0 ? 2 : 1)
        // Zero means no limit.
        guard let given = given.flatMap({ Int64($0) }), given > 0 else { return String(rounded) }
        return String(min(given, rounded))
    }

    private static func isName(_ format: String) -> Bool {
        (1...100).contains(format.utf8.count)
            && format.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
