import ClickHouse
import Crypto
import FoundationEssentials
import Logging

/// The user of endpoints on a service where Penstock makes it, with the rights of the service's own user.
struct ManagedAccount: Sendable {
    let service: QueryService
    let client: ClickHouseClient
    let logger: Logger

    static let timeout: Duration = .seconds(60)

    private var user: String { Identifier.quoted(service.queryUser) }
    private var onCluster: String { service.cluster.map { " ON CLUSTER \(Identifier.quoted($0))" } ?? "" }

    /// Makes the user, or makes it again what it must be: its password, no default role, no right of its own, these roles.
    /// - Parameter isRevoking: whether other roles are taken away. A role that does not exist is logged and left out.
    func restore(roles: Set<String>, isRevoking: Bool) async throws(AccountTrouble) {
        try await execute("CREATE USER IF NOT EXISTS \(user)\(onCluster) \(identity)")
        try await execute("ALTER USER \(user)\(onCluster) \(identity)")
        var held = try await AccountGrants.read(client)
        if held.right != nil {
            try await execute("REVOKE\(onCluster) ALL ON *.* FROM \(user)")
            held = try await AccountGrants.read(client)
            if let right = held.right { throw .holdsRight(right) }
        }
        await warnOfOpenSystemTables()
        if isRevoking {
            for role in held.roles.subtracting(roles).sorted() {
                try await execute("REVOKE\(onCluster) \(Identifier.quoted(role)) FROM \(user)")
            }
        }
        for role in roles.subtracting(held.roles).sorted() {
            do {
                try await grant(role)
            } catch .noSuchRole {
                logger.warning("a role of a query endpoint does not exist on its service", metadata: ["role": "\(role)"])
            }
        }
    }

    /// Gives the user a role; makes it first when it is a console role that does not exist.
    func grant(_ role: String) async throws(AccountTrouble) {
        let statement = "GRANT\(onCluster) \(Identifier.quoted(role)) TO \(user)"
        do {
            try await send(statement)
        } catch  where error.code == .unknownRole {
            guard let known = ConsoleRole(rawValue: role) else { throw .noSuchRole(role) }
            try await make(known)
            try await execute(statement)
        } catch {
            throw AccountTrouble(error)
        }
    }

    // MARK: Parts

    /// A server can let every user read all of `system`, query texts included, and no role changes that.
    private func warnOfOpenSystemTables() async {
        do {
            _ = try await client.query("SELECT query_id FROM system.processes LIMIT 0", timeout: Self.timeout)
            logger.warning(
                "every user of this ClickHouse may read all system tables, so callers who may choose the SQL can read the query log; set access_control_improvements.select_from_system_db_requires_grant to true in its configuration"
            )
        } catch {
            // Refused, as it should be; when the server does not answer, the next statement says so.
        }
    }

    /// Put together under a name of its own and renamed: nobody sees a role half made, and one made by an operator or by another
    /// node in the meantime stays as it is.
    private func make(_ role: ConsoleRole) async throws(AccountTrouble) {
        let draft = Identifier.quoted("penstock_new_\(role.rawValue)_\(UUID().uuidString.prefix(8))")
        do {
            try await send("CREATE ROLE \(draft)\(onCluster)")
            for statement in role.grants(to: draft, onCluster: onCluster) { try await send(statement) }
            try await send("ALTER ROLE \(draft)\(onCluster) RENAME TO \(Identifier.quoted(role.rawValue))")
            logger.info("made a role for query endpoints", metadata: ["role": "\(role.rawValue)"])
        } catch {
            do {
                try await send("DROP ROLE IF EXISTS \(draft)\(onCluster)")
            } catch let second {
                logger.warning(
                    "a role that was to be renamed is left behind", metadata: ["role": "\(draft)", "error": "\(second.message)"])
            }
            if error.code != .accessEntityAlreadyExists { throw AccountTrouble(error) }
        }
    }

    private var passwordHash: String {
        SHA256.hash(data: Data(service.queryPassword.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// The password is 256 random bits, so its hash needs no salt to be safe, and the password itself never stands in a statement.
    private var identity: String {
        let isLocal = if case .managed(_, true) = service.account { true } else { false }
        return "IDENTIFIED WITH sha256_hash BY \(Literal.string(passwordHash)) HOST \(isLocal ? "LOCAL" : "ANY") DEFAULT ROLE NONE"
    }

    private func execute(_ sql: String) async throws(AccountTrouble) {
        do {
            try await send(sql)
        } catch {
            throw AccountTrouble(error)
        }
    }

    private func send(_ sql: String) async throws(ClickHouseError) {
        var settings: [String: String] = [:]
        // Where the cluster replicates users and roles by itself, a second copy of the statement would only fail.
        if service.cluster != nil { settings["ignore_on_cluster_for_replicated_access_entities_queries"] = "1" }
        try await service.client.execute(sql, settings: settings, secrets: [service.queryPassword, passwordHash], timeout: Self.timeout)
    }
}
