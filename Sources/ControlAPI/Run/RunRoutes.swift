import Catalog
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTPTypes
import PipeCore
import QueryEndpoints

/// The routes that run queries. They stand beside the API: they authenticate by themselves, answer in their own form, and serve browsers.
struct RunRoutes: Sendable {
    let api: APIDependencies
    let runs: RunDependencies
    let authenticator: Authenticator
    let endpoints: EndpointDirectory
    private let rates = EndpointRates()

    init(api: APIDependencies, runs: RunDependencies, authenticator: Authenticator) {
        self.api = api
        self.runs = runs
        self.authenticator = authenticator
        endpoints = EndpointDirectory(catalog: api.catalog)
    }

    private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options, .trace]

    func add(to router: Router<APIContext>) {
        for path: RouterPath in ["/run/:endpointId", "/.api/query-endpoints/:endpointId/run", "/query-endpoints/:endpointId/run"] {
            for method in Self.methods {
                router.on(path, method: method) { request, context in await endpoint(request, context) }
            }
        }
        for method in Self.methods {
            router.on("/service/:serviceId/run", method: method) { request, context in await service(request, context) }
        }
    }

    // MARK: Routes

    private func endpoint(_ request: Request, _ context: APIContext) async -> Response {
        let id = (context.parameters.get("endpointId") ?? "").lowercased()
        return await answer(request, context, methods: [.get, .post, .options]) { snapshot in
            snapshot.endpoints[id].map { OriginList($0) }
        } run: { snapshot in
            try await run(id, snapshot, request, context)
        }
    }

    private func service(_ request: Request, _ context: APIContext) async -> Response {
        let id = (context.parameters.get("serviceId") ?? "").lowercased()
        return await answer(request, context, methods: [.post, .options], bareRefusals: true) { snapshot in
            snapshot.services[id]?.route?.origins
        } run: { snapshot in
            try await runSQL(id, snapshot, request, context)
        }
    }

    /// What both routes share: method, preflight, origins, the form of errors.
    private func answer(
        _ request: Request, _ context: APIContext, methods: [HTTPRequest.Method], bareRefusals: Bool = false,
        origins: (EndpointSnapshot) -> OriginList?,
        run: (EndpointSnapshot) async throws -> Response
    ) async -> Response {
        var response: Response
        var allowed: OriginList?
        do {
            let snapshot = try await endpoints.current()
            allowed = origins(snapshot)
            if request.method == .options {
                return Response(
                    status: .noContent,
                    headers: CrossOrigin.preflight(origin: request.headers[.origin], allowed: allowed, methods: Self.list(methods)))
            }
            guard methods.contains(request.method) else {
                let methods = Self.list(methods)
                throw QueryFailure(
                    405, "METHOD_NOT_ALLOWED", "\(request.method.rawValue) does not work here; allowed: \(methods)",
                    headers: ["Allow": methods])
            }
            response = try await run(snapshot)
        } catch {
            response = failure(error, context).response(bare: bareRefusals)
        }
        response.headers[Self.contentPolicy] = "default-src 'none'; sandbox"
        if SessionCookie.acting(for: request) != nil { response.headers[.cacheControl] = "no-store" }
        if let allowed { CrossOrigin.add(to: &response.headers, origin: request.headers[.origin], allowed: allowed) }
        return response
    }

    private static func list(_ methods: [HTTPRequest.Method]) -> String { methods.map(\.rawValue).joined(separator: ", ") }

    private func failure(_ error: any Error, _ context: APIContext) -> QueryFailure {
        switch error {
        case let failure as QueryFailure: return failure
        case let error as APIError: return QueryFailure(error)
        default:
            context.logger.error("a call of a query endpoint failed", metadata: ["error": "\(String(reflecting: error))"])
            return QueryFailure(500, "INTERNAL_ERROR", "the call failed; the log has the cause under this request id")
        }
    }

    // MARK: Named endpoints

    private func run(_ id: String, _ snapshot: EndpointSnapshot, _ request: Request, _ context: APIContext) async throws -> Response {
        let entry = snapshot.endpoints[id]
        let (caller, key) = try await authorize(request, context, entry?.record)
        guard let entry else { throw QueryFailure(404, "NOT_FOUND", "query endpoint \(id.prefix(80)) does not exist") }
        guard case .ready(let endpoint) = entry else {
            guard case .broken(_, let problem) = entry else { throw QueryFailure(404, "NOT_FOUND", "no such query endpoint") }
            throw QueryFailure(400, "INVALID_STATEMENT", "the query of this endpoint cannot run: \(problem)")
        }
        let standing = try rates.count(endpoint.record, caller: caller.keyID ?? caller.subject ?? "", at: api.now())
        if snapshot.services[endpoint.record.serviceID]?.record.wanted == .stopped {
            throw QueryFailure(503, "UPSTREAM_UNAVAILABLE", "ClickHouse service is currently unavailable.")
        }
        var call = QueryCall(
            requestID: context.requestID, endpoint: endpoint, caller: caller, mayWrite: request.method == .post,
            knownTags: request.headers[.ifNoneMatch], loop: context.channel.eventLoop)
        do {
            try await read(request, into: &call, context)
        } catch {
            let failure = failure(error, context)
            runs.runner.refused(call, failure)
            throw failure
        }
        if request.headers[Self.upgrade] == "1" { try await upgrade(endpoint, to: call.answerVersion, key: key) }
        var response = Response(try await runs.runner.run(call), channel: context.channel)
        if let standing { response.headers.append(contentsOf: standing.headers) }
        return response
    }

    /// Who calls. Nothing tells an unknown endpoint from a known one to somebody without valid credentials.
    private func authorize(
        _ request: Request, _ context: APIContext, _ endpoint: QueryEndpointRecord?
    ) async throws -> (QueryCaller, KeyRecord?) {
        let address = context.remoteAddress?.ipAddress ?? ""
        let header = request.headers[.authorization]
        if let trust = endpoint?.tokens, let header, header.count > 7, header.prefix(7).lowercased() == "bearer " {
            let token: VerifiedToken
            do throws(QueryFailure) {
                token = try await runs.tokens.verify(String(header.dropFirst(7)), trust: trust, at: api.now())
            } catch {
                guard error.status == 401 else { throw error }
                let refusal = QueryFailure(authenticator.refusal(of: address, error.details))
                throw refusal.status == 401 ? error : refusal
            }
            return (
                QueryCaller(subject: token.subject, fixedParameters: token.parameters, scope: token.scope, address: address), nil
            )
        }
        let found = try await authenticator.find(request, from: address)
        authenticator.keyUse.note(found.key, at: api.now())
        if let endpoint {
            guard endpoint.apiKeyIDs.contains(found.key.id) else {
                throw QueryFailure(403, "FORBIDDEN", "this API key is not one of the endpoint's keys")
            }
            guard found.permissions.allows(.runQueryEndpoints, service: endpoint.serviceID) else {
                throw QueryFailure(APIError.lacking(.runQueryEndpoints))
            }
        }
        return (QueryCaller(keyID: found.key.id, address: address), found.key)
    }

    /// URL, headers and body of the request.
    private func read(_ request: Request, into call: inout QueryCall, _ context: APIContext) async throws {
        let endpoint = call.endpoint
        call.answerVersion = try Self.answerVersion(request)
        var options = try RequestOptions(QueryString((request.uri.query ?? "")[...]), settings: endpoint.settings)
        ClientWatch.of(context.channel)?.watch(call.presence)
        if request.method == .post {
            if endpoint.takesBody {
                call.input = try input(request, call)
            } else {
                let body = try await Self.body(request, upTo: api.configuration.maxBodyBytes)
                if body.readableBytes > 0 { try options.add(RequestOptions.document(body.readableBytesView)) }
            }
        }
        call.parameters = options.parameters
        call.format = options.format
        call.settings = options.settings
        call.timeout = options.timeout
    }

    private func input(_ request: Request, _ call: QueryCall) throws(QueryFailure) -> QueryInput? {
        let length = request.headers[.contentLength].flatMap { Int($0) }
        let limit = call.endpoint.record.limits.bodyBytes
        if length == 0 || (length == nil && request.headers[.transferEncoding] == nil) { return nil }
        if let length, let limit, length > limit { throw QueryFailure.bodyTooLarge(limit) }
        let encoding = request.headers[.contentEncoding]
        return QueryInput(
            length: length, encoding: encoding == "identity" ? nil : encoding,
            pieces: StreamedBody(body: request.body, limit: limit, presence: call.presence))
    }

    private func upgrade(_ endpoint: CompiledEndpoint, to version: Int?, key: KeyRecord?) async throws {
        guard let key else { throw QueryFailure(403, "FORBIDDEN", "only a call with an API key can upgrade an endpoint") }
        guard version == 2 else {
            throw QueryFailure(400, "INVALID_HEADER", "\(Self.upgrade.rawName): 1 goes with \(Self.version.rawName): 2")
        }
        guard endpoint.record.answerVersion != 2 else { return }
        let now = api.now()
        _ = try await api.catalog.updateQueryEndpoint(endpoint.record.id, author: key.id) {
            $0.answerVersion = 2
            $0.updatedAt = now
        }
    }

    // MARK: SQL of the caller

    /// Longest body of the route that runs SQL: 4 MiB of SQL and what JSON makes of them.
    private static let longestSQLBody = 9 << 20

    private func runSQL(_ id: String, _ snapshot: EndpointSnapshot, _ request: Request, _ context: APIContext) async throws -> Response {
        let address = context.remoteAddress?.ipAddress ?? ""
        let found = try await authenticator.find(request, from: address)
        authenticator.keyUse.note(found.key, at: api.now())
        guard let service = snapshot.services[id] else { throw QueryFailure(404, "NOT_FOUND", "service \(id.prefix(80)) does not exist") }
        let route = try Self.route(of: found, on: service)
        if let pause = try await waking(service.record, request, context, found) { return pause }
        if found.session != nil { try await api.queries.prepareOnce(roles: route.record.roles, service: id) }

        let presence = CallerPresence()
        ClientWatch.of(context.channel)?.watch(presence)
        var options = try RequestOptions(QueryString((request.uri.query ?? "")[...]), settings: SettingsPolicy())
        let bytes = try await Self.body(request, upTo: Self.longestSQLBody)
        guard bytes.readableBytes > 0 else { throw QueryFailure(400, "INVALID_BODY", "the body is empty; send {\"sql\": \"…\"}") }
        let body = try RequestOptions.document(bytes.readableBytesView)
        guard let sql = body["sql"]?.string else { throw QueryFailure(400, "INVALID_BODY", "sql must be a string") }
        let database = body["database"] ?? .null
        guard database.isNull || database.string != nil else { throw QueryFailure(400, "INVALID_BODY", "database must be a string") }
        try options.add(body)
        let endpoint = try CompiledEndpoint(sql: sql, database: database.string ?? "default", through: route)
        let call = QueryCall(
            requestID: context.requestID, endpoint: endpoint, caller: QueryCaller(keyID: found.key.id, address: address),
            parameters: options.parameters, format: options.format, settings: options.settings, timeout: options.timeout,
            loop: context.channel.eventLoop, presence: presence)
        return Response(try await runs.runner.run(call), channel: context.channel)
    }

    /// The rights that SQL of this caller runs with. A key needs the service's route and a place among its keys, as in the cloud. The console
    /// needs neither: a person signed in, and their own permissions decide.
    private static func route(of found: Authenticator.Found, on service: EndpointSnapshot.Service) throws -> CompiledServiceRoute {
        let id = service.record.id
        if found.session != nil {
            guard found.permissions.allows(.useSQLConsole, service: id) else { throw APIError.lacking(.useSQLConsole) }
            return .console(of: service.record, isFull: found.permissions.allows(.manageService, service: id))
        }
        guard let route = service.route else {
            throw QueryFailure(403, "FORBIDDEN", "this service does not run SQL of callers; configure its query endpoint first")
        }
        guard route.keyIDs.contains(found.key.id) else {
            throw QueryFailure(403, "FORBIDDEN", "this API key is not one of the keys of the service's query endpoint")
        }
        guard found.permissions.allows(.runQueryEndpoints, service: id) else { throw QueryFailure(APIError.lacking(.runQueryEndpoints)) }
        return route
    }

    /// A service that was stopped is started again only by a key that may do so, and only when it says that it wants it.
    private func waking(
        _ service: ServiceRecord, _ request: Request, _ context: APIContext, _ found: Authenticator.Found
    ) async throws -> Response? {
        guard service.wanted == .stopped else { return nil }
        func pause(_ text: String) throws -> Response {
            try .json(["data": .string(text)], status: HTTPResponse.Status(code: 206))
        }
        guard found.permissions.allows(.manageService, service: service.id) else { return try pause("Service is stopped") }
        guard request.headers[Self.wake]?.lowercased() == "true" else { return try pause("Confirm wake service") }
        _ = try await api.catalog.updateService(service.id) { $0.wanted = .running }
        try await api.services.setWanted(.running, service: service.id)
        var named = context
        named.caller = Caller(
            key: found.key, permissions: found.permissions, ipAddress: context.remoteAddress?.ipAddress ?? "",
            userAgent: request.headers[.userAgent] ?? "")
        await api.recordActivity("service_awaken", by: named, service: service.id)
        // An embedded server is there within seconds; one that is not is told to the caller as unavailable.
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline, await api.services.statuses().first(where: { $0.id == service.id })?.state != .running {
            try await Task.sleep(for: .milliseconds(100))
        }
        return nil
    }

    // MARK: Parts

    private static let version = HTTPField.Name("x-clickhouse-endpoint-version") ?? .acceptEncoding
    private static let upgrade = HTTPField.Name("x-clickhouse-endpoint-upgrade") ?? .acceptEncoding
    /// A browser may open an answer as a page. Whatever somebody's query makes of it, it is none of the console's.
    private static let contentPolicy = HTTPField.Name("Content-Security-Policy") ?? .acceptEncoding
    private static let wake = HTTPField.Name("wake-service") ?? .acceptEncoding

    private static func answerVersion(_ request: Request) throws(QueryFailure) -> Int? {
        switch request.headers[version] {
        case nil: nil
        case "1"?: 1
        case "2"?: 2
        default: throw QueryFailure(400, "INVALID_HEADER", "\(version.rawName) must be 1 or 2")
        }
    }

    private static func body(_ request: Request, upTo limit: Int) async throws -> ByteBuffer {
        if let encoding = request.headers[.contentEncoding], encoding != "identity" {
            throw QueryFailure(400, "INVALID_BODY", "a JSON body must not be compressed (Content-Encoding: \(encoding.prefix(40)))")
        }
        do {
            return try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw QueryFailure.bodyTooLarge(limit)
        } catch {
            throw QueryFailure(400, "INVALID_BODY", "the body ended early")
        }
    }
}

extension OriginList {
    fileprivate init(_ entry: EndpointSnapshot.Entry) {
        switch entry {
        case .ready(let endpoint): self = endpoint.origins
        case .broken(let record, _): self.init(record.allowedOrigins)
        }
    }
}

extension Response {
    /// Pieces of a stream go to the connection without a detour.
    fileprivate init(_ reply: QueryReply, channel: any Channel) {
        var fields = HTTPFields()
        for (name, value) in reply.headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        let body: ResponseBody
        switch reply.body {
        case .bytes(let bytes): body = reply.status == 304 ? ResponseBody() : ResponseBody(byteBuffer: bytes)
        case .stream(let stream):
            body = ResponseBody { writer in
                if ClientWatch.of(channel) != nil {
                    // The head is written already, on the loop that the pieces arrive on.
                    try await stream.forward(ChannelSink(channel: channel))
                } else {
                    while let piece = try await stream.next() { try await writer.write(piece) }
                }
                try await writer.finish(nil)
            }
        }
        self.init(status: HTTPResponse.Status(code: reply.status), headers: fields, body: body)
    }
}
