/// What may stand in a list of allowed origins.
package enum AllowedOrigin {
    /// Why an entry can never match an `Origin` header; nil when it can.
    ///
    /// Entries are `*`, `null`, an origin (`https://app.example.com:8443`) or a domain (`app.example.com`, with or without a port).
    package static func objection(to entry: String) -> String? {
        if entry == "*" || entry == "null" { return nil }
        var authority = entry[...]
        if let separator = entry.firstRange(of: "://") {
            guard isScheme(entry[..<separator.lowerBound]) else { return "has an unusable scheme; write https://app.example.com" }
            authority = entry[separator.upperBound...]
            if authority.contains("/") { return "must end after host and port: an origin has no path" }
        }
        if authority.contains("*") { return "must be `*` alone or a whole host: patterns are not supported" }
        if authority.contains("/") { return "must be an origin (https://app.example.com), a domain (app.example.com) or *" }
        if authority.contains("@") { return "must not hold credentials" }
        let (host, port) = parts(of: authority)
        if let port, UInt16(port).map({ $0 == 0 }) ?? true || port.first == "0" || port.first == "+" {
            return "has an unusable port; it must be from 1 to 65535"
        }
        guard isHost(host) else { return "must be an origin (https://app.example.com), a domain (app.example.com) or *" }
        return nil
    }

    /// The comma separated list of the contract's `serviceQueryEndpoint`; blanks round entries and empty entries do not count.
    package static func split(_ list: String) -> [String] {
        list.split(separator: ",").map(trimmed).filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text = text.dropFirst() }
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return String(text)
    }

    private static func isScheme(_ scheme: Substring) -> Bool {
        guard let first = scheme.first, first.isASCII, first.isLetter else { return false }
        return scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    }

    private static func parts(of authority: Substring) -> (host: Substring, port: Substring?) {
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else { return (authority, nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    private static func isHost(_ host: Substring) -> Bool {
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = host.dropFirst().dropLast()
            return address.contains(":") && address.allSatisfy { $0 == ":" || $0 == "." || ($0.isASCII && $0.isHexDigit) }
        }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            !label.isEmpty && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        }
    }
}
