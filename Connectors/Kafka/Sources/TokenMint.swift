import PipeCore

/// Makes tokens for SASL OAUTHBEARER.
package protocol TokenMint: Sendable {
    /// A token that is good for some time. Throws ``PipeError``.
    func token() async throws -> KafkaToken
}
