import Catalog
import ClickHouse
import EmbeddedClickHouse
import FoundationEssentials
import Logging
import PipeCore
import PipeRuntime
import ProgramConfiguration
import QueryEndpoints

/// A ClickHouse of the configuration with its identity and its client.
struct ConfiguredService {
    let id: String
    let client: ClickHouseClient
    let cluster: String?
    let isEmbedded: Bool
    let monitored: MonitoredService
    /// Who its query endpoints run as.
    let queryAccount: QueryService.Account

    init(
        record: ServiceRecord, connection: ClickHouseConnection, cluster: String? = nil, embedded: EmbeddedServer?,
        queryAccount: QueryService.Account, logger: Logger
    ) throws {
        let client = try ClickHouseClient(connection, logger: logger)
        id = record.id
        self.client = client
        self.cluster = cluster
        isEmbedded = embedded != nil
        self.queryAccount = queryAccount
        var control: (@Sendable (WantedState) async throws -> Void)?
        if let embedded { control = { await embedded.setWanted(running: $0 == .running) } }
        let url = URL(string: connection.url)
        monitored = MonitoredService(
            id: record.id, name: record.name, isEmbedded: embedded != nil,
            endpoints: [
                ServiceStatus.Endpoint(
                    scheme: "https", host: url?.host() ?? "", port: url?.port ?? (connection.url.hasPrefix("https") ? 443 : 80),
                    username: connection.user)
            ], wanted: record.wanted,
            version: {
                // One that is about to stop may still answer, and must not count as the one that is wanted back.
                if let embedded, !embedded.isRunning { throw EmbeddedServerError("the embedded ClickHouse server is not running") }
                return try await client.query("SELECT version()", timeout: .seconds(2)).text.trimmingNewline
            }, control: control)
    }

    var forQueries: QueryService { QueryService(id: id, client: client, cluster: cluster, account: queryAccount) }

    /// `http://user:password@host:port`, for people and tools that connect directly.
    var urlWithCredentials: String {
        let connection = client.connection
        guard let separator = connection.url.firstRange(of: "://") else { return connection.url }
        let unreserved = CharacterSet.unreserved
        func encoded(_ text: String) -> String {
            text.utf8.map { unreserved.contains($0) ? String(UnicodeScalar($0)) : "%" + hex($0) }.joined()
        }
        return connection.url[..<separator.upperBound] + "\(encoded(connection.user)):\(encoded(connection.password))@"
            + connection.url[separator.upperBound...]
    }

    private func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count == 1 ? "0" + digits : digits
    }
}

/// Bytes that need no percent-encoding anywhere in a URL (RFC 3986, 2.3).
private enum CharacterSet {
    static let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
}

extension QueryService.Account {
    /// The one that Penstock makes. Every node and every start finds the same password, which is stored nowhere.
    static func managed(service id: String, sealer: SecretSealer, isLocal: Bool) -> QueryService.Account {
        .managed(password: sealer.derive("user of query endpoints of service \(id)"), isLocal: isLocal)
    }
}

extension PenstockConfiguration.Service {
    /// The configured user of query endpoints; nil: Penstock makes one.
    var queryAccount: QueryService.Account? { queryUser.map { .configured(user: $0, password: queryPassword ?? "") } }

    /// Reads the password file where there is one.
    func connection() throws -> ClickHouseConnection {
        var secret = password ?? ""
        if let passwordFile {
            guard let data = try? Data(contentsOf: URL(filePath: passwordFile)) else {
                throw DataDirectory.Failure(description: "service \(name): cannot read passwordFile \(passwordFile)")
            }
            secret = String(decoding: data.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        }
        return ClickHouseConnection(
            url: url.hasSuffix("/") ? String(url.dropLast()) : url, user: user, password: secret, caFile: caFile)
    }
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
