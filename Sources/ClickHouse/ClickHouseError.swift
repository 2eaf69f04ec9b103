/// A failed statement: what the server said, or why it could not be asked.
public struct ClickHouseError: Error, Sendable, Hashable {
    /// ClickHouse's error number; negative for errors made by this client.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public var rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }
    }

    /// Who must act.
    public enum Disposition: String, Sendable, Hashable {
        /// Passing trouble: the same statement may succeed later.
        case retryable
        /// The statement, the data, the settings or the privileges must change.
        case user
        /// A fault of this program or of the server.
        case bug
    }

    public var code: Code
    /// `UNKNOWN_TABLE`.
    public var name: String
    /// The server's sentence, without prefix, version and stack, and without the password and the statement's secrets. It may quote
    /// row data and parts of the statement.
    public var message: String
    /// nil when no answer came.
    public var httpStatus: Int?
    public var disposition: Disposition
    public var queryID: String?
    /// Whether the statement may have taken effect, wholly or in part: the answer was lost, or the server failed while it ran.
    public var isMaybeApplied: Bool
    /// For `debugDescription` only.
    public var detail: String?

    /// For test doubles and for clients of other protocols.
    package init(
        _ code: Code, _ message: String, httpStatus: Int? = nil, queryID: String? = nil, isMaybeApplied: Bool = false, detail: String? = nil
    ) {
        self.code = code
        name = code.name ?? "CODE_\(code.rawValue)"
        self.message = message
        self.httpStatus = httpStatus
        disposition = code.disposition(message: message)
        self.queryID = queryID
        self.isMaybeApplied = isMaybeApplied
        self.detail = detail
    }

    init(
        code: Code, name: String, message: String, httpStatus: Int?, disposition: Disposition, queryID: String?, isMaybeApplied: Bool,
        detail: String?
    ) {
        self.code = code
        self.name = name
        self.message = message
        self.httpStatus = httpStatus
        self.disposition = disposition
        self.queryID = queryID
        self.isMaybeApplied = isMaybeApplied
        self.detail = detail
    }

    /// Errors longer than this are cut: ClickHouse lists every keyword it would have accepted.
    static let longestMessage = 8192
}

extension ClickHouseError: CustomStringConvertible, CustomDebugStringConvertible {
    /// Code and name only: safe for logs, it holds neither data nor statement text.
    public var description: String { "ClickHouse error \(code.rawValue) (\(name))" }

    public var debugDescription: String {
        "\(description) [\(disposition.rawValue)]: \(message)" + (httpStatus.map { ", HTTP \($0)" } ?? "")
            + (queryID.map { ", query id \($0)" } ?? "") + (isMaybeApplied ? ", may have been applied" : "")
            + (detail.map { "; \($0)" } ?? "")
    }
}

extension ClickHouseError {
    /// An error made by this client.
    static func local(
        _ code: Code, _ message: String, _ disposition: Disposition, queryID: String? = nil, isMaybeApplied: Bool = false,
        detail: String? = nil
    ) -> ClickHouseError {
        ClickHouseError(
            code: code, name: code.name ?? "CLIENT_ERROR", message: message, httpStatus: nil, disposition: disposition, queryID: queryID,
            isMaybeApplied: isMaybeApplied, detail: detail)
    }

    /// An error of the server.
    /// - Parameters:
    ///   - text: the body, or the part of it that holds the exception.
    ///   - header: `X-ClickHouse-Exception-Code`.
    package static func server(text: String, header: Int?, status: Int, queryID: String, secrets: [String]) -> ClickHouseError {
        let exception = ServerException(text)
        guard let number = header ?? exception?.code else {
            let isPassing = status == 429 || status >= 500 || status == 408
            return ClickHouseError(
                code: .unexpectedAnswer, name: Code.unexpectedAnswer.name ?? "",
                message: "HTTP status \(status) without a ClickHouse error: "
                    + hide(secrets, in: text).prefix(200) + "; check that the url leads to a ClickHouse server",
                httpStatus: status, disposition: isPassing ? .retryable : .user, queryID: queryID, isMaybeApplied: isPassing, detail: nil)
        }
        let code = Code(rawValue: number)
        let message = hide(secrets, in: exception?.message ?? text)
        return ClickHouseError(
            code: code, name: exception?.name ?? code.name ?? "CODE_\(number)",
            message: String(message.prefix(longestMessage)), httpStatus: status, disposition: code.disposition(message: message),
            queryID: queryID,
            isMaybeApplied: !code.stopsBeforeRunning, detail: nil)
    }

    /// Replaces every secret of three characters or more; a shorter one would make the text unreadable and is no secret.
    package static func hide(_ secrets: [String], in text: String) -> String {
        var text = text
        for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) where secret.utf8.count >= 3 {
            text.replace(secret, with: "[HIDDEN]")
            // ClickHouse prints statements with its own escapes.
            let quoted = String(Literal.string(secret).dropFirst().dropLast())
            if quoted != secret { text.replace(quoted, with: "[HIDDEN]") }
        }
        return text
    }
}
