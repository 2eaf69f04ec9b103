private import Catalog
private import FoundationEssentials
private import HTTPTypes
private import Hummingbird
private import NIOCore
private import PipeCore
private import PipeRuntime
private import ServiceLifecycle
private import Synchronization

/// What changes while one looks, as one stream of server-sent events. Not in ClickHouse Cloud.
package struct EventsResource: APIResource {
    private let api: APIDependencies
    private let access: AccessDirectory
    private let listeners = Listeners()

    package init(api: APIDependencies) {
        self.api = api
        access = AccessDirectory(catalog: api.catalog)
    }

    package func addRoutes(to routes: inout RouteTable) {
        routes.add(
            .get, "\(APIPath.organization)/events", access: .anyKey,
            Operation(
                "eventStreamGet",
                "States and counters of pipes, states of services, calls of endpoints: as `text/event-stream`, at most once a second, "
                    + "what the key may see. Not in ClickHouse Cloud.", tag: "Events", result: .events), handler: stream)
    }

    /// A listener that is told nothing else hears so often that the connection lives, in ticks.
    private static let silence = 15
    /// Of one key: windows of a browser, and programs.
    private static let mostListeners = 32
    /// How long a listener may leave what it was told unread.
    private static let patience = TimeAmount.seconds(30)

    @Sendable private func stream(_ request: Request, _ context: APIContext) async throws -> Response {
        let caller = try context.requireCaller()
        guard listeners.count(of: caller.key.id) < Self.mostListeners else {
            throw APIError(.tooManyRequests, "TOO_MANY_REQUESTS", "this API key listens to \(Self.mostListeners) streams; close one")
        }
        let token = SessionCookie.token(of: request)
        let channel = context.channel
        var headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
        // Proxies that hold answers back (nginx) must not.
        if let name = HTTPField.Name("X-Accel-Buffering") { headers[name] = "no" }
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                listeners.add(caller.key.id)
                defer { listeners.remove(caller.key.id) }
                var feed = EventFeed()
                var tick = api.history.tick
                var lastWrite = tick - Self.silence
                // Of the newest entry of the audit log that was told, or of the beginning.
                var told = api.now()
                while let permissions = try await permissions(of: caller, token) {
                    var view = try await view(permissions)
                    if permissions.allows(.viewActivities, service: nil),
                        let newest = try await api.catalog.activities(from: told, to: nil).first
                    {
                        view.newestActivity = newest.id
                        told = newest.createdAt
                    }
                    let text = feed.events(view).compactMap(\.text).joined()
                    if !text.isEmpty || tick - lastWrite >= Self.silence {
                        // Who does not read would wait here for ever, and a shutdown with them.
                        let patience = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
                        defer { patience.cancel() }
                        try await withGracefulShutdownHandler {
                            try await writer.write(ByteBuffer(string: text.isEmpty ? ServerSentEvent.heartbeat : text))
                        } onGracefulShutdown: {
                            channel.close(promise: nil)
                        }
                        lastWrite = tick
                    }
                    guard let next = await next(after: tick) else { break }
                    tick = next
                }
                try await writer.finish(nil)
            })
    }

    /// Nil when the server shuts down, or the listener has gone.
    private func next(after tick: Int) async -> Int? {
        await cancelWhenGracefulShutdown { try? await api.history.next(after: tick) }
    }

    /// What the key may do now; nil when it may not be used any more, or its session has ended. Listening is no use of a session: whoever
    /// leaves a page open is signed out all the same.
    private func permissions(of caller: Caller, _ token: String?) async throws -> PermissionSet? {
        guard let entry = try await access.current().keys[caller.key.keyIDHash], entry.key.isEnabled,
            entry.key.expireAt.map({ $0 > api.now() }) ?? true, entry.key.id == caller.key.id,
            Authenticator.admits(entry.key.ipAccessList, caller.ipAddress)
        else { return nil }
        if caller.session != nil, api.sessions.find(token ?? "", at: api.now(), isUse: false) == nil { return nil }
        return entry.permissions
    }

    private func view(_ permissions: PermissionSet) async throws -> EventFeed.View {
        var view = EventFeed.View()
        let states = Dictionary(await api.services.statuses().map { ($0.id, $0.state.rawValue) }) { $1 }
        for service in try await api.catalog.services() where permissions.allows(.viewService, service: service.id) {
            view.services[service.id] = [
                "id": .string(service.id), "name": .string(service.name), "state": .string(states[service.id] ?? "terminated"),
            ]
        }
        let samples = api.history.newest
        for pipe in try await api.catalog.pipes(service: nil) where permissions.allows(.viewPipes, service: pipe.serviceID) {
            let id = pipe.id.rawValue
            var document: [String: JSONValue] = [
                "id": .string(id), "serviceId": .string(pipe.serviceID), "name": .string(pipe.name), "kind": .string(pipe.kind),
                "state": .string(pipe.state.rawValue), "updatedAt": .string(WireDate.string(pipe.updatedAt)),
            ]
            // Null takes a message away that was told before.
            document["stateMessage"] = pipe.stateMessage.map(JSONValue.string) ?? .null
            view.pipes[id] = .object(document)
            view.samples[id] = samples[pipe.id]?.document
        }
        view.calls = try await calls(permissions)
        return view
    }

    private func calls(_ permissions: PermissionSet) async throws -> [String: Int] {
        var calls: [String: Int] = [:]
        for service in try await api.catalog.services() where permissions.allows(.viewQueryEndpoints, service: service.id) {
            for family in api.metrics.families(service: service.id) where family.name == "QueryEndpoints_Requests_Total" {
                for sample in family.samples {
                    // SQL of callers has no endpoint.
                    guard let label = sample.labels.first(where: { $0.name == "query_endpoint_id" }), label.value != "service" else {
                        continue
                    }
                    calls[label.value, default: 0] += Int(sample.value)
                }
            }
        }
        return calls
    }
}

/// Open streams by key.
private final class Listeners: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func count(of key: String) -> Int { counts.withLock { $0[key] ?? 0 } }
    func add(_ key: String) { counts.withLock { $0[key, default: 0] += 1 } }
    func remove(_ key: String) {
        counts.withLock {
            let left = ($0[key] ?? 1) - 1
            $0[key] = left > 0 ? left : nil
        }
    }
}
