package import PipeCore

/// What libpq or a server complains about.
package struct PostgresError: Error, Hashable, Sendable, CustomStringConvertible {
    /// SQLSTATE; nil where libpq itself complains.
    package var state: String?
    /// The primary message alone: details may hold values of rows.
    package var message: String
    package var hint: String?
    /// The connection is gone, or was never made.
    package var isConnection: Bool
    /// `host:port`, once known.
    package var address: String?
    /// Of the role in `iamRole`: whether it may pass. Nil: it is about something else.
    package var isPassingOfRole: Bool?

    package init(state: String? = nil, message: String, hint: String? = nil, isConnection: Bool = false) {
        self.state = state
        self.message = message
        self.hint = hint
        self.isConnection = isConnection
    }

    /// The role in `iamRole` gives no password; `text` goes on from its name.
    init(role text: String, isPassing: Bool) {
        self.init(message: "\(PostgresConfiguration.path["iamRole"]) \(text)", isConnection: true)
        isPassingOfRole = isPassing
    }

    package var description: String { state.map { "\(message) (SQLSTATE \($0))" } ?? message }

    package func about(_ address: String) -> PostgresError {
        var error = self
        error.address = error.address ?? address
        return error
    }

    /// What libpq writes of a connection that failed: perhaps several attempts, each with the server's verbose words.
    init(connectionText text: String) {
        let lines = text.split(separator: "\n").map(String.init)
        var state: String?
        var message = lines.last { !$0.hasPrefix("\t") && !$0.hasPrefix("LOCATION:") && !$0.hasPrefix("HINT:") } ?? "the connection failed"
        // "… FATAL:  28P01: password authentication failed …", where the word is in the server's language.
        if let colon = message.range(of: #/:  ([0-9A-Z]{5}): /#) {
            state = String(message[colon].dropFirst(3).prefix(5))
            message = String(message[colon.upperBound...])
        } else if let start = message.range(of: #/^connection to server [^:]*(:\d+)?[^:]*: /#) {
            message = String(message[start.upperBound...])
        }
        self.init(state: state, message: message, isConnection: true)
    }
}

extension String {
    /// Where a pattern matches first.
    fileprivate func range(of pattern: some RegexComponent) -> Range<String.Index>? { firstMatch(of: pattern)?.range }
}

extension PostgresError {
    /// The error of a pipe, saying who must act.
    package var pipeError: PipeError {
        let problem = problem
        let place = address.map { "failed to access Postgres at \($0): " } ?? ""
        return PipeError(problem.code, problem.disposition, side: .source, "\(place)\(description). \(problem.advice)", underlying: self)
    }

    /// The field of the configuration that this is about.
    package var field: String { problem.field }

    /// The exported snapshot is gone with the connection that had it.
    var isLostSnapshot: Bool {
        message.contains("invalid snapshot identifier") || message.contains("could not import the requested snapshot")
    }

    /// Another process reads the slot; usually an earlier one of ours whose connection the server has not given up yet.
    var isSlotInUse: Bool { state == "55006" }

    var isAlreadyThere: Bool { state == "42710" || state == "42P07" }
    var isMissing: Bool { state == "42704" || state == "42P01" || state == "3F000" }

    private typealias Problem = (code: PipeError.Code, disposition: Disposition, field: String, advice: String)

    private var problem: Problem { state.map(serverProblem) ?? clientProblem }

    private func serverProblem(_ state: String) -> Problem {
        switch state {
        case "28P01", "28000":
            return (.sourceDenied, .user, "credentials", "Check source.postgres.credentials and the server's pg_hba.conf")
        case "3D000": return (.sourceMissing, .user, "database", "Check source.postgres.database")
        case "42501":
            return (
                .sourceDenied, .user, "credentials",
                "Grant the pipe's user what the message names: USAGE on the schema, SELECT on the table, REPLICATION for changes"
            )
        case "42P01", "3F000", "42703":
            return (
                .sourceMissing, .user, "tableMappings",
                "The table or column was renamed or dropped: correct source.postgres.tableMappings, then start the pipe"
            )
        case "42704" where message.contains("publication"):
            return (
                .sourceMissing, .user, "settings.publicationName",
                "The publication was dropped: make it again with all mapped tables, then resync the pipe, because changes may be missing"
            )
        case "42704" where message.contains("slot"):
            return (
                .sourceMissing, .user, "settings.replicationSlotName",
                "The replication slot was dropped, and the changes since with it: resync the pipe"
            )
        case "42704": return (.sourceMissing, .user, "tableMappings", "Correct the pipe's source")
        case "55000" where message.contains("wal_level"):
            return (.sourceDenied, .user, "settings.replicationMode", "Set wal_level = logical on the server and restart it")
        case "55000", "58P01":
            return (
                .sourceMissing, .user, "settings.replicationSlotName",
                "The server has given up WAL that the pipe still needed (see max_slot_wal_keep_size): resync the pipe"
            )
        case "55006": return (.sourceUnreachable, .retry, "settings.replicationSlotName", "It is tried again")
        case "53400":
            return (
                .sourceDenied, .user, "settings.replicationMode",
                "Raise max_replication_slots or max_wal_senders on the server, or drop slots that nobody reads"
            )
        case "53300": return (.sourceUnreachable, .retry, "host", "The server has no free connections; raise max_connections")
        case "0A000": return (.sourceDenied, .user, "type", "The server does not support what the pipe needs")
        default:
            let isUser = ["42", "22"].contains(state.prefix(2))
            return (.sourceUnreachable, isUser ? .user : .retry, "host", isUser ? "Correct the pipe's source" : "It is tried again")
        }
    }

    private var clientProblem: Problem {
        if let isPassingOfRole {
            return isPassingOfRole
                ? (.sourceUnreachable, .retry, "iamRole", "It is tried again")
                : (.sourceDenied, .user, "iamRole", "Let the role trust Penstock's identity, and allow it rds-db:connect")
        }
        let text = message.lowercased()
        if text.contains("certificate") || text.contains("root certificate file") || text.contains("pem") {
            return (
                .sourceDenied, .user, "caCertificate",
                "Set source.postgres.caCertificate to the authority that signed the server's certificate, and source.postgres.tlsHost to the name in it"
            )
        }
        if text.contains("does not support ssl") {
            return (.sourceDenied, .user, "disableTls", "The server speaks no TLS: turn it on there, or set source.postgres.disableTls")
        }
        if text.contains("password") || text.contains("authentication") {
            return (.sourceDenied, .user, "credentials", "Check source.postgres.credentials")
        }
        return (.sourceUnreachable, .retry, "host", "Check source.postgres.host and port, and the network between")
    }
}
