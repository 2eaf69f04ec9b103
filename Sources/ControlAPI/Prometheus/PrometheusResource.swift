private import Catalog
private import Hummingbird
private import NIOCore
private import PipeCore

/// Metrics of pipes for a Prometheus scraper.
package struct PrometheusResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    package func addRoutes(to routes: inout RouteTable) {
        let filter = Operation.QueryParameter(
            "filtered_metrics", .oneOf(["true", "false"]), "`true` leaves out what ClickHouse Cloud does not document.")
        routes.get(
            "\(APIPath.organization)/prometheus", permission: .viewService,
            Operation(
                "organizationPrometheusGet", "Metrics of all services.", tag: "Prometheus", query: [filter], result: .text),
            handler: organization)
        routes.get(
            "\(APIPath.service)/prometheus", permission: .viewService,
            Operation("instancePrometheusGet", "Metrics of a service.", tag: "Prometheus", query: [filter], result: .text),
            handler: service)
    }

    @Sendable private func organization(_ request: Request, _ context: APIContext) async throws -> Response {
        try text(of: try await api.catalog.services(), for: request)
    }

    @Sendable private func service(_ request: Request, _ context: APIContext) async throws -> Response {
        try text(of: [try await api.requireService(context)], for: request)
    }

    private func text(of services: [ServiceRecord], for request: Request) throws -> Response {
        let isFiltered: Bool
        switch request.uri.queryParameters.get("filtered_metrics") {
        case nil, "false": isFiltered = false
        case "true": isFiltered = true
        default: throw APIError.badRequest("filtered_metrics must be true or false")
        }
        let families = services.flatMap { service in
            let labels = [
                MetricFamily.Label("clickhouse_org", api.organizationID), MetricFamily.Label("clickhouse_service", service.id),
                MetricFamily.Label("clickhouse_service_name", service.name),
            ]
            return api.metrics.families(service: service.id)
                .filter { !isFiltered || PrometheusText.isDocumented($0.name) }
                .map { $0.labelled(labels) }
        }
        return Response(
            status: .ok, headers: [.contentType: PrometheusText.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: PrometheusText.render(families))))
    }
}
