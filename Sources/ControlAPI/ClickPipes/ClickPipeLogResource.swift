private import Catalog
private import FoundationEssentials
private import Hummingbird
private import PipeCore
private import PipeRuntime

/// What a pipe has logged. Not in ClickHouse Cloud, where the table `clickpipes_log` is read by SQL; it is the same table here.
package struct ClickPipeLogResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    package func addRoutes(to routes: inout RouteTable) {
        routes.get(
            "\(APIPath.pipe)/log", permission: .viewPipes,
            Operation(
                "clickPipeLogGetList", "Lines that a pipe has logged, newest first. Not in ClickHouse Cloud.", tag: "ClickPipes",
                query: [
                    .init("limit", .integer(1...1000), "Most lines to return; 100 by default."),
                    .init("cursor", .text, "`nextCursor` of the page before."),
                    .init("level", .oneOf(["info", "warning", "error"]), "Only lines of this level."),
                ], result: .list(Self.line),
                envelope: [Field("nextCursor", .string, "Where the next page begins; absent on the last.")]), handler: list)
    }

    private static let line = ObjectSchema(
        "ClickPipeLogLine", "A line of the log.",
        fields: [
            Field("time", .dateTime, "When."), Field("level", .oneOf(["info", "warning", "error"]), "How bad it is."),
            Field("code", .string, "Class of the error; absent where there is none."), Field("message", .string, "What happened."),
        ])

    @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let pipe = try await api.requirePipe(context)
        let query = request.uri.queryParameters
        let limit = try query["limit"].map { try Self.limit(String($0)) } ?? 100
        var filter = PipeLogFilter()
        if let text = query["level"].map(String.init), !text.isEmpty {
            guard let level = PipeLogLevel(rawValue: text) else { throw APIError.badRequest("level must be info, warning or error") }
            filter.level = level
        }
        filter.before = try query["cursor"].map(String.init).flatMap { $0.isEmpty ? nil : try Self.place($0) }
        let spec = try pipe.spec(api.sources)
        let lines: [PipeLogEntry]
        do {
            lines = try await api.pipeLogs.lines(of: spec, filter, limit: limit + 1)
        } catch {
            if error.disposition == .bug { throw error }
            throw error.disposition == .retry ? APIError.failedDependency(error.message) : APIError.badRequest(error.message)
        }
        var envelope: [String: JSONValue] = [:]
        if lines.count > limit, let last = lines.prefix(limit).last {
            envelope["nextCursor"] = .string("\(last.place.time).\(last.place.hash)")
        }
        return try context.reply(.array(lines.prefix(limit).map(Self.document)), extra: envelope)
    }

    private static func limit(_ text: String) throws -> Int {
        guard let number = Int(text), (1...1000).contains(number) else {
            throw APIError.badRequest("limit must be an integer from 1 to 1000")
        }
        return number
    }

    private static func place(_ cursor: String) throws -> PipeLogEntry.Place {
        let parts = cursor.split(separator: ".")
        guard parts.count == 2, let time = Int64(parts[0]), let hash = UInt64(parts[1]) else {
            throw APIError.badRequest("cursor must be the nextCursor of the page before")
        }
        return PipeLogEntry.Place(time: time, hash: hash)
    }

    private static func document(_ line: PipeLogEntry) -> JSONValue {
        [
            "time": .string(WireDate.string(Date(timeIntervalSince1970: Double(line.time) / 1000))), "level": .string(line.level),
            "code": line.code.isEmpty ? .null : .string(line.code), "message": .string(line.message),
        ]
    }
}
