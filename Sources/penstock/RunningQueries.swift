import ClickHouse
import ControlAPI
import QueryEndpoints

/// The accounts that endpoints run as, as the API sees them.
struct RunningQueries: QueryControl {
    let accounts: QueryAccounts

    func prepare(roles: [String], service: String) async throws(QueryFailure) {
        try await accounts.prepare(roles: roles, service: service)
    }

    func prepareOnce(roles: [String], service: String) async throws(QueryFailure) {
        try await accounts.prepareOnce(roles: roles, service: service)
    }

    func attempt(_ statement: Statement, service: String) async throws(QueryFailure) {
        let client = try await accounts.client(service: service)
        do throws(ClickHouseError) {
            _ = try await client.query(statement, timeout: .seconds(StatementTrial.seconds + 5))
        } catch {
            // A statement that explains itself at such length was understood.
            if error.code == .answerTooLarge { return }
            throw QueryFailure(error, connection: client.connection)
        }
    }
}
