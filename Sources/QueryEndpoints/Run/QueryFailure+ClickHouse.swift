package import ClickHouse

extension QueryFailure {
    /// What the caller is told of an error of ClickHouse or of the way to it. ClickHouse's own statuses are not passed on: it answers 500 to a
    /// missing parameter and 403 when Penstock's user is refused.
    package init(_ error: ClickHouseError, connection: ClickHouseConnection) {
        let code = error.code.rawValue
        guard code > 0 else {
            self = Self.ownError(error)
            return
        }
        func told(_ status: Int, headers: [String: String] = [:]) -> QueryFailure {
            QueryFailure(status, String(code), Self.told(error.message, connection), headers: headers)
        }
        if Self.refusesPenstock.contains(code) {
            self = QueryFailure(502, "UPSTREAM_REFUSED", "ClickHouse refuses Penstock; the operator's log says why")
        } else if Self.permissions.contains(code) {
            self = told(403)
        } else if Self.tooLong.contains(code) {
            self = told(504)
        } else if code == 201 {
            self = told(429, headers: ["Retry-After": "60"])
        } else if Self.noRoom.contains(code) {
            self = told(503, headers: ["Retry-After": "5"])
        } else if error.disposition == .user || (400..<500).contains(error.httpStatus ?? 0) {
            self = told(400)
        } else if Self.upstreamTrouble.contains(code) {
            self = told(503, headers: ["Retry-After": "5"])
        } else {
            self = told(502)
        }
    }

    private static func ownError(_ error: ClickHouseError) -> QueryFailure {
        switch error.code {
        case .timedOut: timeout
        case .cancelled: QueryFailure(499, "CANCELLED", "the caller went away")
        case .unexpectedAnswer, .tlsFailed, .invalidConnection:
            QueryFailure(502, "UPSTREAM_REFUSED", "ClickHouse did not answer as expected; the operator's log says why")
        default:
            QueryFailure(
                503, "UPSTREAM_UNAVAILABLE", "ClickHouse service is currently unavailable.", headers: ["Retry-After": "5"])
        }
    }

    static let timeout = QueryFailure(504, "TIMEOUT", "Timeout error: the query was stopped because its time was up (request_timeout)")

    /// The server's sentence without the name of Penstock's user and the address of the server.
    private static func told(_ message: String, _ connection: ClickHouseConnection) -> String {
        var text = message
        // `penstock_query: Not enough privileges. …`
        let prefix = connection.user + ": "
        if text.hasPrefix(prefix) { text.removeFirst(prefix.count) }
        if connection.user.utf8.count >= 3 { text.replace(connection.user, with: "[user]") }
        var authority = connection.url
        if let separator = authority.firstRange(of: "://") { authority = String(authority[separator.upperBound...]) }
        if authority.hasSuffix("/") { authority.removeLast() }
        text.replace(authority, with: "[server]")
        return text
    }

    /// Unknown user, wrong password, address not admitted: Penstock's own credentials.
    private static let refusesPenstock: Set<Int> = [192, 193, 194, 195, 516, 700]
    /// Readonly, no grant, no such role, role not granted, database not admitted.
    private static let permissions: Set<Int> = [164, 291, 497, 511, 512]
    /// Out of time, or sure to be.
    private static let tooLong: Set<Int> = [159, 160]
    /// Memory, too many queries, too many parts, no thread, table read-only, too many pending inserts.
    private static let noRoom: Set<Int> = [202, 203, 241, 242, 252, 373, 439, 745, 749]
    private static let upstreamTrouble: Set<Int> = [209, 210, 225, 236, 279, 319, 394, 425, 519, 999, 1000]
}
