import FoundationEssentials
import PipeCore

/// Where a connection goes and how it is protected.
package struct ConnectionTarget: Sendable, Hashable, Confidential {
    package enum Protection: Sendable, Hashable {
        case none
        /// TLS without asking who the server is.
        case encrypted
        /// TLS with a certificate that carries the host's name, or `name`; signed by `authority` (PEM) or one the system trusts.
        case verified(name: String?, authority: String?)
    }

    package var host: String
    package var port: Int
    package var database: String
    package var user: String
    package var password: String?
    /// Makes the password of each connection instead.
    package var role: RolePassword?
    package var protection: Protection
    /// For the whole handshake, all addresses of the host together.
    package var connectTimeout: Duration = .seconds(20)
    /// A replication connection bound to the database.
    package var isReplication = false

    package init(
        host: String, port: Int, database: String, user: String, password: String?, protection: Protection, isReplication: Bool = false
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.protection = protection
        self.isReplication = isReplication
    }

    /// - Parameter session: the pipe, for the log of whoever owns the role.
    package init(_ configuration: PostgresConfiguration, session: String = "probe") {
        let protection: Protection =
            if configuration.disableTls == true {
                .none
            } else if configuration.skipCertVerification == true {
                .encrypted
            } else {
                .verified(name: configuration.tlsHost, authority: configuration.caCertificate)
            }
        self.init(
            host: configuration.host, port: configuration.port, database: configuration.database,
            user: configuration.credentials?.username ?? "", password: configuration.credentials?.password, protection: protection)
        if configuration.authentication == .iamRole, let role = configuration.iamRole {
            self.role = RolePassword(role: role, session: session)
        }
    }

    /// With the password for a connection that is made now. Throws ``PostgresError``.
    package func authenticated() async throws -> ConnectionTarget {
        guard let role else { return self }
        var target = self
        target.password = try await role.password(host: host, port: port, user: user)
        return target
    }

    package var replicating: ConnectionTarget {
        var target = self
        target.isReplication = true
        return target
    }

    package var address: String { "\(host):\(port)" }

    /// Files that hold the bundle of trusted authorities: Debian, Fedora, macOS.
    static let systemAuthorities = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]

    /// What libpq is told, in its own words (postgresql.org, "Parameter Key Words"). libpq reads authorities only from files, so the
    /// file of one given as text is part of the answer and must outlive the handshake.
    func parameters() throws -> (values: [(String, String)], authority: AuthorityFile?) {
        var values = [
            ("host", host), ("port", String(port)), ("dbname", database), ("user", user), ("application_name", "penstock"),
            ("client_encoding", "UTF8"), ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "60000"), ("gssencmode", "disable"), ("connect_timeout", "\(connectTimeout.components.seconds)"),
            // Never the password file or the certificates of whoever runs this program.
            ("passfile", "/dev/null"), ("sslcert", "/dev/null/none"),
        ]
        if let password { values.append(("password", password)) }
        if isReplication { values.append(("replication", "database")) }
        switch protection {
        case .none: values.append(("sslmode", "disable"))
        case .encrypted:
            // An authority file, where one lies around, would turn checks on again.
            values += [("sslmode", "require"), ("sslrootcert", "/dev/null/none")]
        case .verified(let name, let authority):
            values.append(("sslmode", "verify-full"))
            if let name, name != host {
                // libpq compares the certificate with `host` and connects to `hostaddr`.
                values[0].1 = name
                values.append(("hostaddr", try HostAddress.first(of: host)))
            }
            if let authority {
                let file = try AuthorityFile(authority)
                values.append(("sslrootcert", file.path))
                return (values, file)
            }
            let known = Self.systemAuthorities.first { FileManager.default.fileExists(atPath: $0) }
            values.append(("sslrootcert", known ?? Self.systemAuthorities[0]))
        }
        return (values, nil)
    }
}

/// A certificate authority on disk while a handshake needs it.
final class AuthorityFile: Sendable {
    let path: String

    init(_ pem: String) throws {
        path = FileManager.default.temporaryDirectory.path + "/penstock-ca-\(UUID().uuidString).pem"
        do {
            try Data(pem.utf8).write(to: URL(filePath: path), options: .withoutOverwriting)
        } catch {
            throw PostgresError(message: "the certificate authority could not be written to \(path)", isConnection: true)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
