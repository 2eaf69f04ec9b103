public import ClickHouse

/// How runs reach the ClickHouse of a service.
public protocol QueryClients: Sendable {
    /// A client whose user holds no rights but those of the roles that a statement names.
    func client(service: String) async throws(QueryFailure) -> ClickHouseClient
    /// Whether a statement that failed like this had no effect and is worth a second try, once.
    func recover(from error: ClickHouseError, service: String) async throws(QueryFailure) -> Bool
}

extension QueryAccounts: QueryClients {}
