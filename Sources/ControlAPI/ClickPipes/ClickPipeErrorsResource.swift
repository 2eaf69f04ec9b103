private import Catalog
private import FoundationEssentials
private import Hummingbird
private import Logging
private import PipeCore

/// The error table of a pipe: reading it, and sending its rows once more. Not in ClickHouse Cloud.
package struct ClickPipeErrorsResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    /// Rows that one replay takes unless told otherwise.
    private static let usualReplay = 100_000

    package func addRoutes(to routes: inout RouteTable) {
        routes.get(
            "\(APIPath.pipe)/errors", permission: .viewPipes,
            Operation(
                "clickPipeErrorGetList", "Records that a pipe has left out, newest first. Not in ClickHouse Cloud.", tag: "ClickPipes",
                query: [
                    .init("limit", .integer(1...1000), "Most records to return; 100 by default."),
                    .init("cursor", .text, "`nextCursor` of the page before."),
                    .init("errorCode", .text, "Only records with this code, such as `TYPE_MISMATCH`."),
                ], result: .list(Self.record),
                envelope: [Field("nextCursor", .string, "Where the next page begins; absent on the last.")]), handler: list)
        routes.post(
            "\(APIPath.pipe)/errors/replay", permission: .managePipes,
            Operation(
                "clickPipeErrorReplay",
                "Send records that a pipe has left out once more, through its present mappings, oldest first. Not in ClickHouse Cloud.",
                tag: "ClickPipes", body: .patch(Self.request), result: .object(Self.report)), handler: replay)
    }

    private static let record = ObjectSchema(
        "ClickPipeErrorRecord", "A record that was left out.",
        fields: [
            Field("timestamp", .dateTime, "When it was left out."), Field("errorCode", .string, "Class of the error."),
            Field("error", .string, "Why."), Field("field", .string, "The field at fault, where known."),
            Field("locator", .map(.string), "Where the record stands in the source."),
            Field("rawMessage", .string, "The first 64 KiB of the record, where it is text."),
            Field("rawMessageBase64", .string, "The same where it is none."),
            Field("size", .integer, "Bytes of the record that are kept."), Field("isTruncated", .boolean, "Whether it was longer."),
            Field("isReplayable", .boolean, "Whether a replay would send it."),
            Field("replayedAt", .dateTime, "When it was written by a replay."),
        ])

    private static let request = ObjectSchema(
        "ClickPipeErrorReplayRequest", "Which records; all of them without a body's members.",
        fields: [
            Field("errorCode", .text, "Only records with this code."), Field("from", .dateTime, "Left out at this time or later."),
            Field("to", .dateTime, "Left out before this time."),
            Field("limit", .integer(1...1_000_000), "Most records to send; \(usualReplay) by default."),
        ])

    private static let report = ObjectSchema(
        "ClickPipeErrorReplayReport", "What became of them.",
        fields: [
            Field("replayed", .integer, "Records written."),
            Field("failed", .integer, "Records refused once more, or that cannot be sent again; they stay."),
            Field("remaining", .integer, "Records not tried, because of the limit."),
            Field("notReplayable", .integer, "Of the failed, those that cannot be sent again: cut off, or never encoded as a row."),
        ])

    @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let pipe = try await api.requirePipe(context)
        let query = request.uri.queryParameters
        var limit = 100
        if let text = query["limit"].map(String.init) {
            guard let number = Int(text), (1...1000).contains(number) else {
                throw APIError.badRequest("limit must be an integer from 1 to 1000")
            }
            limit = number
        }
        var filter = RejectedFilter()
        filter.code = query["errorCode"].map { PipeError.Code(rawValue: String($0)) }
        let cursor = try query["cursor"].map(String.init).flatMap { $0.isEmpty ? nil : try Self.key($0) }
        let spec = try pipe.spec(api.sources)
        let rows = try await asked { try await api.warehouses.rejectedRows(of: spec, filter, after: cursor, limit: limit + 1) }
        var envelope: [String: JSONValue] = [:]
        if rows.count > limit, let last = rows.prefix(limit).last { envelope["nextCursor"] = .string(Self.cursor(last.key)) }
        return try context.reply(.array(rows.prefix(limit).map(Self.document)), extra: envelope)
    }

    @Sendable private func replay(_ request: Request, _ context: APIContext) async throws -> Response {
        let pipe = try await api.requirePipe(context)
        let body = try await checkedBody(request, context: context, Self.request, mode: .patch)
        var filter = RejectedFilter(code: body["errorCode"]?.string.map { PipeError.Code(rawValue: $0) })
        filter.from = body["from"]?.string.flatMap(WireDate.date).map(Self.milliseconds)
        filter.to = body["to"]?.string.flatMap(WireDate.date).map(Self.milliseconds)
        let limit = Int(body["limit"]?.integer ?? Int64(Self.usualReplay))
        try await api.requireRunning(pipe.serviceID, "a replay is possible only")
        let spec = try pipe.spec(api.sources)
        let log = ReplayLog(logger: context.logger, pipe: pipe.id)
        let chosen = filter
        let report = try await asked { try await api.warehouses.replay(chosen, of: spec, limit: limit, log: log) }
        await api.recordActivity("clickpipe_errors_replay", by: context, service: pipe.serviceID, target: pipe.id.rawValue)
        return try context.reply([
            "replayed": .integer(Int64(report.replayed)), "failed": .integer(Int64(report.failed)),
            "remaining": .integer(Int64(report.remaining)), "notReplayable": .integer(Int64(report.notReplayable)),
        ])
    }

    /// 424 when the service cannot be reached, 400 when it refuses.
    private func asked<Answer: Sendable>(_ body: () async throws -> Answer) async throws -> Answer {
        do {
            return try await body()
        } catch let error as PipeError where error.disposition != .bug {
            throw error.disposition == .retry ? APIError.failedDependency(error.message) : APIError.badRequest(error.message)
        }
    }

    private static func document(_ row: RejectedRow) -> JSONValue {
        var members: [String: JSONValue] = [
            "timestamp": .string(date(row.key.time)), "errorCode": .string(row.record.code.rawValue), "error": .string(row.record.reason),
            "field": .string(row.record.field), "locator": .object(row.record.locator.mapValues(JSONValue.string)),
            "size": .integer(Int64(row.size)), "isTruncated": .bool(row.isTruncated), "isReplayable": .bool(row.isReplayable),
        ]
        // A cut may have gone through the middle of a character.
        let whole =
            row.size > row.record.raw.count
            ? row.record.raw.dropLast(row.record.raw.suffix(4).reversed().prefix { $0 & 0xc0 == 0x80 }.count + 1) : row.record.raw[...]
        if let text = String(validating: whole, as: UTF8.self) {
            members["rawMessage"] = .string(text)
        } else {
            members["rawMessageBase64"] = .string(Data(row.record.raw).base64EncodedString())
        }
        members["replayedAt"] = row.replayedAt.map { .string(date($0)) }
        return .object(members)
    }

    private static func date(_ milliseconds: Int64) -> String {
        WireDate.string(Date(timeIntervalSince1970: Double(milliseconds) / 1000))
    }

    private static func milliseconds(_ date: Date) -> Int64 { Int64((date.timeIntervalSince1970 * 1000).rounded()) }

    private static func cursor(_ key: RejectedRow.Key) -> String { Data("\(key.time) \(key.hash)".utf8).base64EncodedString() }

    private static func key(_ cursor: String) throws -> RejectedRow.Key {
        let parts = Data(base64Encoded: cursor).flatMap { String(validating: $0, as: UTF8.self) }?.split(separator: " ") ?? []
        guard parts.count == 2, let time = Int64(parts[0]), let hash = UInt64(parts[1]) else {
            throw APIError.badRequest("cursor must be the nextCursor of the page before")
        }
        return RejectedRow.Key(time: time, hash: hash)
    }
}

/// What a replay has to tell goes to the program's log: it is no run of the pipe.
private struct ReplayLog: PipeLog {
    let logger: Logger
    let pipe: PipeID
    func log(_ level: PipeLogLevel, _ code: PipeError.Code?, _ message: String) {
        logger.warning("\(message)", metadata: ["pipe": "\(pipe)", "code": "\(code?.rawValue ?? "")"])
    }
}
