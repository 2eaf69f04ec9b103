/// How an object's key is written in the URL argument of ClickHouse's `s3` function.
///
/// Measured with 25.8: the URL is percent-decoded once, raw spaces and non-ASCII bytes are refused, and the decoded text is
/// then taken as a glob: `?`, `*` and braces are special, a comma only inside braces. There is no escape for a glob
/// character, so such a key is read through `?` in its place and a filter on `_path`.
package enum KeyPattern {
    private static let globCharacters: Set<Character> = ["{", "}", "*", "?"]

    /// Whether the key contains characters of the glob language.
    package static func isGlob(_ key: String) -> Bool { key.contains { globCharacters.contains($0) } }

    /// Whether the key cannot be an element of a `{a,b,c}` list.
    package static func mustStandAlone(_ key: String) -> Bool { isGlob(key) || key.contains(",") }

    /// The key with each glob character replaced by the one that matches any single character.
    package static func readable(_ key: String) -> String {
        String(key.map { globCharacters.contains($0) ? "?" : $0 })
    }

    /// ClickHouse refuses keys with empty segments (code 36, `Invalid S3 key`), and no pattern reaches them.
    package static func isUnreadable(_ key: String) -> Bool { key.contains("//") || key.hasPrefix("/") }

    /// Percent-encodes everything but unreserved characters and `/`.
    package static func encoded(_ key: String) -> String {
        var result: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in key.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"), UInt8(ascii: "/"):
                result.append(byte)
            default:
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
