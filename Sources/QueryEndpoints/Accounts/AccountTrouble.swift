import ClickHouse

/// Why the user of endpoints is not what it must be.
enum AccountTrouble: Error, Sendable {
    /// ClickHouse did not answer, or with an error of its own.
    case server(ClickHouseError)
    /// The service's own user lacks a right.
    case mayNotManage(ClickHouseError)
    case cannotLogIn
    case noSuchRole(String)
    /// A configured user that does not have the role.
    case roleNotGranted(String)
    /// The user holds this right by itself, so no role can restrict it.
    case holdsRight(String)

    init(_ error: ClickHouseError) {
        switch error.code {
        case .accessDenied, .accessStorageReadonly, .readonly: self = .mayNotManage(error)
        default: self = .server(error)
        }
    }

    /// For the organization's own people, who publish endpoints: what to do. Names the user of endpoints, nothing else of the server.
    func forPublishing(_ service: QueryService) -> QueryFailure {
        let user = service.queryUser
        switch self {
        case .server(let error) where error.disposition == .retryable && error.httpStatus == nil:
            return Self.unreachable
        case .server(let error):
            return QueryFailure(502, String(error.code.rawValue), "ClickHouse refused to prepare the database user: \(error.message)")
        case .mayNotManage(let error):
            return QueryFailure(
                400, "ACCESS_MANAGEMENT_DENIED",
                "Penstock's user on this service may not manage the database user that endpoints run as (\(error.name)). Either grant it "
                    + "\(QueryAccounts.neededRights) on *.*, or make a user that has roles and no rights of its own, and set queryUser "
                    + "and queryPassword of the service in Penstock's configuration")
        case .cannotLogIn:
            return QueryFailure(
                400, "QUERY_USER_REFUSED",
                "the database user '\(user)', which endpoints run as, cannot log in; check queryUser and queryPassword of the service")
        case .noSuchRole(let role):
            return QueryFailure(
                400, "UNKNOWN_ROLE",
                "the database role '\(role)' does not exist on this service; create it and grant it what the query reads, or use "
                    + ConsoleRole.readOnly.rawValue)
        case .roleNotGranted(let role):
            return QueryFailure(
                400, "ROLE_NOT_GRANTED",
                "the database role '\(role)' is not granted to the user that endpoints run as; run: GRANT \(Identifier.quoted(role)) TO "
                    + Identifier.quoted(user))
        case .holdsRight(let right):
            return QueryFailure(
                400, "QUERY_USER_HAS_RIGHTS",
                "the database user '\(user)', which endpoints run as, holds a right of its own (\(right.prefix(200))), which every "
                    + "endpoint would have whatever its roles are; run: REVOKE ALL ON *.* FROM \(Identifier.quoted(user)), and give the "
                    + "rights to roles")
        }
    }

    /// For callers of endpoints: nothing of the server.
    var forCalls: QueryFailure {
        switch self {
        case .server(let error) where error.disposition == .retryable && error.httpStatus == nil: Self.unreachable
        default: QueryFailure(502, "UPSTREAM_REFUSED", "ClickHouse refuses Penstock; the operator's log says why")
        }
    }

    private static var unreachable: QueryFailure {
        QueryFailure(503, "UPSTREAM_UNAVAILABLE", "ClickHouse service is currently unavailable.")
    }
}
