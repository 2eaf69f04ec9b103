private import Crypto
private import FoundationEssentials

/// SHA-256 of key ids and secrets, as `hashData` of the contract has it: base64 of the 32 bytes.
package enum Digest {
    package static func of(_ text: String) -> String {
        Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString()
    }

    /// Compares in a time that depends on the lengths only.
    package static func equal(_ left: String, _ right: String) -> Bool {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
