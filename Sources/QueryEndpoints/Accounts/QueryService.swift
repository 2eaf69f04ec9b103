public import ClickHouse

/// A ClickHouse service and the user that its query endpoints run as.
public struct QueryService: Sendable {
    /// Who makes the user of endpoints.
    public enum Account: Sendable {
        /// Penstock does, through the service's own connection, with this password. Of the password only its SHA-256 is sent there.
        case managed(password: String, isLocal: Bool)
        /// The operator did, and grants its roles.
        case configured(user: String, password: String)
    }

    public var id: String
    /// The service's own connection; needs the rights that ``QueryAccounts/neededRights`` lists when the account is managed.
    public var client: ClickHouseClient
    /// Name for ON CLUSTER; nil for a single server.
    public var cluster: String?
    public var account: Account

    public init(id: String, client: ClickHouseClient, cluster: String? = nil, account: Account) {
        self.id = id
        self.client = client
        self.cluster = cluster
        self.account = account
    }

    /// The name of the user of endpoints. A managed one carries the beginning of the service's id, so that two installations that
    /// use the same ClickHouse do not take each other's user.
    package var queryUser: String {
        switch account {
        case .managed: "penstock_query_" + id.prefix(8)
        case .configured(let user, _): user
        }
    }

    var queryPassword: String {
        switch account {
        case .managed(let password, _), .configured(_, let password): password
        }
    }
}
