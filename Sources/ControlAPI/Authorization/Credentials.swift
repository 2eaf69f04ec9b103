private import FoundationEssentials

/// A key id and secret as they come in the header `Authorization: Basic …`.
package struct Credentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    package var keyID: String
    package var keySecret: String

    /// Nil when `header` is not HTTP Basic.
    package init?(header: String) {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            let data = Data(base64Encoded: String(parts[1].filter { $0 != " " })),
            let text = String(validating: data, as: UTF8.self), let colon = text.firstIndex(of: ":")
        else { return nil }
        keyID = String(text[..<colon])
        keySecret = String(text[text.index(after: colon)...])
    }

    package var description: String { "API key credentials" }
    package var debugDescription: String { description }
}
