/// What a client tells besides messages.
enum KafkaEvent: Sendable {
    case assigned([TopicPartition])
    /// `isLost`: the group has given them to others already.
    case revoked([TopicPartition], isLost: Bool)
    case fault(KafkaFault, isFatal: Bool)
    /// A commit came to its end.
    case committed(KafkaFault?)
    /// A token is wanted for SASL OAUTHBEARER.
    case tokenWanted
    case other
}

/// An offset that a group remembers.
package struct CommittedOffset: Hashable, Sendable {
    package var offset: Int64
    /// Of the position that was committed; 0 where somebody else committed.
    package var epoch: Int

    package init(offset: Int64, epoch: Int = 0) {
        self.offset = offset
        self.epoch = epoch
    }

    private static let mark = "penstock:"

    /// What is stored beside the offset.
    var metadata: String { Self.mark + String(epoch) }

    init(offset: Int64, metadata: String) {
        self.offset = offset
        epoch = metadata.hasPrefix(Self.mark) ? Int(metadata.dropFirst(Self.mark.count)) ?? 0 : 0
    }
}
