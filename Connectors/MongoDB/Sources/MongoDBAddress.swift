import PipeCore

/// A `mongodb://` or `mongodb+srv://` address, taken apart just far enough to find credentials in it.
struct MongoDBAddress: Hashable, Sendable, Confidential {
    private let scheme: String
    private let userInformation: Substring?
    /// Hosts, database and options.
    private let rest: Substring

    /// Nil when the text is not such an address.
    init?(_ text: String) {
        guard let scheme = ["mongodb://", "mongodb+srv://"].first(where: { text.hasPrefix($0) }) else { return nil }
        let body = text.dropFirst(scheme.count)
        // A slash in a password must be escaped, but a person may forget it: the last @ before the options ends the user.
        let authority = body.prefix { $0 != "?" }
        if let at = authority.lastIndex(of: "@") {
            userInformation = body[..<at]
            rest = body[body.index(after: at)...]
        } else {
            userInformation = nil
            rest = body
        }
        let hosts = rest.prefix { $0 != "/" && $0 != "?" }
        if hosts.isEmpty || hosts.contains(where: \.isWhitespace) { return nil }
        if scheme == "mongodb+srv://", hosts.contains(where: { $0 == "," || $0 == ":" }) { return nil }
        self.scheme = scheme
    }

    var hasUserInformation: Bool { userInformation != nil }

    /// User and password with their percent escapes resolved; nil when the address has none.
    var credentials: PasswordCredentials? {
        guard let userInformation else { return nil }
        let parts = userInformation.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return PasswordCredentials(
            username: parts.first.map(Self.unescaped), password: parts.count > 1 ? Self.unescaped(parts[1]) : nil)
    }

    var withoutCredentials: String { scheme + rest }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
