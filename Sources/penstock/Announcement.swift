import ControlAPI
import FoundationEssentials
import Logging
import ProgramConfiguration

/// What a user needs to begin: printed on the terminal and written to the credentials file.
struct Announcement: Sendable {
    let configuration: PenstockConfiguration
    let organizationID: String
    let serviceID: String
    /// Where a link to the console is to be printed.
    let sessions: SessionStore?
    let clickhouseURL: String?

    private func baseURL(port: Int) -> String {
        if let publicURL = configuration.publicURL { return publicURL.hasSuffix("/") ? String(publicURL.dropLast()) : publicURL }
        let host =
            switch configuration.listenHost {
            case "0.0.0.0", "::": "127.0.0.1"
            case let host where host.contains(":"): "[\(host)]"
            case let host: host
            }
        return "\(configuration.tls == nil ? "http" : "https")://\(host):\(port)"
    }

    /// Called once the server listens on `port`: issues the first key where there is none, writes the file, prints.
    ///
    /// The new credentials wait beside the file until the catalog knows their key. A crash before that leaves nothing that
    /// counts; one after it leaves credentials that the next start finds and puts in place.
    func publish(port: Int, bootstrap: Bootstrap, logger: Logger) async {
        do {
            let firstKey = try await bootstrap.needsFirstKey() ? KeyIssuer.issue() : nil
            try write(port: port, firstKey: firstKey)
            if let firstKey { try await bootstrap.register(firstKey) }
            try putInPlace()
            print(text(port: port, firstKey: firstKey, link: consoleLink(port: port, firstKey: firstKey)))
            flushStandardOutput()
        } catch {
            logger.critical("cannot hand out credentials", metadata: ["error": "\(error)"])
        }
    }

    /// A link that signs one browser in with the first key: with the new one, or the one in the credentials file. Who reads this terminal
    /// may read that file.
    private func consoleLink(port: Int, firstKey: KeyIssuer.IssuedKey?) -> String? {
        guard let sessions,
            let keyID = firstKey?.keyID ?? configuration.credentialsFile.flatMap({ Credentials.read($0)?.keyId })
        else { return nil }
        return "\(baseURL(port: port))/#/once/\(sessions.issueCode(keyID: keyID, at: Date()))"
    }

    private var waitingFile: String? { configuration.credentialsFile.map { $0 + ".new" } }

    /// Without a new key only the URLs of known credentials are renewed.
    private func write(port: Int, firstKey: KeyIssuer.IssuedKey?) throws {
        guard let path = configuration.credentialsFile, let waitingFile else { return }
        let known = Credentials.read(waitingFile) ?? Credentials.read(path)
        guard let keyID = firstKey?.keyID ?? known?.keyId, let secret = firstKey?.keySecret ?? known?.keySecret else { return }
        try Credentials(
            baseURL: baseURL(port: port), organizationId: organizationID, serviceId: serviceID, keyId: keyID, keySecret: secret,
            clickhouseURL: clickhouseURL
        ).write(to: waitingFile)
    }

    private func putInPlace() throws {
        guard let path = configuration.credentialsFile, let waitingFile else { return }
        try PrivateFile.move(waitingFile, to: path)
    }

    private func text(port: Int, firstKey: KeyIssuer.IssuedKey?, link: String?) -> String {
        let base = baseURL(port: port)
        var lines = [
            "", "Penstock is ready.", "", "  Base URL         \(base)", "  Organization id  \(organizationID)",
            "  Service id       \(serviceID)",
        ]
        if let clickhouseURL { lines.append("  ClickHouse       \(clickhouseURL)") }
        if let link { lines.append("  Console          \(link)   (signs in once, within an hour)") }
        if let firstKey {
            lines += [
                "  Key id           \(firstKey.keyID)", "  Key secret       \(firstKey.keySecret)   (shown this once)", "",
                "Try it:", "",
                "  curl -u '\(firstKey.keyID):\(firstKey.keySecret)' \(base)/v1/organizations/\(organizationID)/services/\(serviceID)/clickpipes",
                "",
                "  CLICKHOUSE_CLOUD_API_KEY=\(firstKey.keyID) CLICKHOUSE_CLOUD_API_SECRET=\(firstKey.keySecret) \\",
                "    clickhousectl cloud --url \(base) service list",
            ]
        } else {
            let where_ = configuration.credentialsFile.map { " (see \($0))" } ?? ""
            lines += [
                "", "The first key was shown when it was made\(where_).",
                "Lost it? penstock issue-key --data-dir \(configuration.dataDir), with Penstock stopped.", "",
                "  curl -u \"$KEY_ID:$KEY_SECRET\" \(base)/v1/organizations/\(organizationID)/services/\(serviceID)/clickpipes", "",
                "  clickhousectl cloud --url \(base) service list",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
