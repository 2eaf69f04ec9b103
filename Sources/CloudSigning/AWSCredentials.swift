/// An AWS access key, permanent or temporary.
public struct AWSCredentials: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    public var accessKeyID: String
    public var secretKey: String
    /// Present for temporary credentials.
    public var sessionToken: String?

    public init(accessKeyID: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }

    public var description: String { "AWSCredentials(\(accessKeyID.prefix(4))…)" }
    public var debugDescription: String { description }
}
