import ClickHouse
import ControlAPI
import QueryEndpoints

/// The accounts that endpoints run as, as the API sees them.
struct RunningQueries: QueryControl {
    let accounts: QueryAccounts

    func prepare(roles: [String], service: String) async throws(QueryFailure) {
        try await accounts.prepare(roles: roles, service: service)
    }

    func attempt(_ statement: Statement, service: String) async throws(QueryFailure) {
        let client = try await accounts.client(service: service)
        do throws(ClickHouseError) {
            _ = try await client.query(statement, timeout: .seconds(StatementTrial.seconds + 5), maxBytes: 16 << 20)
        } catch {
            throw QueryFailure(error, user: client.connection.user)
        }
    }
}

extension QueryFailure {
    /// What the author of a query is told of an error of ClickHouse: its sentence without the user that endpoints run as.
    fileprivate init(_ error: ClickHouseError, user: String) {
        guard error.code.rawValue > 0 else {
            self.init(
                error.code == .timedOut ? 504 : 503, "UPSTREAM_UNAVAILABLE", "ClickHouse service is currently unavailable.")
            return
        }
        let message = error.message.hasPrefix("\(user): ") ? String(error.message.dropFirst(user.count + 2)) : error.message
        let status = error.disposition == .user ? 400 : 503
        self.init(status, String(error.code.rawValue), message.replacing(user, with: "[user]"))
    }
}
