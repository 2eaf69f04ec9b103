/// The origins of browsers that may read an endpoint's answers.
///
/// An entry is a full origin (`https://app.example.com:8443`), a bare domain (`app.example.com`: both schemes, their default ports; with a
/// port: both schemes, that port), `null`, or `*`. Scheme, host and port are compared as a whole, in lower case; nothing is a prefix or a pattern.
public struct OriginList: Sendable, Hashable {
    private let isAny: Bool
    private let exact: Set<String>

    public init(_ entries: [String]) {
        var exact: Set<String> = []
        var isAny = false
        for entry in entries {
            let entry = entry.trimmingSpaces.lowercased()
            if entry == "*" {
                isAny = true
            } else if entry == "null" {
                exact.insert("null")
            } else if entry.contains("://") {
                if let origin = Self.normalized(entry) { exact.insert(origin) }
            } else {
                for scheme in ["https://", "http://"] {
                    if let origin = Self.normalized(scheme + entry) { exact.insert(origin) }
                }
            }
        }
        self.isAny = isAny
        self.exact = exact
    }

    /// Value of `Access-Control-Allow-Origin` for a request with this `Origin`; nil: no such header.
    public func allowed(_ origin: String) -> String? {
        if isAny, origin != "null", Self.normalized(origin.lowercased()) != nil { return origin }
        if origin == "null" { return exact.contains("null") ? "null" : nil }
        guard let normalized = Self.normalized(origin.lowercased()) else { return nil }
        return exact.contains(normalized) ? origin : nil
    }

    /// `scheme://host[:port]` without the scheme's own port and without a slash at the end; nil when it is not of that form.
    static func normalized(_ origin: String) -> String? {
        guard let separator = origin.firstRange(of: "://") else { return nil }
        let scheme = origin[..<separator.lowerBound]
        guard !scheme.isEmpty, scheme.utf8.allSatisfy({ isSchemeByte($0) }) else { return nil }
        var authority = origin[separator.upperBound...]
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        guard !authority.isEmpty, authority.utf8.allSatisfy({ isAuthorityByte($0) }) else { return nil }
        var host = authority
        var port: Substring?
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            host = authority[..<colon]
            let digits = authority[authority.index(after: colon)...]
            guard let number = UInt16(digits), number > 0, digits.first != "0", digits.first != "+" else { return nil }
            port = digits
        }
        guard !host.isEmpty, host.first == "[" || !host.contains(":") else { return nil }
        if (scheme == "http" && port == "80") || (scheme == "https" && port == "443") { port = nil }
        return "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "")
    }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func isAuthorityByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
            true
        default: false
        }
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        var part = self[...]
        while let first = part.first, first.isWhitespace { part = part.dropFirst() }
        while let last = part.last, last.isWhitespace { part = part.dropLast() }
        return String(part)
    }
}
