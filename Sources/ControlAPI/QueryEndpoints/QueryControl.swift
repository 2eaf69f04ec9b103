package import ClickHouse
package import QueryEndpoints

/// What the API asks of the ClickHouse of a service before it stores an endpoint; the program hands in the accounts.
package protocol QueryControl: Sendable {
    /// Makes database roles usable by endpoints of a service. Throws when one of them does not exist or cannot be used.
    func prepare(roles: [String], service: String) async throws(QueryFailure)
    /// The same, and nothing where it was done before.
    func prepareOnce(roles: [String], service: String) async throws(QueryFailure)
    /// Runs a statement that changes nothing, with the roles it names and no other rights. Its answer does not matter.
    func attempt(_ statement: Statement, service: String) async throws(QueryFailure)
}
