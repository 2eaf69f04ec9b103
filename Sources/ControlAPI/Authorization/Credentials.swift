private import FoundationEssentials

/// A key id and secret as they come in the header `Authorization: Basic …`.
package struct Credentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    package var keyID: String
    package var keySecret: String

    package init(keyID: String, keySecret: String) {
        self.keyID = keyID
        self.keySecret = keySecret
    }

    /// Nil when `header` is not HTTP Basic.
    package init?(header: String) {
        // Bytes, not characters: this is done for every request.
        let bytes = header.utf8
        guard let space = bytes.firstIndex(of: UInt8(ascii: " ")),
            bytes[..<space].elementsEqual("basic".utf8, by: { $0 | 0x20 == $1 }),
            let data = Data(base64Encoded: Data(bytes[space...].filter { $0 != UInt8(ascii: " ") })),
            let text = String(validating: data, as: UTF8.self), let colon = text.firstIndex(of: ":")
        else { return nil }
        keyID = String(text[..<colon])
        keySecret = String(text[text.index(after: colon)...])
    }

    package var description: String { "API key credentials" }
    package var debugDescription: String { description }
}
