private import Crypto
private import FoundationEssentials
public import PipeCore

/// Seals the secrets of pipes with AES-256-GCM.
///
/// A sealed blob is one version byte, the random 12-byte nonce, the ciphertext and the 16-byte tag. The pipe's id is
/// authenticated with it: a blob moved to another pipe does not open.
public struct SecretSealer: Sendable, CustomStringConvertible, CustomReflectable {
    private static let version: UInt8 = 1
    private let key: SymmetricKey

    init(bytes: [UInt8]) throws(CatalogError) {
        guard bytes.count == 32 else {
            throw CatalogError(.unusableKey, "The sealing key must have 32 bytes, has \(bytes.count)")
        }
        key = SymmetricKey(data: bytes)
    }

    /// - Parameter base64: 32 bytes as base64, from the environment; blanks around it are ignored.
    public init(base64: String) throws(CatalogError) {
        let text = base64.filter { !$0.isWhitespace }
        guard let data = Data(base64Encoded: text) else {
            throw CatalogError(
                .unusableKey, "The sealing key is not base64 text; make one with: head -c 32 /dev/urandom | base64")
        }
        try self.init(bytes: Array(data))
    }

    /// The key in `file`, which is made with a random key and mode 0600 when it does not exist.
    ///
    /// The file holds base64 text. One that others may read is refused.
    public static func loadOrCreate(file: String) throws(CatalogError) -> SecretSealer {
        if let text = try KeyFile.read(file) { return try SecretSealer(named: file, text) }
        let fresh = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0).base64EncodedString() }
        try KeyFile.create(file, contents: fresh + "\n")
        guard let text = try KeyFile.read(file) else {
            throw CatalogError(.unusableKey, "The sealing key file \(file) vanished while it was made")
        }
        return try SecretSealer(named: file, text)
    }

    private init(named file: String, _ text: String) throws(CatalogError) {
        do {
            try self.init(base64: text)
        } catch {
            throw CatalogError(error.code, "\(file): \(error.message)")
        }
    }

    func seal(_ plain: [UInt8], context: String) throws -> [UInt8] {
        let box = try AES.GCM.seal(plain, using: key, authenticating: Array(context.utf8))
        guard let combined = box.combined else { throw CatalogError(.damaged, "AES-GCM gave no combined form") }
        return [Self.version] + combined
    }

    func open(_ sealed: [UInt8], context: String) throws(CatalogError) -> [UInt8] {
        guard sealed.first == Self.version else {
            throw CatalogError(.damaged, "The sealed form \(sealed.first.map(String.init) ?? "(empty)") is not known to this build")
        }
        do {
            let box = try AES.GCM.SealedBox(combined: sealed.dropFirst())
            return Array(try AES.GCM.open(box, using: key, authenticating: Array(context.utf8)))
        } catch {
            throw CatalogError(
                .wrongKey, "Stored secrets do not open with this sealing key; start with the key that sealed them")
        }
    }

    /// The secrets of `pipe` in sealed form; different each time.
    public func seal(_ secrets: JSONValue, of pipe: PipeID) throws -> [UInt8] {
        try seal(JSONText.encode(secrets), context: Self.context(pipe))
    }

    /// Throws ``CatalogError`` with the code `wrongKey` when the key, the pipe or the blob is another.
    public func open(_ sealed: [UInt8], of pipe: PipeID) throws -> JSONValue {
        let plain = try open(sealed, context: Self.context(pipe))
        do {
            return try JSONText.decode(from: plain)
        } catch {
            throw CatalogError(.damaged, "The secrets of pipe \(pipe) are not JSON")
        }
    }

    /// A secret of its own for `purpose`: 43 characters of base64url, 256 bits.
    ///
    /// Made from the sealing key by HKDF-SHA256 (RFC 5869) with `purpose` as the info. Restarts and every node with the same key
    /// agree on it without storing it; it tells nothing of the key or of the secret of another purpose.
    public func derive(_ purpose: String) -> String {
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, salt: Data("penstock derived secret".utf8), info: Data(purpose.utf8), outputByteCount: 32)
        return derived.withUnsafeBytes { Data($0).base64EncodedString() }
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func context(_ pipe: PipeID) -> String { "penstock/pipe/\(pipe.rawValue)" }

    public var description: String { "SecretSealer(AES-256-GCM)" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
