public import FoundationEssentials

/// What a token proved about its bearer.
public struct VerifiedToken: Sendable {
    /// The claim `sub`, where the token has one.
    public var subject: String?
    /// From here on the same token is refused.
    public var expiresAt: Date
    /// The values of ``TokenTrust/fixedParameters``, by parameter name. They win over anything the caller sends.
    public var parameters: [String: ParameterValue]
    /// Text that is equal exactly for tokens with equal `parameters`: part of the key of every cached result.
    public var scope: String

    public init(subject: String?, expiresAt: Date, parameters: [String: ParameterValue], scope: String) {
        self.subject = subject
        self.expiresAt = expiresAt
        self.parameters = parameters
        self.scope = scope
    }
}
