private import Catalog
private import FoundationEssentials
private import Hummingbird
private import PipeCore
private import QueryEndpoints

/// How query endpoints are used: counts of a time span and the last calls.
package struct MonitoringResource: APIResource {
    private let api: APIDependencies
    package init(api: APIDependencies) { self.api = api }

    private static let tag = "Query API endpoints"

    package func addRoutes(to routes: inout RouteTable) {
        let span: [Operation.QueryParameter] = [
            .init("from", .dateTime, "Begin of the span, RFC 3339. Default: an hour before `to`."),
            .init("to", .dateTime, "End of the span, not included. Default: now."),
            .init("step", .integer(1...2_592_000), "Seconds of a step; at most 1440 steps. Default: about sixty steps."),
        ]
        let list: [Operation.QueryParameter] = [
            .init("limit", .integer(1...1000), "Most calls to return. Default: 100."),
            .init("cursor", .text, "`nextCursor` of the page before."),
            .init("status", .text, "Only such calls: `404`, `4xx`, `error` (not fully answered) or `ok`."),
        ]
        let envelope = [
            Field("limit", .integer, "Most elements of this page."),
            Field("nextCursor", .string, "Where the next page begins; absent on the last."),
        ]
        routes.get(
            "\(APIPath.queryEndpoint)/monitoring", permission: .viewQueryEndpoints,
            Operation(
                "queryApiEndpointMonitoringGet", "How an endpoint is used", tag: Self.tag, query: span,
                result: .object(MonitoringSchemas.report))
        ) { request, context in
            let endpoint = try await api.requireQueryEndpoint(context)
            return try await report(service: endpoint.serviceID, endpoint: endpoint.id, request, context)
        }
        routes.get(
            "\(APIPath.queryEndpoint)/calls", permission: .viewQueryEndpoints,
            Operation(
                "queryApiEndpointCallList", "Calls of an endpoint, newest first", tag: Self.tag, query: list,
                result: .list(MonitoringSchemas.call), envelope: envelope)
        ) { request, context in
            let endpoint = try await api.requireQueryEndpoint(context)
            return try await calls(service: endpoint.serviceID, endpoint: endpoint.id, request, context)
        }
        routes.get(
            "\(APIPath.serviceQueryEndpoint)/monitoring", permission: .viewQueryEndpoints,
            Operation(
                "instanceQueryEndpointMonitoringGet", "How the endpoint for any SQL is used", tag: Self.tag, query: span,
                result: .object(MonitoringSchemas.report))
        ) { request, context in
            let service = try await requireServiceEndpoint(context)
            return try await report(service: service, endpoint: nil, request, context)
        }
        routes.get(
            "\(APIPath.serviceQueryEndpoint)/calls", permission: .viewQueryEndpoints,
            Operation(
                "instanceQueryEndpointCallList", "Calls of the endpoint for any SQL, newest first", tag: Self.tag, query: list,
                result: .list(MonitoringSchemas.call), envelope: envelope)
        ) { request, context in
            let service = try await requireServiceEndpoint(context)
            return try await calls(service: service, endpoint: nil, request, context)
        }
    }

    private func report(service: String, endpoint: String?, _ request: Request, _ context: APIContext) async throws -> Response {
        let span = try span(of: request)
        try await requireRunning(service)
        let report = try await answered { () async throws(QueryFailure) in
            try await api.calls.report(service: service, endpoint: endpoint, span: span)
        }
        let names = try await api.catalog.keys().map { ($0.id, $0.name) }
        return try context.reply(report.document(keys: Dictionary(names, uniquingKeysWith: { _, last in last })))
    }

    private func calls(service: String, endpoint: String?, _ request: Request, _ context: APIContext) async throws -> Response {
        let query = request.uri.queryParameters
        let limit = query["limit"].map(String.init).map { Int($0) ?? 0 } ?? 100
        guard (1...1000).contains(limit) else { throw APIError.badRequest("limit must be an integer from 1 to 1000") }
        var filter: CallFilter?
        if let text = query["status"].map(String.init), !text.isEmpty {
            filter = CallFilter(text)
            if filter == nil { throw APIError.badRequest("status must be a status such as 404, a class such as 4xx, error or ok") }
        }
        var cursor: CallCursor?
        if let text = query["cursor"].map(String.init), !text.isEmpty {
            cursor = Data(base64Encoded: text).flatMap { String(validating: $0, as: UTF8.self) }.flatMap { CallCursor($0) }
            if cursor == nil { throw APIError.badRequest("cursor must be the nextCursor of the page before") }
        }
        let (wanted, before) = (filter, cursor)
        try await requireRunning(service)
        let page = try await answered { () async throws(QueryFailure) in
            try await api.calls.calls(service: service, endpoint: endpoint, filter: wanted, before: before, limit: limit)
        }
        var envelope: [String: JSONValue] = ["limit": .integer(Int64(limit))]
        if let next = page.next { envelope["nextCursor"] = .string(Data(next.text.utf8).base64EncodedString()) }
        return try context.reply(.array(page.calls.map(\.document)), extra: envelope)
    }

    private func span(of request: Request) throws -> CallSpan {
        let to = try time("to", request) ?? api.now()
        let from = try time("from", request) ?? to.addingTimeInterval(-3600)
        var step: Int?
        if let text = request.uri.queryParameters["step"].map(String.init), !text.isEmpty {
            step = Int(text)
            guard let step, (1...2_592_000).contains(step) else {
                throw APIError.badRequest("step must be a number of seconds from 1 to 2592000")
            }
        }
        guard from < to else { throw APIError.badRequest("from must be before to") }
        guard let span = CallSpan(from: from, to: to, step: step) else {
            throw APIError.badRequest("from, to and step make more than \(CallSpan.mostSteps) steps; choose a longer step")
        }
        return span
    }

    private func time(_ name: String, _ request: Request) throws -> Date? {
        guard let text = request.uri.queryParameters[Substring(name)].map(String.init), !text.isEmpty else { return nil }
        guard let date = WireDate.date(text), (0...4_000_000_000).contains(date.timeIntervalSince1970) else {
            throw APIError.badRequest("\(name) must be an RFC 3339 timestamp (2026-01-31T12:00:00Z)")
        }
        return date
    }

    private func requireServiceEndpoint(_ context: APIContext) async throws -> String {
        let service = try await api.requireService(context)
        guard try await api.catalog.serviceQueryEndpoint(service: service.id) != nil else {
            throw APIError.notFound("service \(service.id) has no query endpoint")
        }
        return service.id
    }

    /// The log of calls is on the service itself.
    private func requireRunning(_ service: String) async throws {
        let state = await api.services.statuses().first { $0.id == service }?.state
        if state == .stopped || state == .stopping {
            throw APIError.failedDependency("the log of calls is on service \(service), which is stopped; start the service")
        }
    }

    private func answered<Answer>(_ body: () async throws(QueryFailure) -> Answer) async throws -> Answer {
        do {
            return try await body()
        } catch {
            switch error.status {
            case 404: throw APIError.notFound(error.details)
            case 502, 503: throw APIError.unavailable(error.details)
            default: throw APIError.internalError()
            }
        }
    }
}
