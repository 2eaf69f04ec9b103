private import HTTPTypes
package import Hummingbird
private import HummingbirdCore
private import HummingbirdTLS
private import NIOCore
private import NIOSSL
private import PipeCore

/// The control plane: ClickHouse Cloud's API under `/v1`, and the same without that prefix.
public struct ControlAPI: Sendable {
    let api: APIDependencies
    let resources: [any APIResource.Type]
    let runs: RunDependencies?
    let console: ConsoleFiles?

    /// - Parameters:
    ///   - runs: what runs queries; nil: the routes that run queries are not served.
    ///   - console: the files of the console; nil: there is none.
    ///   - resources: beyond the ones of this module are served the same way.
    package init(
        _ api: APIDependencies, runs: RunDependencies? = nil, console: ConsoleFiles? = nil,
        resources: [any APIResource.Type] = ControlAPI.resources
    ) {
        self.api = api
        self.runs = runs
        self.console = console
        self.resources = resources
    }

    /// The resources of this module, in the order of the documentation: one line each.
    package static let resources: [any APIResource.Type] = [
        OrganizationsResource.self,
        ServicesResource.self,
        KeysResource.self,
        RolesResource.self,
        ActivitiesResource.self,
        WhoAmIResource.self,
        ClickPipesResource.self,
        ClickPipeStateResource.self,
        ClickPipeSettingsResource.self,
        ClickPipeFilesResource.self, ClickPipeTablesResource.self,
        ClickPipeErrorsResource.self, ClickPipeLogResource.self, ClickPipeSamplesResource.self,
        ClickPipeRewindResource.self,
        SchemaDiscoveryResource.self,
        CDCScalingResource.self,
        PrivateEndpointsResource.self,
        SavedQueriesResource.self,
        QueryEndpointsResource.self,
        QueryEndpointVersionsResource.self,
        QueryEndpointOpenAPIResource.self,
        ServiceQueryEndpointResource.self,
        MonitoringResource.self,
        PrometheusResource.self,
        EventsResource.self,
    ]

    /// All operations, and last the one that describes them.
    package func routes() throws -> RouteTable {
        var table = RouteTable()
        for resource in resources { resource.init(api: api).addRoutes(to: &table) }
        let describe = Operation("openAPIGet", "Get this document", tag: "OpenAPI", result: .document)
        var complete = table
        complete.add(.get, "", access: .open, describe) { _, _ in throw APIError.internalError() }
        let text = try JSONText.encode(OpenAPIDocument(complete, version: api.configuration.version).document())
        table.add(.get, "", access: .open, describe) { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: text)))
        }
        return table
    }

    /// Everything that is served, ready for an application or a test.
    package func router() throws -> Router<APIContext> { try router(Authenticator(api: api)) }

    private func router(_ authenticator: Authenticator) throws -> Router<APIContext> {
        let router = Router(context: APIContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(middleware: RequestMiddleware())
        if let runs { RunRoutes(api: api, runs: runs, authenticator: authenticator).add(to: router) }
        if api.configuration.hasSessions { SessionRoutes(api: api, authenticator: authenticator).add(to: router) }
        ConsoleRoutes(files: console).add(to: router)
        let dispatcher = Dispatcher(api: api, authenticator: authenticator)
        var methods: [String: [HTTPRequest.Method]] = [:]
        for route in try routes().routes {
            methods[route.path, default: []].append(route.method)
            for path in Self.routerPaths(route.path) {
                router.on(path, method: route.method) { request, context in
                    try await dispatcher.respond(request, context, route: route)
                }
            }
        }
        for (path, served) in methods {
            let allowed = served.contains(.get) ? served + [.head] : served
            for method in Self.methods where !allowed.contains(method) {
                for path in Self.routerPaths(path) {
                    router.on(path, method: method) { request, _ -> Response in
                        throw APIError.methodNotAllowed(
                            "\(request.method.rawValue) does not work on this path; allowed: "
                                + allowed.map(\.rawValue).joined(separator: ", "), allowed: allowed)
                    }
                }
            }
        }
        return router
    }

    /// The server; `onListening` gets the port once connections are accepted. Throws when the TLS files cannot be read.
    package func buildApplication(onListening: @escaping @Sendable (Int) async -> Void = { _ in }) throws -> some ApplicationProtocol {
        let configuration = api.configuration
        let authenticator = Authenticator(api: api)
        let http = HTTPServerBuilder { responder in
            LoopBoundChannel(
                base: HTTP1Channel(responder: responder, configuration: .init(additionalChannelHandlers: [ClientWatch()])))
        }
        let server: HTTPServerBuilder
        if let tls = configuration.tls {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate).map { NIOSSLCertificateSource.certificate($0) }
            let key = try NIOSSLPrivateKey(file: tls.privateKey, format: .pem)
            server = try .tls(http, tlsConfiguration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
        } else {
            server = http
        }
        return Application(
            router: try router(authenticator), server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "penstock"),
            services: [authenticator.keyUse],
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? configuration.port) }, logger: api.logger)
    }

    private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options, .trace]

    /// `/organizations/{organizationId}` as the router writes it: below `/v1`, and also without it for clients whose base URL
    /// was meant to have it and lacks it. The document itself is only at `/v1`.
    private static func routerPaths(_ path: String) -> [RouterPath] {
        let path = path.replacing("{", with: ":").replacing("}", with: "")
        return path.isEmpty ? ["/v1"] : [RouterPath("/v1\(path)"), RouterPath(path)]
    }
}
