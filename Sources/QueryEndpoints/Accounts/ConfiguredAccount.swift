import ClickHouse

/// The user of endpoints on a service where the operator made it: Penstock grants nothing and looks only.
struct ConfiguredAccount: Sendable {
    let service: QueryService
    let client: ClickHouseClient

    /// Throws when the user cannot log in, holds rights of its own, or lacks one of the roles.
    func check(_ roles: [String]) async throws(AccountTrouble) {
        if let right = try await AccountGrants.read(client).right { throw .holdsRight(right) }
        for role in roles {
            do {
                _ = try await client.query(Statement("SELECT 1", roles: [role]), timeout: ManagedAccount.timeout)
            } catch {
                switch error.code {
                case .unknownRole: throw .noSuchRole(role)
                case .roleNotGranted: throw .roleNotGranted(role)
                default: throw .server(error)
                }
            }
        }
    }
}
