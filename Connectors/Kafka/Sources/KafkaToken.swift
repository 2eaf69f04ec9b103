import PipeCore

/// A token for SASL OAUTHBEARER.
package struct KafkaToken: Hashable, Sendable, Confidential {
    package var value: String
    /// When it ends, in milliseconds since 1970.
    package var endMilliseconds: Int64
    package var principal: String
}
