internal import Catalog
internal import Hummingbird
internal import Logging
internal import PipeCore
internal import QueryEndpoints

/// What is asked of the service itself before an endpoint is stored.
struct EndpointCheck: Sendable {
    let api: APIDependencies
    let context: APIContext

    /// Makes the roles usable. Throws 424 unless the service runs, 400 with what is wrong with the roles, 503 when it cannot be
    /// reached.
    func roles(_ roles: [String], service: String) async throws {
        try await api.requireRunning(service, "Query API endpoints can be changed only")
        do throws(QueryFailure) {
            try await api.queries.prepare(roles: roles, service: service)
        } catch {
            guard (400..<500).contains(error.status) else { throw answer(to: error) }
            throw InvalidConfiguration([Problem("roles", error.details)])
        }
    }

    /// Makes the roles usable and tries the statement with them. Throws what ``roles(_:service:)`` throws, and 400 with the reason
    /// of the server when it cannot run.
    func whole(_ endpoint: QueryEndpointRecord) async throws {
        try await roles(endpoint.roles, service: endpoint.serviceID)
        guard let statement = try? ParameterizedStatement(endpoint.query.sql),
            let trial = StatementTrial(endpoint.query, statement, roles: endpoint.roles)
        else { return }
        do throws(QueryFailure) {
            try await api.queries.attempt(trial.statement, service: endpoint.serviceID)
        } catch {
            if let objection = trial.objection(error) { throw InvalidConfiguration([Problem("sql", objection)]) }
            if error.status == 502 || error.status == 503 || error.status == 500 { throw answer(to: error) }
            context.logger.info(
                "a statement could not be tried before it was published",
                metadata: ["endpoint": "\(endpoint.id)", "code": "\(error.code)"])
        }
    }

    private func answer(to failure: QueryFailure) -> any Error {
        failure.status == 500 ? failure : APIError.unavailable(failure.details)
    }
}
