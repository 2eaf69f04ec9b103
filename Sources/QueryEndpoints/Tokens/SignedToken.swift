internal import PipeCore

/// The three parts of a token in compact form (RFC 7515, 7.1), decoded and not yet believed.
struct SignedToken {
    var algorithm: String
    var keyID: String?
    /// Header and payload as they were signed.
    var signedText: [UInt8]
    var payload: [UInt8]
    var signature: [UInt8]

    /// Far above the tokens of common issuers, far below what costs time to read.
    static let maximumBytes = 16 * 1024

    init(_ text: String) throws(TokenRefusal) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumBytes else { throw .malformed }
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2]), !signature.isEmpty
        else { throw .malformed }
        guard let document = try? JSONText.decode(JSONValue.self, from: header), let algorithm = document["alg"]?.string else {
            throw .malformed
        }
        // Extensions that change how a signature is computed name themselves in `crit`; none is understood here.
        guard document["crit"] == nil, document["b64"] == nil else { throw .malformed }
        switch document["kid"] {
        case nil: keyID = nil
        case .string(let name)?: keyID = name
        default: throw .malformed
        }
        self.algorithm = algorithm
        self.payload = payload
        self.signature = signature
        signedText = Array(bytes[..<parts[1].endIndex])
    }
}
