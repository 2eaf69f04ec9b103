private import Catalog
private import Hummingbird
private import PipeCore

/// The size that all database pipes of a service share.
///
/// It exists from the first database pipe of the service on. Some documentation of the cloud shows a path without a service;
/// it is served where only one service can be meant.
package struct CDCScalingResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    package func addRoutes(to routes: inout RouteTable) {
        let paths = [
            (path: "\(APIPath.service)/clickpipesCdcScaling", suffix: ""),
            (path: "\(APIPath.organization)/clickpipes/cdcScaling", suffix: "OfOnlyService"),
        ]
        for (path, suffix) in paths {
            routes.get(
                path, permission: .viewPipes,
                Operation(
                    "clickPipeCdcScalingGet\(suffix)", "Get the size of the database pipes.", tag: "ClickPipes",
                    result: .object(CDCScaling.schema)), handler: get)
            routes.patch(
                path, permission: .managePipes,
                Operation(
                    "clickPipeCdcScalingUpdate\(suffix)", "Resize the database pipes; memory is 4 GiB for each core.",
                    tag: "ClickPipes", body: .patch(CDCScaling.schema), result: .object(CDCScaling.schema)), handler: update)
        }
    }

    private func requireService(_ context: APIContext) async throws -> ServiceRecord {
        if context.parameters.get("serviceId") != nil { return try await api.requireService(context) }
        let services = try await api.catalog.services()
        guard let service = services.first else { throw APIError.notFound("the organization has no service") }
        if services.count > 1 {
            throw APIError.badRequest(
                "the organization has \(services.count) services; say which with …/services/{serviceId}/clickpipesCdcScaling")
        }
        return service
    }

    @Sendable private func get(_ request: Request, _ context: APIContext) async throws -> Response {
        guard let scaling = try await requireService(context).cdcScaling else { throw Self.notProvisioned }
        return try context.reply(Self.document(scaling))
    }

    @Sendable private func update(_ request: Request, _ context: APIContext) async throws -> Response {
        let service = try await requireService(context)
        if service.cdcScaling == nil { throw Self.notProvisioned }
        let body = try await jsonBody(request, context: context)
        let updated = try await api.catalog.updateService(service.id) { service in
            guard let scaling = service.cdcScaling else { throw Self.notProvisioned }
            var problems: [Problem] = []
            service.cdcScaling = scaling.patched(body, problems: &problems)
            try InvalidConfiguration.check(problems)
        }
        guard let scaling = updated?.cdcScaling else { throw Self.notProvisioned }
        if scaling != service.cdcScaling { try await restartDatabasePipes(of: service.id) }
        await api.recordActivity("clickpipe_scale", by: context, service: service.id)
        return try context.reply(Self.document(scaling))
    }

    /// A pipe takes its size when it begins.
    private func restartDatabasePipes(of service: String) async throws {
        for pipe in try await api.catalog.pipes(service: service) where api.sources[pipe.kind]?.family == .database {
            _ = try await api.catalog.updatePipe(pipe.id) { $0.generation += 1 }
        }
    }

    private static var notProvisioned: APIError {
        .notFound("CDC scaling becomes available with the first database ClickPipe of the service")
    }

    private static func document(_ scaling: CDCScaling) -> JSONValue {
        [
            "replicaCpuMillicores": .integer(Int64(scaling.replicaCpuMillicores)),
            "replicaMemoryGb": .integer(Int64(scaling.replicaMemoryGb)),
        ]
    }
}
