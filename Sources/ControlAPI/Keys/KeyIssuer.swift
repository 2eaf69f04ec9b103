public import Catalog
public import FoundationEssentials

/// Makes API keys.
public enum KeyIssuer {
    /// A new key in the clear: shown once, never stored.
    public struct IssuedKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
        /// 20 characters, letters and digits.
        public let keyID: String
        /// 43 characters, letters and digits: 256 bits.
        public let keySecret: String

        public var description: String { "API key \(keyID)" }
        public var debugDescription: String { description }

        /// What is stored of the key. `roles` are the contract's short names: `admin`, `developer`, `query_endpoints`.
        public func record(name: String, roles: [String] = [], assignedRoleIDs: [String] = [], createdAt: Date) -> KeyRecord {
            KeyRecord(
                id: UUID().uuidString.lowercased(), name: name, keyIDHash: Digest.of(keyID), keySuffix: String(keyID.suffix(4)),
                secretHash: Digest.of(keySecret), roles: roles, assignedRoleIDs: assignedRoleIDs, createdAt: createdAt)
        }
    }

    /// A fresh key from the system's secure random numbers.
    public static func issue() -> IssuedKey { IssuedKey(keyID: random(20), keySecret: secret()) }

    /// 43 letters and digits: 256 bits.
    package static func secret() -> String { random(43) }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")

    private static func random(_ count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return String((0..<count).map { _ in alphabet[Int.random(in: alphabet.indices, using: &generator)] })
    }
}
